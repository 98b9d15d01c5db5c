import { copyOf, latin1 } from '../wire/bytes.ts';
import { K } from './closest.ts';

/** Targets whose estimates are remembered. */
const MAX_ESTIMATES = 16;
/**
 * How near the 20 closest nodes may be before that is odd: a part of the distance in which 20 are expected. Where nodes stand
 * by chance, 20 within 0.4 of it happen once in some thousand times.
 */
const ODD = 0.4;

/**
 * How many nodes the network has, estimated from how far away the 20 closest to some targets are, as Rust mainline does it.
 * The median of several targets counts, so that nodes that crowd around one of them change nothing.
 */
export class NetworkSize {
  /** By target; the oldest first. */
  readonly #estimates = new Map<string, number>();

  /** Notes the distances of the 20 closest nodes to `target`, as parts of all ids, in rising order. Fewer say nothing. */
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
   * The distance from `target` within which all nodes are asked, however many there are. 0 while no other target has told how
   * large the network is.
   */
  reach(target: Uint8Array): number {
    const own = latin1(target);
    const others = [...this.#estimates].flatMap(([name, size]) => (name === own ? [] : [size]));
    const median = others.sort((one, other) => one - other)[others.length >> 1];
    return median === undefined ? 0 : Math.min(1, (ODD * K) / median);
  }
}

/**
 * Targets at about the distance `reach` of a target (20 bytes), each in another direction: of the nodes around them nobody
 * hears who asks for the target while others crowd around that. They differ from it in one bit.
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

/** Of n nodes the i-th closest is expected at i / n: the n that fits the distances best, in the sense of least squares. */
function estimate(distances: readonly number[]): number {
  const squares = distances.reduce((sum, _, index) => sum + (index + 1) ** 2, 0);
  const products = distances.reduce((sum, distance, index) => sum + (index + 1) * distance, 0);
  return squares / products;
}
