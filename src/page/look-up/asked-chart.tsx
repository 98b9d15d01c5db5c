import { type PlacedMark, placedMarks } from './placed-marks.ts';
import type { Asked } from './step.ts';

/** Pixels: the height of the drawing, and the line that the lowest dots stand on. */
const HEIGHT = 180;
const GROUND = 153;
/** Pixels between the middles of two dots, if there is room, and from the ground to the lowest one. */
const STEP = 11;
const LOWEST = 8;

/**
 * A dot for each that was asked, in columns: the nearer a node is to the key, the further to the right, and all that are equally
 * near stand on top of each other. Those that did not answer have a column of their own, and so have relays. The table below it says
 * the same.
 */
export function AskedChart({
  asked,
  newest,
}: {
  readonly asked: readonly Asked[];
  readonly newest: string | undefined;
}) {
  const { marks, mostBits, lastBitAt, hasRelays, highest } = placedMarks(asked, newest);
  const holders = marks.filter(({ kind }) => kind === 'has').length;
  const label = `Who was asked, by how near they are to the key: ${holders} of ${asked.length} hold the packet.`;
  const step = Math.min(STEP, (GROUND - 2 * LOWEST) / Math.max(1, highest - 1));
  return (
    <figure class="asked">
      <svg role="img" aria-label={label} width="100%" height={HEIGHT}>
        <title>{label}</title>
        <line x1="0" x2="100%" y1={GROUND} y2={GROUND} />
        <g class="axis">
          <text x="8" y="173">
            no answer
          </text>
          <text x={`${hasRelays ? lastBitAt : 99}%`} y="173" text-anchor="end">
            {`near the key: ${mostBits} bits`}
          </text>
          {hasRelays ? (
            <text x="99%" y="18" text-anchor="end">
              relays
            </text>
          ) : null}
        </g>
        {marks.map((mark) => (
          <Mark {...mark} y={Math.round(10 * (GROUND - LOWEST - mark.row * step)) / 10} />
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

/** A disc, a square, or a ring: no colour is needed to tell them apart. */
function Mark({ x, y, kind }: PlacedMark & { readonly y: number }) {
  if (kind !== 'other')
    return <circle class={`mark-${kind}`} cx={`${x}%`} cy={y} r={kind === 'none' ? 4 : 5} />;
  return <rect class="mark-other" x={`${x}%`} y={y} width="9" height="9" transform="translate(-4.5 -4.5)" />;
}
