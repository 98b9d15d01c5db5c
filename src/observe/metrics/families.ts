import { protocolNames } from '../../dns/protocol.ts';
import { emptyHistogram, type HistogramSnapshot, mergeHistograms } from './histogram.ts';
import type { Measurements, RequestCount, UpstreamMetrics } from './snapshot.ts';
import { answerSources, rcodeLabels, typeLabels } from './traffic.ts';

/** One series of a family: the values of its labels, in their order, and what was measured. */
export type Sample<Value> = readonly [labels: readonly string[], value: Value];

/** What is told under one name. */
export type Family = FamilyText &
  (
    | {
        /** An `info` is a gauge of 1 whose labels are what it tells. */
        readonly type: 'counter' | 'gauge' | 'info';
        readonly samples: (measured: Measurements) => readonly Sample<number>[];
      }
    | {
        readonly type: 'histogram';
        readonly samples: (measured: Measurements) => readonly Sample<HistogramSnapshot>[];
      }
  );

/** How a family is told of. */
interface FamilyText {
  /** As it is queried; that of a histogram is without `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly labels: readonly string[];
}

type Read<Value> = (measured: Measurements) => Value;

/**
 * The one table of metrics: `/metrics` is made from it, and tests hold the README, the board and the alerts against it.
 *
 * The exposition is ours, and not that of `prom-client`: the counters exist, and those of workers are added up already; a counter of
 * the library costs 1.1 µs a step where a whole cached answer costs 6 to 9; it merges workers of Node's `cluster` alone; and its
 * default metrics do not pass `promtool check metrics`. What is left of it is `exposition.ts`, and 67 kB more in the program.
 *
 * No label has a client, or a name that somebody asked for: what is asked here is nobody else's business. Publications are told apart
 * by their place in the configuration, upstreams by their host without the path that may name an account.
 */
export const families: readonly Family[] = [
  {
    name: 'pkarrd_queries_total',
    type: 'counter',
    help: 'Questions of clients.',
    labels: ['protocol', 'type'],
    samples: ({ program: { traffic } }) =>
      protocolNames.flatMap((protocol) =>
        typeLabels.map((type) => [[protocol, type], traffic.queries[protocol]?.[type] ?? 0] as const),
      ),
  },
  {
    name: 'pkarrd_responses_total',
    type: 'counter',
    help: 'Replies to clients.',
    labels: ['rcode'],
    samples: ({ program: { traffic } }) =>
      rcodeLabels.map((rcode) => [[rcode], traffic.responses[rcode] ?? 0] as const),
  },
  counter(
    'pkarrd_queries_dropped_total',
    'Questions without a reply, because the client asked too often or more came than can be answered.',
    ({ program }) => program.traffic.dropped,
  ),
  {
    name: 'pkarrd_request_duration_seconds',
    type: 'histogram',
    help: 'From a question to its reply, by where the answer came from; of cached answers one in a millisecond is measured, for all.',
    labels: ['source'],
    samples: ({ program: { traffic } }) =>
      answerSources.map((source) => [[source], traffic.durations[source] ?? emptyHistogram] as const),
  },
  gauge('pkarrd_queries_in_flight', 'Questions that are being resolved.', ({ program }) => program.inFlight),
  gauge('pkarrd_cache_entries', 'Answers in the cache.', ({ program }) => program.cache.entries),
  gauge('pkarrd_cache_bytes', 'Size of the cache of answers.', ({ program }) => program.cache.bytes),
  counter(
    'pkarrd_cache_hits_total',
    'Questions that a fresh answer of the cache answered.',
    ({ program }) => program.cache.hits,
  ),
  counter('pkarrd_cache_misses_total', 'Questions that none did.', ({ program }) => program.cache.misses),
  counter(
    'pkarrd_cache_evictions_total',
    'Answers that made room for others.',
    ({ program }) => program.cache.evictions,
  ),
  {
    name: 'pkarrd_upstream_requests_total',
    type: 'counter',
    help: 'Queries to an upstream resolver, probes included.',
    labels: ['upstream'],
    samples: ofUpstreams((same) => sumOf(same, ({ asked }) => asked)),
  },
  {
    name: 'pkarrd_upstream_failures_total',
    type: 'counter',
    help: 'Queries to an upstream resolver that it did not answer, or not well.',
    labels: ['upstream'],
    samples: ofUpstreams((same) => sumOf(same, ({ failed }) => failed)),
  },
  {
    name: 'pkarrd_upstream_up',
    type: 'gauge',
    help: 'Whether an upstream resolver is used as one that answers: 1 or 0.',
    labels: ['upstream'],
    samples: ofUpstreams((same) => (same.some(({ isUp }) => isUp) ? 1 : 0)),
  },
  {
    name: 'pkarrd_upstream_duration_seconds',
    type: 'histogram',
    help: 'From a query to an upstream resolver to its reply.',
    labels: ['upstream'],
    samples: ofUpstreams((same) => mergeHistograms(same.map(({ durations }) => durations))),
  },
  gauge('pkarrd_packets', 'Signed packets in memory.', ({ program }) => program.packets.held),
  counter(
    'pkarrd_packet_lookups_total',
    'Lookups of keys in the DHT and at relays.',
    ({ program }) => program.packets.lookups,
  ),
  gauge('pkarrd_packet_lookups_running', 'Such lookups now.', ({ program }) => program.packets.running),
  gauge('pkarrd_store_usable', 'Whether packets can be kept over a restart: 1 or 0.', ({ program }) =>
    program.isStoreUsable ? 1 : 0,
  ),
  gauge(
    'pkarrd_dht_nodes',
    'Nodes in the routing table of the DHT; 0 while none of them answers.',
    ({ program: { dht } }) => dht?.nodes,
  ),
  gauge(
    'pkarrd_dht_lookups_active',
    'Lookups and puts in the DHT now.',
    ({ program: { dht } }) => dht?.active,
  ),
  {
    name: 'pkarrd_dht_queries_total',
    type: 'counter',
    help: 'Queries to nodes of the DHT, by what came of them.',
    labels: ['outcome'],
    samples: ({ program: { dht } }) => byName(dht?.queries ?? {}),
  },
  gauge('pkarrd_dht_serving', 'Whether other nodes are served: 1 or 0.', ({ program: { dht } }) =>
    dht === undefined ? undefined : Number(dht.isServing),
  ),
  counter(
    'pkarrd_dht_served_total',
    'Queries of other nodes that were answered.',
    ({ program: { dht } }) => dht?.served,
  ),
  gauge('pkarrd_dht_stored_items', 'Items stored for others.', ({ program: { dht } }) => dht?.storedItems),
  {
    name: 'pkarrd_dht_dropped_total',
    type: 'counter',
    help: 'Datagrams of the DHT that were dropped.',
    labels: ['reason'],
    samples: ({ program: { dht } }) => byName(dht?.dropped ?? {}),
  },
  {
    name: 'pkarrd_publication_nodes',
    type: 'gauge',
    help: 'Nodes and relays that took a publication the last time; name is its place in the configuration.',
    labels: ['name'],
    samples: ({ program: { publications } }) =>
      publications.flatMap(({ held }, index) =>
        held === undefined ? [] : [[[String(index + 1)], held.nodes]],
      ),
  },
  {
    name: 'pkarrd_publication_age_seconds',
    type: 'gauge',
    help: 'Time since a publication was last put into the network.',
    labels: ['name'],
    samples: ({ program: { publications } }) =>
      publications.flatMap(({ held }, index) =>
        held === undefined ? [] : [[[String(index + 1)], held.ageSeconds]],
      ),
  },
  {
    name: 'pkarrd_publication_failing',
    type: 'gauge',
    help: 'Whether the last try to publish failed: 1 or 0.',
    labels: ['name'],
    samples: ({ program: { publications } }) =>
      publications.map(({ isFailing }, index) => [[String(index + 1)], Number(isFailing)]),
  },
  {
    name: 'pkarrd_relay_requests_total',
    type: 'counter',
    help: 'Requests to the relay.',
    labels: ['method', 'code'],
    samples: ({ http: { requests } }) => byRequest(requests, 'relay'),
  },
  {
    name: 'pkarrd_gateway_requests_total',
    type: 'counter',
    help: 'Requests for the sites of keys.',
    labels: ['method', 'code'],
    samples: ({ http: { requests } }) => byRequest(requests, 'gateway'),
  },
  {
    name: 'pkarrd_gateway_failures_total',
    type: 'counter',
    help: 'Pages of the gateway in the place of a site, by why it was not shown.',
    labels: ['kind'],
    samples: ({ http: { gatewayFailures } }) => byName(gatewayFailures),
  },
  {
    name: 'pkarrd_http_requests_total',
    type: 'counter',
    help: 'Other requests over HTTP: for the page, for metrics, and for nothing that there is.',
    labels: ['method', 'code'],
    samples: ({ http: { requests } }) => byRequest(requests, 'other'),
  },
  gauge(
    'pkarrd_certificate_expiry_timestamp_seconds',
    'When the certificate for encrypted DNS ends, since 1970.',
    ({ program }) => program.certificateEndsAt,
  ),
  gauge(
    'pkarrd_workers',
    'Processes that answer questions.',
    ({ program }) => program.workers?.pids.length ?? 1,
  ),
  gauge('pkarrd_workers_wanted', 'How many there should be.', ({ program }) => program.workers?.wanted ?? 1),
  counter(
    'pkarrd_worker_restarts_total',
    'How often one ended.',
    ({ program }) => program.workers?.restarts ?? 0,
  ),
  counter(
    'pkarrd_internal_errors_total',
    'Internal errors; the log tells more.',
    ({ program }) => program.internalErrors,
  ),
  {
    name: 'pkarrd_event_loop_delay_seconds',
    type: 'histogram',
    help: 'How late the processes that answer questions do what is due, looked at once a second.',
    labels: [],
    samples: ({ program }) => [[[], program.loopDelay]],
  },
  {
    name: 'pkarrd_build_info',
    type: 'info',
    help: 'The version of the program, and what runs it.',
    labels: ['version', 'runtime'],
    samples: ({ program, runtime }) => [[[program.version, runtime], 1]],
  },
  counter(
    'process_cpu_seconds_total',
    'Time on the processor, of all processes.',
    ({ process }) => process.cpuSeconds,
  ),
  gauge('process_resident_memory_bytes', 'Memory, of all processes.', ({ process }) => process.residentBytes),
  gauge('process_open_fds', 'Open descriptors, of all processes.', ({ process }) => process.openDescriptors),
  gauge(
    'process_max_fds',
    'The limit of open descriptors of one process.',
    ({ process }) => process.maxDescriptors,
  ),
  gauge(
    'process_start_time_seconds',
    'When the program started, since 1970.',
    ({ program }) => program.startedAt,
  ),
];

function counter(name: string, help: string, read: Read<number | undefined>): Family {
  return { name, type: 'counter', help, labels: [], samples: alone(read) };
}

function gauge(name: string, help: string, read: Read<number | undefined>): Family {
  return { name, type: 'gauge', help, labels: [], samples: alone(read) };
}

/** One series without labels, or none where there is nothing to tell. */
function alone(read: Read<number | undefined>): Read<readonly Sample<number>[]> {
  return (measured) => {
    const value = read(measured);
    return value === undefined ? [] : [[[], value]];
  };
}

/** A series for each label of an upstream: two that differ only in what is left out of it are one. */
function ofUpstreams<Value>(
  value: (same: readonly UpstreamMetrics[]) => Value,
): Read<readonly Sample<Value>[]> {
  return ({ program: { upstreams } }) =>
    [...new Set(upstreams.map(({ label }) => label))].map((label) => [
      [label],
      value(upstreams.filter((upstream) => upstream.label === label)),
    ]);
}

function sumOf(upstreams: readonly UpstreamMetrics[], of: (upstream: UpstreamMetrics) => number): number {
  return upstreams.reduce((total, upstream) => total + of(upstream), 0);
}

function byName(counts: Readonly<Record<string, number>>): readonly Sample<number>[] {
  return Object.entries(counts).map(([name, count]) => [[name], count]);
}

function byRequest(
  requests: readonly RequestCount[],
  wanted: RequestCount['service'],
): readonly Sample<number>[] {
  return requests.flatMap(({ service, method, code, count }) =>
    service === wanted ? [[[method, String(code)], count] as const] : [],
  );
}
