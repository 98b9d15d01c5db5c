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
  return (
    <figure class="asked">
      <svg role="img" aria-label={label} width="100%" height="160">
        <title>{label}</title>
        {asked.map((one) => (
          <Mark
            x={`${percent(3, 97, one.atMs / last)}%`}
            y={`${percent(94, 8, Math.min(1, (one.sharedBits ?? 0) / most))}%`}
            kind={kindOf(one, newest)}
          />
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
        <span>near ↑ · 0 to {millisecondsText(last)} →</span>
      </figcaption>
    </figure>
  );
}

type Kind = 'has' | 'other' | 'none';

/** Filled, half, or a ring: no colour is needed to tell them apart. */
function Mark({ x, y, kind }: { readonly x: string; readonly y: string; readonly kind: Kind }) {
  return <circle class={`mark-${kind}`} cx={x} cy={y} r={kind === 'none' ? 3.5 : 5} />;
}

function kindOf({ timestamp }: Asked, newest: string | undefined): Kind {
  if (timestamp === undefined) return 'none';
  return newest === undefined || timestamp === newest ? 'has' : 'other';
}

function percent(from: number, to: number, share: number): number {
  return Math.round(10 * (from + (to - from) * share)) / 10;
}
