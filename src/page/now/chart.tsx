import { duration } from '../../observe/duration.ts';

/** The size of a chart in its own units: one horizontal unit for each second. */
const HEIGHT = 40;

/** One value of a chart; absent where nothing was measured. */
export interface ChartPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number | undefined;
}

/**
 * A line over the last seconds, the newest at the right. It is a picture with a text in its place, and what it shows stands beside
 * it as numbers.
 *
 * @param props `end`: milliseconds since 1970 at the right edge. `least`: the value of the upper edge, unless a point is above.
 * `textOf`: a value as text, for the upper edge.
 */
export function Chart({
  label,
  points,
  seconds,
  end,
  least,
  textOf,
}: {
  readonly label: string;
  readonly points: readonly ChartPoint[];
  readonly seconds: number;
  readonly end: number;
  readonly least: number;
  readonly textOf: (value: number) => string;
}) {
  const top = Math.max(least, ...points.map(({ value = 0 }) => value));
  const lines = runsOf(points, end - 1000 * seconds).map((run) =>
    run.map(({ at, value }) => [
      round(seconds - (end - at) / 1000),
      round(HEIGHT - 1 - ((HEIGHT - 2) * value) / top),
    ]),
  );
  return (
    <figure class="chart">
      <svg role="img" aria-label={label} viewBox={`0 0 ${seconds} ${HEIGHT}`} preserveAspectRatio="none">
        <title>{label}</title>
        {lines.map((line) => (
          <>
            <polygon
              class="area"
              points={[[line[0]?.[0], HEIGHT], ...line, [line.at(-1)?.[0], HEIGHT]].join(' ')}
            />
            {/* A point alone is a line to itself: its round ends are a dot. */}
            <polyline class="line" points={[...line, ...line.slice(-1)].join(' ')} />
          </>
        ))}
      </svg>
      <figcaption class="axis" aria-hidden="true">
        <span class="top">{textOf(top)}</span>
        <span>{duration(seconds)} ago</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

interface Measured {
  readonly at: number;
  readonly value: number;
}

/** Runs of points without a gap, from `start` on. */
function runsOf(points: readonly ChartPoint[], start: number): readonly (readonly Measured[])[] {
  const runs: Measured[][] = [];
  let run: Measured[] = [];
  for (const { at, value } of points) {
    if (value === undefined || at < start) run = [];
    else if (run.push({ at, value }) === 1) runs.push(run);
  }
  return runs;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
