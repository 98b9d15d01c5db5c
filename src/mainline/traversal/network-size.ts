import { copyOf, latin1 } from '../wire/bytes.ts';
import { K } from './closest.ts';

/** Maximum number of targets with an estimate. */
const MAX_ESTIMATES = 16;
/**
 * If the 20 closest nodes are within this fraction of the distance in which 20 are expected, chance does not explain it. For
 * random ids that happens once in some thousand times.
 */
const ODD = 0.4;

/**
 * Estimates the number of nodes in the network from the distances of the 20 closest nodes to several targets, as Rust mainline
 * does. It takes the median, so that a crowd around one target does not change it.
 */
export class NetworkSize {
  /** Estimates by target, the oldest first. */
  readonly #estimates = new Map<string, number>();

  /** Adds the distances of the 20 closest nodes to `target`, as fractions of the id space, in ascending order. Fewer are ignored. */
  observe(target: Uint8Array, distances: readonly number[]): void {
    if (distances.length < K) return;
    const name = latin1(target);
    this.#estimates.delete(name);
    this.#estimates.set(name, estimate(distances.slice(0, K)));
    for (const oldest of this.#estimates.keys()) {
      if (this.#estimates.size <= MAX_ESTIMATES) break;
      this.#estimates.delete(oldest);
    }
  }

  /**
   * The distance from `target` within which all nodes are asked, whatever their number. 0 while there is no estimate from
   * another target.
   */
  reach(target: Uint8Array): number {
    const nodes = this.#elsewhere(target);
    return nodes === undefined ? 0 : Math.min(1, (ODD * K) / nodes);
  }

  /**
   * The number of nodes, judged around other targets than `target`, where nobody has a reason to place nodes; around `target`
   * itself where there are no others. Undefined before anything was measured.
   */
  estimate(target: Uint8Array): number | undefined {
    return this.#elsewhere(target) ?? this.#estimates.get(latin1(target));
  }

  #elsewhere(target: Uint8Array): number | undefined {
    const own = latin1(target);
    const others = [...this.#estimates].flatMap(([name, size]) => (name === own ? [] : [size]));
    return others.sort((one, other) => one - other)[others.length >> 1];
  }
}

/**
 * Targets at about the distance `reach` from `target` (20 bytes), each of which differs from it in another bit. The nodes of a
 * crowd around `target` do not name the nodes there, so these have to be searched for.
 */
export function targetsAround(target: Uint8Array, reach: number): readonly Uint8Array[] {
  const middle = Math.floor(-Math.log2(reach));
  return [middle - 1, middle, middle + 1].flatMap((bit) => {
    if (bit < 0 || bit >= target.length * 8) return [];
    const around = copyOf(target);
    around[bit >> 3] = (around[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
    return [around];
  });
}

/** Of n nodes the i-th closest is expected at i / n. This is the n that fits the distances best, by least squares. */
function estimate(distances: readonly number[]): number {
  const squares = distances.reduce((sum, _, index) => sum + (index + 1) ** 2, 0);
  const products = distances.reduce((sum, distance, index) => sum + (index + 1) * distance, 0);
  return squares / products;
}
