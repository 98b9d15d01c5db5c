import type { Durations, Figures } from './figures.ts';

/** Seconds that the charts show, a point for each. */
export const HISTORY_SECONDS = 120;
/** Seconds that the percentiles are of. */
const RECENT_SECONDS = 60;

/** What one second was like. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Queries a second. */
  readonly rate: number;
  /** The share of answers that the cache had, 0 to 1; absent without any. */
  readonly hitShare?: number;
  /** Milliseconds within which half of the answers came; absent without any. */
  readonly medianMs?: number;
}

/** The last minute in numbers, or the time since the start when that is all there is. */
export interface Recent {
  readonly seconds: number;
  readonly rate: number;
  readonly hitShare?: number;
  readonly percentiles?: Percentiles;
}

/** Milliseconds within which so many in a hundred answers came. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What the section shows: the figures, what the last minute was like, and the points of the charts. */
export interface NowView {
  readonly figures: Figures;
  readonly recent: Recent;
  readonly points: readonly Point[];
}

/** What a page is told once a second. */
export interface NowEvent {
  readonly figures: Figures;
  readonly recent: Recent;
  /** Absent when there is nothing before it to compare with. */
  readonly point?: Point;
}

/** The figures of the last minutes, from which rates are made. */
export class History {
  #figures: Figures[] = [];
  #points: Point[] = [];

  /** Adds figures that are newer than those before. @returns what a page is to be told. */
  add(figures: Figures): NowEvent {
    const before = this.#figures.at(-1);
    const point = before && pointOf(before, figures);
    const { at } = figures;
    this.#figures = [...this.#figures.filter((one) => isWithin(one.at, at, RECENT_SECONDS)), figures];
    const points = this.#points.filter((one) => isWithin(one.at, at, HISTORY_SECONDS));
    this.#points = point === undefined ? points : [...points, point];
    return { figures, recent: this.#recent(figures), ...(point !== undefined && { point }) };
  }

  /** What a page is shown at first; undefined before the first figures. */
  view(): NowView | undefined {
    const figures = this.#figures.at(-1);
    return figures && { figures, recent: this.#recent(figures), points: this.#points };
  }

  #recent(figures: Figures): Recent {
    const [first] = this.#figures;
    const base = first === undefined || first === figures ? undefined : first;
    const seconds = base === undefined ? figures.uptimeSeconds : (figures.at - base.at) / 1000;
    const hitShare = hitShareOf(base, figures);
    const percentiles = figures.durations && percentilesOf(difference(base?.durations, figures.durations));
    return {
      seconds,
      rate: seconds > 0 ? gain(base?.queries, figures.queries) / seconds : 0,
      ...(hitShare !== undefined && { hitShare }),
      ...(percentiles !== undefined && { percentiles }),
    };
  }
}

/** A view after another event: what a page does with what it is told. Pure. */
export function withEvent(view: NowView, { figures, recent, point }: NowEvent): NowView {
  const points = view.points.filter(({ at }) => isWithin(at, figures.at, HISTORY_SECONDS));
  return { figures, recent, points: point === undefined ? points : [...points, point] };
}

/** Also bounds how many there are: figures come at most once a second, unless the clock was set. */
function isWithin(at: number, end: number, seconds: number): boolean {
  return at < end && end - at <= 1000 * seconds;
}

function pointOf(before: Figures, after: Figures): Point | undefined {
  const seconds = (after.at - before.at) / 1000;
  if (seconds <= 0) return undefined;
  const hitShare = hitShareOf(before, after);
  const medianMs = after.durations && percentilesOf(difference(before.durations, after.durations))?.p50;
  return {
    at: after.at,
    rate: gain(before.queries, after.queries) / seconds,
    ...(hitShare !== undefined && { hitShare }),
    ...(medianMs !== undefined && { medianMs }),
  };
}

function hitShareOf(before: Figures | undefined, { cache }: Figures): number | undefined {
  const hits = gain(before?.cache.hits, cache.hits);
  const all = hits + gain(before?.cache.misses, cache.misses);
  return all === 0 ? undefined : hits / all;
}

/** A counter that is smaller than before belongs to a process that took the place of another. */
function gain(before = 0, after = 0): number {
  return Math.max(0, after - before);
}

function difference(before: Durations | undefined, after: Durations): Durations {
  return { ...after, counts: after.counts.map((count, index) => gain(before?.counts[index], count)) };
}

/** Percentiles of a histogram, linear inside each of its buckets; undefined when it is empty. */
function percentilesOf({ bounds, counts }: Durations): Percentiles | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  const at = (share: number) => {
    let left = share * all;
    for (const [index, count] of counts.entries()) {
      const lower = bounds[index - 1] ?? 0;
      // Beyond the last bound nothing better than the bound is known.
      const upper = bounds[index] ?? lower;
      if (left <= count && count > 0) return 1000 * (lower + (left / count) * (upper - lower));
      left -= count;
    }
    return 1000 * (bounds.at(-1) ?? 0);
  };
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
