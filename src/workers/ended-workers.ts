import { mergeHistograms } from '../observe/metrics/histogram.ts';
import { mergeTraffic } from '../observe/metrics/traffic.ts';
import type { FrontStatus } from '../serve/front.ts';

/** A worker that answered, and what it told. */
export interface WorkerAnswer {
  readonly pid: number;
  readonly value: FrontStatus;
}

/**
 * Keeps what workers that are gone had counted when they were last asked, so that the counters of all together never go back:
 * to who computes rates from them, half of a counter that is gone looks like a start, and the rest like a burst.
 */
export class EndedWorkers {
  readonly #told = new Map<number, FrontStatus>();
  /** Of all that are gone together. */
  #ended: FrontStatus | undefined;

  /**
   * @param answers of those that answered.
   * @param running the processes that run; one of them that did not answer is busy, and counts as it did last.
   * @returns what those have counted that did not answer.
   */
  take(answers: readonly WorkerAnswer[], running: readonly number[]): readonly FrontStatus[] {
    for (const { pid, value } of answers) this.#told.set(pid, value);
    const answered = new Set(answers.map(({ pid }) => pid));
    for (const [pid, told] of this.#told) {
      if (running.includes(pid) || answered.has(pid)) continue;
      this.#told.delete(pid);
      this.#ended = this.#ended === undefined ? told : withCountsOf(told, this.#ended);
    }
    const silent = running.filter((pid) => !answered.has(pid)).flatMap((pid) => this.#told.get(pid) ?? []);
    return this.#ended === undefined ? silent : [this.#ended, ...silent];
  }
}

/** A status with what `other` counted added to it. What holds at a moment, as the size of a cache, stays as it is. */
export function withCountsOf(status: FrontStatus, other: FrontStatus): FrontStatus {
  const { queries, cache, forwarder } = status;
  return {
    ...status,
    queries: { ...queries, queries: queries.queries + other.queries.queries },
    traffic: mergeTraffic([status.traffic, other.traffic]),
    loopDelay: mergeHistograms([status.loopDelay, other.loopDelay]),
    cache: {
      ...cache,
      hits: cache.hits + other.cache.hits,
      misses: cache.misses + other.cache.misses,
      evictions: cache.evictions + other.cache.evictions,
    },
    forwarder: {
      ...forwarder,
      questions: forwarder.questions + other.forwarder.questions,
      failures: forwarder.failures + other.forwarder.failures,
      upstreams: forwarder.upstreams.map((upstream) => {
        const same = other.forwarder.upstreams.find(
          ({ label, role }) => label === upstream.label && role === upstream.role,
        );
        if (same === undefined) return upstream;
        return {
          ...upstream,
          asked: upstream.asked + same.asked,
          answered: upstream.answered + same.answered,
          failed: upstream.failed + same.failed,
          durations: mergeHistograms([upstream.durations, same.durations]),
        };
      }),
    },
  };
}
