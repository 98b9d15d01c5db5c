import { K } from '../mainline/traversal/closest.ts';
import type { NodeContact } from '../mainline/wire/compact-nodes.ts';

/** Bits of an id. */
const BITS = 160;

/** A node and the others that it knows. */
export interface Beginning {
  readonly id: Uint8Array;
  readonly table: readonly NodeContact[];
}

/**
 * For each node of a network the others that it has in its table (BEP 5): of those that share just so many first bits with its id
 * 20, and all of those that are so near that they are 20 at most. Which 20 it is differs from node to node.
 */
export function tablesOf(nodes: readonly NodeContact[]): readonly Beginning[] {
  const sorted = [...nodes].sort((one, other) => Buffer.compare(one.id, other.id));
  return nodes.map((node, index) => {
    const table: NodeContact[] = [];
    // The nodes from `low` up to `high` share the first `bit` bits with this one.
    let [low, high] = [0, sorted.length];
    for (let bit = 0; bit < BITS && high - low > K + 1; bit++) {
      const middle = firstWith(sorted, bit, low, high);
      const isUpper = bitOf(node.id, bit) === 1;
      table.push(...(isUpper ? some(sorted, low, middle, index) : some(sorted, middle, high, index)));
      if (isUpper) low = middle;
      else high = middle;
    }
    table.push(...sorted.slice(low, high).filter((other) => other !== node));
    return { id: node.id, table };
  });
}

/** Where the nodes begin whose bit is 1, among sorted nodes that share all bits before it. */
function firstWith(sorted: readonly NodeContact[], bit: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const id = sorted[middle]?.id;
    if (id !== undefined && bitOf(id, bit) === 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** At most 20 of the nodes from `low` up to `high`, spread evenly from the `turn`-th on. */
function some(
  sorted: readonly NodeContact[],
  low: number,
  high: number,
  turn: number,
): readonly NodeContact[] {
  const count = high - low;
  if (count <= K) return sorted.slice(low, high);
  return Array.from({ length: K }, (_, index) => {
    const at = (turn + Math.floor((index * count) / K)) % count;
    return sorted[low + at] as NodeContact;
  });
}

function bitOf(id: Uint8Array, bit: number): number {
  return ((id[bit >> 3] as number) >> (7 - (bit & 7))) & 1;
}
