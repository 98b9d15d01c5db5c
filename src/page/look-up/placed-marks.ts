import type { Asked } from './step.ts';

/** Bits above which all nodes are at the right edge: ids of twenty million nodes share about 24 with the nearest. */
const MOST_BITS = 28;
/** The least bits of the axis. */
const LEAST_BITS = 8;
/** The middles of columns, in percent of the width: of those without an answer, of the farthest nodes, and of what is at the right. */
export const NO_ANSWER = 4;
const FIRST_BIT = 15;
const RIGHT = 97;
/** Where there are relays, the nodes end here. */
const BEFORE_RELAYS = 87;

/** What somebody holds: the packet that is shown, another one, or nothing that is known. */
export type MarkKind = 'has' | 'other' | 'none';

/** Where somebody who was asked is drawn. */
export interface PlacedMark {
  /** The middle of the column, in percent of the width. */
  readonly x: number;
  /** How many stand below it in its column. */
  readonly row: number;
  readonly kind: MarkKind;
}

/** The marks, and the axis that they stand on. */
export interface PlacedMarks {
  readonly marks: readonly PlacedMark[];
  /** The bits at the right end of the nodes, which is at `lastBitAt` percent of the width. */
  readonly mostBits: number;
  readonly lastBitAt: number;
  readonly hasRelays: boolean;
  /** How many stand in the highest column. */
  readonly highest: number;
}

/**
 * Places those that were asked by how near they are to the key alone; in a column, those that hold the packet stand below the others.
 */
export function placedMarks(asked: readonly Asked[], newest: string | undefined): PlacedMarks {
  const hasRelays = asked.some(({ who }) => who === 'relay');
  const lastBitAt = hasRelays ? BEFORE_RELAYS : RIGHT;
  const nearest = Math.max(LEAST_BITS, ...asked.map(({ sharedBits = 0 }) => sharedBits));
  const mostBits = Math.min(MOST_BITS, nearest);
  const xOf = ({ who, sharedBits }: Asked): number => {
    if (who === 'relay') return RIGHT;
    if (sharedBits === undefined) return NO_ANSWER;
    return FIRST_BIT + (lastBitAt - FIRST_BIT) * Math.min(1, sharedBits / mostBits);
  };
  const heights = new Map<number, number>();
  const marks = order.flatMap((kind) =>
    asked
      .filter((one) => kindOf(one, newest) === kind)
      .map((one) => {
        const x = Math.round(10 * xOf(one)) / 10;
        const row = heights.get(x) ?? 0;
        heights.set(x, row + 1);
        return { x, row, kind };
      }),
  );
  return { marks, mostBits, lastBitAt, hasRelays, highest: Math.max(1, ...heights.values()) };
}

/** From the ground upwards. */
const order: readonly MarkKind[] = ['has', 'other', 'none'];

function kindOf({ timestamp }: Asked, newest: string | undefined): MarkKind {
  if (timestamp === undefined) return 'none';
  return newest === undefined || timestamp === newest ? 'has' : 'other';
}
