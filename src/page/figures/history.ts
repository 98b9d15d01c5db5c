import {
  countOf,
  emptyHistogram,
  type HistogramSnapshot,
  histogramSince,
  mergeHistograms,
  quantile,
} from '../../observe/metrics/histogram.ts';
import { answerSources } from '../../observe/metrics/traffic.ts';
import type { Figures } from './figures.ts';
import {
  HISTORY_SECONDS,
  isWithin,
  type NowEvent,
  type NowView,
  type Percentiles,
  type Point,
  type Recent,
  type SourceFigures,
} from './now-view.ts';

/** Seconds that the percentiles are of. */
const RECENT_SECONDS = 60;

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
    const durations = durationsSince(base, figures);
    const percentiles = percentilesOf(mergeHistograms(durations.map(({ histogram }) => histogram)));
    return {
      seconds,
      rate: seconds > 0 ? gain(base?.queries, figures.queries) / seconds : 0,
      ...(hitShare !== undefined && { hitShare }),
      ...(percentiles !== undefined && { percentiles }),
      sources: durations.map(({ histogram: _, ...shown }) => shown),
    };
  }
}

function pointOf(before: Figures, after: Figures): Point | undefined {
  const seconds = (after.at - before.at) / 1000;
  if (seconds <= 0) return undefined;
  const hitShare = hitShareOf(before, after);
  const durations = durationsSince(before, after).map(({ histogram }) => histogram);
  const medianMs = percentilesOf(mergeHistograms(durations))?.p50;
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

/** What is counted of one source, to be shown and to be merged. */
interface SourceDurations extends SourceFigures {
  readonly histogram: HistogramSnapshot;
}

/** How long answers took after `before`, by where they came from. */
function durationsSince(before: Figures | undefined, { durations }: Figures): readonly SourceDurations[] {
  return answerSources.map((source) => {
    const now = durations[source] ?? emptyHistogram;
    const histogram = histogramSince(before?.durations[source] ?? emptyHistogram, now);
    const percentiles = percentilesOf(histogram);
    return {
      source,
      answers: countOf(histogram),
      histogram,
      ...(percentiles !== undefined && { percentiles }),
    };
  });
}

/** Undefined when nothing was counted. */
function percentilesOf(histogram: HistogramSnapshot): Percentiles | undefined {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => quantile(part, histogram));
  if (p50 === undefined || p90 === undefined || p99 === undefined) return undefined;
  return { p50: 1000 * p50, p90: 1000 * p90, p99: 1000 * p99 };
}
