import type { AnswerSource } from '../../observe/metrics/traffic.ts';
import type { Figures } from './figures.ts';

/** Seconds that the charts show, a point for each. */
export const HISTORY_SECONDS = 120;
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
  /** Of all answers. */
  readonly percentiles?: Percentiles;
  /** By where they came from, from near to far: all that there are. */
  readonly sources: readonly SourceFigures[];
}

/** Answers of one source. */
export interface SourceFigures {
  readonly source: AnswerSource;
  readonly answers: number;
  /** Absent without answers. */
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

/** A view after another event: what a page does with what it is told. Pure. */
export function withEvent(view: NowView, { figures, recent, point }: NowEvent): NowView {
  const points = view.points.filter(({ at }) => isWithin(at, figures.at, HISTORY_SECONDS));
  return { figures, recent, points: point === undefined ? points : [...points, point] };
}

/** Whether a time is one of the seconds before `end`. It bounds how many are kept: figures come at most once a second, unless the clock was set. */
export function isWithin(at: number, end: number, seconds: number): boolean {
  return at < end && end - at <= 1000 * seconds;
}
