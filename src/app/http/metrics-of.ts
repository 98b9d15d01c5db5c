import type { DhtMetrics, MetricsSnapshot } from '../../observe/metrics/snapshot.ts';
import { hostOnly } from '../host-only.ts';
import type { AppStatus } from '../status.ts';

/** When the program started, in seconds since 1970: always the same number, as whoever looks for restarts wants. */
const STARTED_AT = performance.timeOrigin / 1000;

/** What of the status is counted and told to whoever watches. Field by field, so that nothing gets out because it was added there. */
export function metricsOf(status: AppStatus): MetricsSnapshot {
  const { traffic, queries, loopDelay, cache, forwarder, packets, workers, publications } = status;
  const { entries, bytes, hits, misses, evictions } = cache;
  return {
    version: status.version,
    startedAt: STARTED_AT,
    traffic,
    inFlight: queries.inFlight,
    loopDelay,
    cache: { entries, bytes, hits, misses, evictions },
    upstreams: forwarder.upstreams.map(({ label, state, asked, failed, durations }) => ({
      label: hostOnly(label),
      isUp: state !== 'dead',
      ...{ asked, failed, durations },
    })),
    packets: { held: packets.keysHeld, lookups: packets.lookupsStarted, running: packets.lookupsRunning },
    isStoreUsable: status.store !== 'read-only' && status.store !== 'waiting',
    dht: dhtMetrics(status),
    publications: publications.map(({ state, lastSuccess }) => ({
      isFailing: state === 'failing' || state === 'stopped',
      held: lastSuccess && {
        nodes: lastSuccess.nodes + lastSuccess.relays,
        ageSeconds: lastSuccess.agoMs / 1000,
      },
    })),
    certificateEndsAt: status.certificate && status.certificate.notAfter / 1000,
    workers: workers && {
      pids: workers.running.map(({ pid }) => pid),
      wanted: workers.wanted,
      restarts: workers.restarts,
    },
    internalErrors: status.internalErrors.reduce((sum, { count }) => sum + count, 0),
  };
}

function dhtMetrics({ dht }: AppStatus): DhtMetrics | undefined {
  if (dht === undefined) return undefined;
  const { nodes, serving, storedItems, active, queries, served, dropped } = dht;
  const { answered, refused, silent } = queries;
  return {
    ...{ nodes, storedItems, active, dropped },
    isServing: serving,
    queries: { answered, refused, silent },
    served: served.answered,
  };
}
