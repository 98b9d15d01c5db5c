import type { UpstreamStatus } from '../../forward/choice/status.ts';
import type { Figures, PublicationFigures, UpstreamFigures } from '../../page/figures/figures.ts';
import type { PublicationStatus } from '../../publish/publication-status.ts';
import { hostOnly } from '../host-only.ts';
import type { AppStatus } from '../status.ts';
import { connectionText, whyNotServing } from '../verdict/dht-text.ts';
import { verdictOf } from '../verdict/verdict.ts';

/**
 * What the page shows of the status: counts and states, and the names of upstreams. Field by field, so that nothing gets to a
 * browser because it was added to the status.
 */
export function figuresOf(status: AppStatus, at: number): Figures {
  const { queries, cache, forwarder, packets, workers } = status;
  return {
    at,
    version: status.version,
    uptimeSeconds: status.uptime,
    verdict: verdictOf(status),
    listen: status.listen,
    queries: queries.queries,
    inFlight: queries.inFlight,
    cache: { hits: cache.hits, misses: cache.misses, entries: cache.entries, octets: cache.bytes },
    durations: status.traffic.durations,
    upstreams: forwarder.upstreams.map((upstream) => upstreamFigures(upstream, forwarder.next?.label)),
    dht: dhtFigures(status),
    packets: { held: packets.keysHeld, lookups: packets.lookupsStarted, running: packets.lookupsRunning },
    publications: status.publications.map(publicationFigures),
    ...(workers !== undefined && { workers: { running: workers.running.length, wanted: workers.wanted } }),
  };
}

function upstreamFigures(
  { label, role, state, srttMs, asked, answered, lastFailure }: UpstreamStatus,
  next: string | undefined,
): UpstreamFigures {
  return {
    label: hostOnly(label),
    isFallback: role === 'fallback',
    state,
    ...(srttMs !== undefined && { roundTripMs: srttMs }),
    asked,
    answered,
    isAskedNext: label === next,
    // Its text may have been made of a query.
    ...(lastFailure !== undefined && {
      lastFailure: { what: lastFailure.kind.replaceAll('-', ' '), agoSeconds: lastFailure.agoMs / 1000 },
    }),
  };
}

function dhtFigures(status: AppStatus): Figures['dht'] {
  const { dht } = status;
  const why = whyNotServing(dht?.autoServing);
  return {
    connection: connectionText(status),
    ...(dht !== undefined && {
      node: {
        asked: dht.queries.sent,
        answered: dht.queries.answered,
        isServing: dht.serving,
        ...(why !== undefined && { whyNotServing: why }),
      },
    }),
  };
}

function publicationFigures(publication: PublicationStatus): PublicationFigures {
  const { kind, state, lastSuccess, nextInMs, problem } = publication;
  return {
    kind,
    state,
    ...(lastSuccess !== undefined && {
      held: {
        nodes: lastSuccess.nodes,
        nodesAsked: lastSuccess.nodesAsked,
        octets: lastSuccess.bytes,
        agoSeconds: lastSuccess.agoMs / 1000,
      },
    }),
    ...(nextInMs !== undefined && { nextInSeconds: nextInMs / 1000 }),
    hasProblem: problem !== undefined,
  };
}
