import type { AppStatus } from '../../app/status.ts';
import type { UpstreamStatus } from '../../forward/choice/status.ts';
import type { HistogramSnapshot } from '../../observe/metrics/histogram.ts';
import type { PublicationStatus } from '../../publish/publication-status.ts';

/** The status for `--json`, in the words of its schema: `docs/json.md`. */
export function statusToJson(status: AppStatus) {
  const { version, pid, uptime, listen, portNotPermitted, queries, traffic, loopDelay, ...more } = status;
  const { cache, forwarder, portalIsLikely, workers, certificate, sources, packets, store, ...others } = more;
  const { dht, publications, http, configuration, internalErrors, ...rest } = others;
  // What is new in the status is described here too.
  rest satisfies Record<string, never>;
  return {
    ...{ version, pid, uptimeSeconds: uptime, listen },
    ...(portNotPermitted !== undefined && { portNotPermitted }),
    queries: { received: queries.queries, inFlight: queries.inFlight },
    traffic: trafficToJson(traffic),
    loopDelay: histogramToJson(loopDelay),
    cache,
    forwarder: forwarderToJson(forwarder),
    isPortalLikely: portalIsLikely,
    ...(workers && { workers: workersToJson(workers) }),
    ...(certificate && { certificate: certificateToJson(certificate) }),
    sources: { dhtState: sources.dht, relayCount: sources.relays },
    lookups: packets,
    store,
    ...(dht && { dht: dhtToJson(dht) }),
    publications: publications.map(publicationToJson),
    http: httpToJson(http),
    ...(configuration && { configuration: configurationToJson(configuration) }),
    internalErrors: internalErrors.map(({ agoSeconds, ...error }) => ({
      ...error,
      agoMs: agoSeconds * 1000,
    })),
  };
}

function trafficToJson({ queries, responses, dropped, durations }: AppStatus['traffic']) {
  const bySource = Object.entries(durations).map(([source, of]) => [source, histogramToJson(of)]);
  return {
    queriesByType: queries,
    responsesByRcode: responses,
    dropped,
    durationsBySource: Object.fromEntries(bySource),
  };
}

function forwarderToJson({ upstreams, routes, next, questions, failures, inFlight }: AppStatus['forwarder']) {
  return {
    ...{ questions, unanswered: failures, inFlight },
    upstreams: upstreams.map(upstreamToJson),
    routes: routes.map(({ domain, upstreams: labels, link }) => ({
      ...{ domain, labels },
      ...(link !== undefined && { link }),
    })),
    ...(next && { next }),
  };
}

function upstreamToJson({ success, durations, ...upstream }: UpstreamStatus) {
  return { ...upstream, successShare: success, durations: histogramToJson(durations) };
}

function workersToJson({ running, wanted, restarts }: NonNullable<AppStatus['workers']>) {
  return {
    running: running.map(({ pid, queries }) => ({ pid, queryCount: queries })),
    ...{ wanted, restarts },
  };
}

function certificateToJson({ names, notAfter, warnings, problem }: NonNullable<AppStatus['certificate']>) {
  return {
    ...{ names, notAfter: dateOf(notAfter), findings: warnings },
    ...(problem !== undefined && { problem }),
  };
}

function dhtToJson(dht: NonNullable<AppStatus['dht']>) {
  const { nodes, port, nodeId, secureId, externalHost, serving, autoServing, storedItems, ...more } = dht;
  const { active, queries, heardMs, served, unsent, nextSearchMs, sendErrors, ...others } = more;
  const { dropped, faults, lastFault, ...rest } = others;
  rest satisfies Record<string, never>;
  return {
    ...{ routingTableNodes: nodes, port, nodeId, isIdSecure: secureId },
    ...(externalHost !== undefined && { externalHost }),
    isServing: serving,
    ...(autoServing !== undefined && { autoServing }),
    ...{ storedItems, active },
    queriesSent: queries,
    ...(heardMs !== undefined && { heardAgoMs: heardMs }),
    queriesServed: served,
    ...(unsent !== undefined && { systemError: unsent }),
    ...(nextSearchMs !== undefined && { nextSearchMs }),
    ...{ sendErrors, datagramsDropped: dropped, faults },
    ...(lastFault !== undefined && { lastFault }),
  };
}

function publicationToJson({ lastSuccess, ...publication }: PublicationStatus) {
  if (lastSuccess === undefined) return publication;
  const { agoMs, timestamp, bytes, nodes, nodesAsked, relays, relaysAsked } = lastSuccess;
  return {
    ...publication,
    lastSuccess: {
      ...{ agoMs, timestamp, bytes },
      nodes: { asked: nodesAsked, held: nodes },
      relays: { asked: relaysAsked, held: relays },
    },
  };
}

function httpToJson(http: AppStatus['http']) {
  if (http.state !== 'refused') return http;
  const { state, address, code, holders } = http;
  return { state, address, systemError: code, holders };
}

function configurationToJson({ acceptedAt, ...rest }: NonNullable<AppStatus['configuration']>) {
  return { ...rest, ...(acceptedAt !== undefined && { acceptedAt: dateOf(acceptedAt) }) };
}

/** The sum in milliseconds: in seconds, the three decimals of JSON would hide the µs of cached answers. */
function histogramToJson({ counts, sum }: HistogramSnapshot) {
  return { counts, sumMs: sum * 1000 };
}

function dateOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
