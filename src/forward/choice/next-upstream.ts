import type { UpstreamHealth, UpstreamState } from './health.ts';

/** An upstream as one question sees it. */
export interface Candidate {
  readonly health: UpstreamHealth;
  /** Only to be asked if the others fail. */
  readonly isFallback: boolean;
  /** Whether another try while it is silent can help. */
  readonly isLossy: boolean;
  /** How often it was asked this question. */
  readonly asked: number;
  /** It failed, or its answer is an error: asking again is useless. */
  readonly isSpent: boolean;
}

/**
 * Why an upstream is chosen.
 *
 * - `not-measured`: it was never asked.
 * - `returned`: it was dead and has answered a probe.
 * - `measured-long-ago`: its response time is over a minute old.
 * - `best`: it has the lowest cost of those that are alive; among equals the first in the list.
 * - `late`, `dead`: nothing better is left, or it is time to check whether it is back.
 * - `again`: it has not answered yet, and a datagram may have been lost.
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
 * Minimum time between two queries to an upstream that is late or dead while there is a better one, in ms: a second, plus a
 * margin for delays on the way.
 */
export const PROBE_EVERY_MS = 1050;

/** Age at which a response time is measured again, in ms. */
const REMEASURE_AFTER_MS = 60_000;

/** Maximum number of tries of one question at one upstream. */
const MAX_ASKED = 3;

/** Costs that differ by less than half plus 5 ms count as equal: then the order of the list decides. */
const ALIKE_FACTOR = 1.5;
const ALIKE_MS = 5;

/**
 * The next upstream to ask; undefined if there is none to ask now. In order: those whose response time must be measured
 * (only as the first try of a question), live ones by cost, late ones, the same for fallbacks, dead ones; then again those
 * that were asked and are silent. Late and dead ones are asked once a second, unless there is nothing better: if all are
 * dead, all are asked.
 */
export function nextUpstream(candidates: readonly Candidate[], now: number): NextUpstream | undefined {
  const all = overview(candidates, now);
  let best: NextUpstream | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  // This runs at every step of every question, so it allocates nothing.
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

/** What the rank of one candidate depends on in the others. */
interface Overview {
  /** None was asked yet. */
  readonly isFirst: boolean;
  /** One that is not a fallback is alive or new. */
  readonly hasWell: boolean;
  /** At least one is not dead. */
  readonly hasLiving: boolean;
  /** Costs up to this count as equal to the lowest. */
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

/** Position in the order; 0 is first. */
function groupOf(why: SelectionReason, state: UpstreamState, isFallback: boolean): number {
  if (why === 'returned' || why === 'not-measured') return 0;
  if (why === 'measured-long-ago') return 1;
  const base = isFallback ? 5 : 2;
  if (state === 'dead') return 8;
  if (state === 'late') return base + 2;
  // Asked for the first time and not late yet: after those that are known to answer.
  return state === 'new' ? base + 1 : base;
}

function costRank(health: UpstreamHealth, alikeMs: number): number {
  return health.costMs <= alikeMs ? 0 : health.costMs;
}
