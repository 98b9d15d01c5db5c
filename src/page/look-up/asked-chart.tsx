import { millisecondsText } from '../parts/format.ts';
import type { Asked } from './step.ts';

/** Bits above which all nodes are at the upper edge: ids of twenty million nodes share about 24 with the nearest. */
const MOST_BITS = 28;
/** The least width of the axis of time, in milliseconds. */
const LEAST_MS = 50;

/**
 * A dot for each answer: the later, the further to the right; the nearer its node is to the key, the higher. The table below it
 * says the same.
 */
export function AskedChart({
  asked,
  newest,
  endMs,
}: {
  readonly asked: readonly Asked[];
  readonly newest: string | undefined;
  readonly endMs: number | undefined;
}) {
  const last = Math.max(LEAST_MS, endMs ?? 0, ...asked.map(({ atMs }) => atMs));
  const most = Math.min(MOST_BITS, Math.max(8, ...asked.map(({ sharedBits = 0 }) => sharedBits)));
  const holders = asked.filter((one) => one.timestamp !== undefined && one.timestamp === newest).length;
  const label = `Answers over ${millisecondsText(last)}, from far below to near above: ${holders} of ${asked.length} hold the packet.`;
  const marks = placed(
    asked.map((one) => ({
      x: percent(LEFT, RIGHT, one.atMs / last),
      y: percent(82, 12, Math.min(1, (one.sharedBits ?? 0) / most)),
      kind: kindOf(one, newest),
    })),
  );
  return (
    <figure class="asked">
      <svg role="img" aria-label={label} width="100%" height="180">
        <title>{label}</title>
        <line x1="0" x2="100%" y1="157" y2="157" />
        <g class="axis">
          <text x="8" y="18">
            near the key
          </text>
          <text x="8" y="150">
            far
          </text>
          <text x="8" y="173">
            0 ms
          </text>
          <text x="99%" y="173" text-anchor="end">
            {millisecondsText(last)}
          </text>
        </g>
        {marks.map((mark) => (
          <Mark {...mark} />
        ))}
      </svg>
      <figcaption class="small">
        <span>
          <i class="key has" /> holds it
        </span>
        <span>
          <i class="key other" /> another one
        </span>
        <span>
          <i class="key none" /> nothing, or no answer
        </span>
      </figcaption>
    </figure>
  );
}

type Kind = 'has' | 'other' | 'none';

/** Where an answer is drawn, in percent of the chart, and how. */
interface PlacedMark {
  readonly x: number;
  readonly y: number;
  readonly kind: Kind;
}

/** A disc, a square, or a ring: no colour is needed to tell them apart. */
function Mark({ x, y, kind }: PlacedMark) {
  if (kind !== 'other')
    return <circle class={`mark-${kind}`} cx={`${x}%`} cy={`${y}%`} r={kind === 'none' ? 4 : 5} />;
  return (
    <rect class="mark-other" x={`${x}%`} y={`${y}%`} width="9" height="9" transform="translate(-4.5 -4.5)" />
  );
}

/** The edges, and how far apart marks at one height are at least, in percent of the width. */
const LEFT = 12;
const RIGHT = 97;
const APART = 1.5;

/** Moves marks that would hide another to the side, in the order of the answers: those that are there stay where they are. */
function placed(marks: readonly PlacedMark[]): readonly PlacedMark[] {
  const taken: PlacedMark[] = [];
  for (const mark of marks) {
    const isFree = (x: number) =>
      !taken.some((one) => Math.abs(one.y - mark.y) < 5 && Math.abs(one.x - x) < APART);
    const places = Array.from(
      { length: 60 },
      (_, index) => mark.x + (index % 2 === 0 ? 1 : -1) * Math.ceil(index / 2) * APART,
    );
    const x = places.find((place) => place >= LEFT && place <= RIGHT && isFree(place)) ?? mark.x;
    taken.push({ ...mark, x: Math.round(10 * x) / 10 });
  }
  return taken;
}

function kindOf({ timestamp }: Asked, newest: string | undefined): Kind {
  if (timestamp === undefined) return 'none';
  return newest === undefined || timestamp === newest ? 'has' : 'other';
}

function percent(from: number, to: number, share: number): number {
  return Math.round(10 * (from + (to - from) * share)) / 10;
}
