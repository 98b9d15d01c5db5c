import type { ForwarderStatus, UpstreamStatus } from '../forward/choice/status.ts';
import { mergeHistograms } from '../observe/metrics/histogram.ts';
import { mergeTraffic } from '../observe/metrics/traffic.ts';
import type { FrontStatus } from '../serve/front.ts';

/** The merged status of several workers, at least one: counts are added, and measurements of upstreams are weighted by queries. */
export function mergeStatus(parts: readonly [FrontStatus, ...FrontStatus[]]): FrontStatus {
  return {
    queries: addCounts(parts.map(({ queries }) => queries)),
    traffic: mergeTraffic(parts.map(({ traffic }) => traffic)),
    loopDelay: mergeHistograms(parts.map(({ loopDelay }) => loopDelay)),
    cache: addCounts(parts.map(({ cache }) => cache)),
    forwarder: mergeForwarders(parts.map(({ forwarder }) => forwarder)),
    portalIsLikely: parts.some(({ portalIsLikely }) => portalIsLikely),
  };
}

function mergeForwarders(parts: readonly ForwarderStatus[]): ForwarderStatus {
  // The worker with the most questions has the best measurements.
  const [busiest = noForwarder] = [...parts].sort((a, b) => b.questions - a.questions);
  const { questions, failures, inFlight } = addCounts(
    parts.map(({ questions, failures, inFlight }) => ({ questions, failures, inFlight })),
  );
  return {
    ...{ questions, failures, inFlight },
    routes: busiest.routes,
    next: busiest.next,
    upstreams: busiest.upstreams.map(({ label, role }) =>
      mergeUpstreams(
        parts.flatMap(({ upstreams }) => upstreams.filter((one) => one.label === label && one.role === role)),
      ),
    ),
  };
}

/** The status of one upstream in several workers. Each measures by itself; the one with the most queries decides. */
function mergeUpstreams(parts: readonly UpstreamStatus[]): UpstreamStatus {
  const [busiest, ...others] = [...parts].sort((a, b) => b.asked - a.asked);
  if (busiest === undefined) throw new RangeError('There is nothing to merge.');
  const { asked, answered, failed } = addCounts(
    parts.map(({ asked, answered, failed }) => ({ asked, answered, failed })),
  );
  const measured = parts.filter(({ srttMs }) => srttMs !== undefined);
  const failures = parts.flatMap(({ lastFailure }) => lastFailure ?? []);
  const heard = parts.flatMap(({ heardAgoMs }) => heardAgoMs ?? []);
  return {
    ...busiest,
    asked,
    answered,
    failed,
    durations: mergeHistograms(parts.map(({ durations }) => durations)),
    srttMs: measured.length === 0 ? undefined : mean(measured, ({ srttMs = 0 }) => srttMs),
    success: mean(parts, ({ success }) => success),
    lastWhy: busiest.lastWhy ?? others.find(({ lastWhy }) => lastWhy !== undefined)?.lastWhy,
    heardAgoMs: heard.length === 0 ? undefined : Math.min(...heard),
    lastFailure: failures.sort((a, b) => a.agoMs - b.agoMs)[0],
    quirks: [...new Set(parts.flatMap(({ quirks }) => quirks))],
    wrongReplies: addCounts(parts.map(({ wrongReplies }) => wrongReplies)),
  };
}

/** A mean weighted by the queries of each worker; unweighted while there are none. */
function mean(parts: readonly UpstreamStatus[], of: (part: UpstreamStatus) => number): number {
  const total = parts.reduce((sum, { asked }) => sum + asked, 0);
  const weight = ({ asked }: UpstreamStatus) => (total === 0 ? 1 / parts.length : asked / total);
  return parts.reduce((sum, part) => sum + of(part) * weight(part), 0);
}

/** The sums of all fields of records that contain only counts. */
function addCounts<T extends { readonly [K in keyof T]: number }>(parts: readonly T[]): T {
  const [first, ...others] = parts;
  if (first === undefined) throw new RangeError('There is nothing to add.');
  const sums = Object.keys(first).map((name) => {
    const key = name as keyof T;
    return [name, others.reduce((sum, part) => sum + part[key], first[key] as number)] as const;
  });
  return Object.fromEntries(sums) as unknown as T;
}

const noForwarder: ForwarderStatus = {
  upstreams: [],
  routes: [],
  next: undefined,
  questions: 0,
  failures: 0,
  inFlight: 0,
};
