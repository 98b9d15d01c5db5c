import type { AppStatus } from '../../src/app/status.ts';
import type { UpstreamStatus } from '../../src/forward/choice/status.ts';
import { emptyHistogram } from '../../src/observe/metrics/histogram.ts';
import { noTraffic } from '../../src/observe/metrics/traffic.ts';

/** The status of a program that does well, but for `parts`. */
export function appStatus(parts: Partial<AppStatus> = {}): AppStatus {
  return {
    version: '1.0.0',
    pid: 4711,
    listen: ['127.0.0.1:53'],
    uptime: 60,
    queries: { queries: 1, inFlight: 0 },
    cache: { entries: 0, bytes: 0, maxBytes: 1e6, hits: 0, misses: 0, evictions: 0 },
    traffic: noTraffic,
    loopDelay: emptyHistogram,
    forwarder: forwarderStatus([upstreamStatus()]),
    portalIsLikely: false,
    sources: { dht: 'on', relays: 0 },
    packets: { keysHeld: 1, lookupsStarted: 2, lookupsRunning: 0 },
    store: 'writing',
    dht: dhtStatus(),
    publications: [],
    http: { state: 'waiting', addresses: ['127.0.0.1:8053', '[::1]:8053'], starts: 0 },
    internalErrors: [],
    ...parts,
  };
}

/** A forwarder with these upstreams, but for `parts`. */
export function forwarderStatus(
  upstreams: readonly UpstreamStatus[],
  parts: Partial<AppStatus['forwarder']> = {},
): AppStatus['forwarder'] {
  return { upstreams, routes: [], next: undefined, questions: 1, failures: 0, inFlight: 0, ...parts };
}

/** An upstream that answers, but for `parts`. */
export function upstreamStatus(parts: Partial<UpstreamStatus> = {}): UpstreamStatus {
  return {
    label: '192.0.2.53',
    role: 'upstream',
    isDefault: true,
    state: 'alive',
    srttMs: 10,
    success: 1,
    failed: 0,
    durations: emptyHistogram,
    asked: 1,
    answered: 1,
    lastWhy: 'best',
    heardAgoMs: 5,
    lastFailure: undefined,
    quirks: [],
    wrongReplies: {} as UpstreamStatus['wrongReplies'],
    ...parts,
  };
}

type DhtStatus = NonNullable<AppStatus['dht']>;

/** A node that is connected, but for `parts`. */
export function dhtStatus(parts: Partial<DhtStatus> = {}): DhtStatus {
  return {
    nodes: 100,
    port: 6881,
    nodeId: new Uint8Array(20),
    secureId: false,
    serving: false,
    storedItems: 0,
    active: 0,
    queries: { sent: 9, answered: 8, refused: 0, silent: 1 },
    served: { received: 0, answered: 0 },
    nextSearchMs: 12_000,
    sendErrors: {},
    dropped: {},
    faults: 0,
    ...parts,
  };
}
