import type { HistogramSnapshot } from './histogram.ts';
import type { TrafficSnapshot } from './traffic.ts';

/**
 * What the program counted since its start, and what holds now, as plain values: all that metrics are made from. There is no
 * client in it, no name that anybody asked for, and none of a publication.
 */
export interface MetricsSnapshot {
  readonly version: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly traffic: TrafficSnapshot;
  /** Questions that are being resolved. */
  readonly inFlight: number;
  readonly loopDelay: HistogramSnapshot;
  readonly cache: {
    readonly entries: number;
    readonly bytes: number;
    readonly hits: number;
    readonly misses: number;
    readonly evictions: number;
  };
  readonly upstreams: readonly UpstreamMetrics[];
  readonly packets: { readonly held: number; readonly lookups: number; readonly running: number };
  /** False when packets that are found are not kept over a restart, although they should. */
  readonly isStoreUsable: boolean;
  /** Undefined while the node is starting, or when the DHT is off. */
  readonly dht: DhtMetrics | undefined;
  /** In the order of the configuration. */
  readonly publications: readonly PublicationMetrics[];
  /** When the certificate for encrypted DNS ends, in seconds since 1970; undefined when there is none. */
  readonly certificateEndsAt: number | undefined;
  /** Undefined when there is one process. */
  readonly workers:
    | { readonly pids: readonly number[]; readonly wanted: number; readonly restarts: number }
    | undefined;
  readonly internalErrors: number;
}

/** One upstream resolver. */
export interface UpstreamMetrics {
  /** Without user, path and query of its URL. */
  readonly label: string;
  readonly isUp: boolean;
  readonly asked: number;
  readonly failed: number;
  readonly durations: HistogramSnapshot;
}

/** The DHT node. */
export interface DhtMetrics {
  readonly nodes: number;
  readonly isServing: boolean;
  readonly storedItems: number;
  readonly active: number;
  /** Queries sent, by what came of them. */
  readonly queries: Readonly<Record<'answered' | 'refused' | 'silent', number>>;
  /** Queries of others that were answered. */
  readonly served: number;
  /** Datagrams that were dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** A zone or packet that is kept in the network. */
export interface PublicationMetrics {
  readonly isFailing: boolean;
  /** Undefined before it was published for the first time. */
  readonly held: { readonly nodes: number; readonly ageSeconds: number } | undefined;
}

/** What the thread of the HTTP side counted since its start. */
export interface HttpMetrics {
  readonly requests: readonly RequestCount[];
  /** Pages in the place of a site, by why: every kind that there is. */
  readonly gatewayFailures: Readonly<Record<string, number>>;
}

/** Requests that had the same answer. */
export interface RequestCount {
  /** `gateway`: for the site of a key; `other`: for what is ours. */
  readonly service: 'gateway' | 'relay' | 'other';
  readonly method: string;
  /** The status. */
  readonly code: number;
  readonly count: number;
}

/** What the operating system knows of our processes, all together. */
export interface ProcessMetrics {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Undefined where the system does not tell. */
  readonly openDescriptors: number | undefined;
  /** Of one process. */
  readonly maxDescriptors: number | undefined;
}

/** All that is measured. */
export interface Measurements {
  readonly program: MetricsSnapshot;
  readonly http: HttpMetrics;
  readonly process: ProcessMetrics;
  /** `node` or `bun`, and its version. */
  readonly runtime: string;
}
