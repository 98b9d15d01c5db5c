import type { UpstreamHealth, UpstreamState } from './health.ts';

/** An upstream as one question sees it. */
export interface Candidate {
  readonly health: UpstreamHealth;
  /** Fallback upstreams are for when the others fail. */
  readonly isFallback: boolean;
  /** Whether asking again while it is silent can help. */
  readonly isLossy: boolean;
  /** How often this question was put to it. */
  readonly asked: number;
  /** It gave what it can give: a failure, or an answer that is not good. */
  readonly isSpent: boolean;
}

/**
 * Why an upstream is the one to ask.
 *
 * - `not-measured`: it was never asked.
 * - `returned`: it was dead, and a probe was answered.
 * - `measured-long-ago`: its round trip is over a minute old.
 * - `best`: the cheapest of those that are alive, the earlier in the list of equals.
 * - `late`, `dead`: nothing better is left, or it is time to see whether it is back.
 * - `again`: it was asked and is silent; a datagram may have been lost.
 */
export type SelectionReason =
  | 'not-measured'
  | 'returned'
  | 'measured-long-ago'
  | 'best'
  | 'late'
  | 'dead'
  | 'again';

export interface NextUpstream {
  /** Index into the candidates. */
  readonly index: number;
  readonly why: SelectionReason;
}

/**
 * An upstream that is not well is asked at most so often while there is a better one, in ms: a second, and what
 * keeps two from arriving within one when the first is held up on its way.
 */
export const PROBE_EVERY_MS = 1050;

/** A round trip is measured again after so long, in ms. */
const REMEASURE_AFTER_MS = 60_000;

/** How often one question is put to one upstream. */
const MAX_ASKED = 3;

/** Costs that differ by less than half and 5 ms are alike: the earlier in the list wins. */
const ALIKE_FACTOR = 1.5;
const ALIKE_MS = 5;

/**
 * The next upstream to ask, or undefined when there is none to ask now. In order: those that are owed a measurement
 * (for the first to be asked alone), those alive by cost, late ones, the fallbacks likewise, dead ones; then the
 * same again for those that were asked and are silent. Late and dead ones wait their turn of one second, except when
 * nothing is better: with all of them dead all are asked.
 */
export function nextUpstream(candidates: readonly Candidate[], now: number): NextUpstream | undefined {
  const all = overview(candidates, now);
  let best: NextUpstream | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  // This runs at every step of every question: no arrays, no closures.
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const { health, asked } = candidate;
    const state = health.state(now);
    if (candidate.isSpent || asked >= MAX_ASKED || (asked > 0 && !candidate.isLossy)) continue;
    const isDue = now - health.lastAskedAt >= PROBE_EVERY_MS;
    if (state === 'dead' && all.hasLiving && !(isDue && asked === 0)) continue;
    if (state === 'late' && all.hasWell && !isDue && asked === 0) continue;
    const why = reasonOf(candidate, state, all.isFirst, now, candidates.length);
    const rank =
      asked * 1e12 + groupOf(why, state, candidate.isFallback) * 1e9 + costRank(health, all.alikeMs);
    if (rank < bestRank) {
      bestRank = rank;
      best = { index, why };
    }
  }
  return best;
}

/** What the rank of one depends on of the others. */
interface Overview {
  /** Nobody was asked yet. */
  readonly isFirst: boolean;
  /** An upstream that is no fallback is alive or new. */
  readonly hasWell: boolean;
  /** One is not dead. */
  readonly hasLiving: boolean;
  /** Costs up to this are as good as the lowest. */
  readonly alikeMs: number;
}

function overview(candidates: readonly Candidate[], now: number): Overview {
  let isFirst = true;
  let hasWell = false;
  let hasLiving = false;
  let lowestMs = Number.POSITIVE_INFINITY;
  for (const { health, asked, isFallback } of candidates) {
    const state = health.state(now);
    if (asked > 0) isFirst = false;
    if (state !== 'dead') hasLiving = true;
    if (isFallback || (state !== 'alive' && state !== 'new')) continue;
    hasWell = true;
    if (state === 'alive') lowestMs = Math.min(lowestMs, health.costMs);
  }
  return { isFirst, hasWell, hasLiving, alikeMs: lowestMs * ALIKE_FACTOR + ALIKE_MS };
}

function reasonOf(
  { health, asked, isFallback }: Candidate,
  state: UpstreamState,
  isFirst: boolean,
  now: number,
  count: number,
): SelectionReason {
  if (asked > 0) return 'again';
  if (state === 'dead' || state === 'late') return state;
  if (isFirst && !isFallback) {
    if (health.hasReturned) return 'returned';
    if (health.lastAskedAt === Number.NEGATIVE_INFINITY) return 'not-measured';
    const isStale = Math.max(health.lastHeardAt, health.lastAskedAt) + REMEASURE_AFTER_MS <= now;
    if (count > 1 && isStale) return 'measured-long-ago';
  }
  return 'best';
}

/** Position in the order, 0 first. */
function groupOf(why: SelectionReason, state: UpstreamState, isFallback: boolean): number {
  if (why === 'returned' || why === 'not-measured') return 0;
  if (why === 'measured-long-ago') return 1;
  const base = isFallback ? 5 : 2;
  if (state === 'dead') return 8;
  if (state === 'late') return base + 2;
  // Asked for the first time and still in time: behind those that are known to answer.
  return state === 'new' ? base + 1 : base;
}

function costRank(health: UpstreamHealth, alikeMs: number): number {
  return health.costMs <= alikeMs ? 0 : health.costMs;
}
