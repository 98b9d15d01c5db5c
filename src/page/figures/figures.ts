import type { HistogramSnapshot } from '../../observe/metrics/histogram.ts';
import type { AnswerSource } from '../../observe/metrics/traffic.ts';
import type { Verdict } from '../../observe/verdict.ts';

/**
 * What the page shows of the running program: counts since the start and states, as plain values that JSON can hold. There is no
 * client in it, no name that anybody asked for, and none of a publication.
 */
export interface Figures {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The version of the program. */
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly verdict: Verdict;
  /** Where it answers DNS, as texts. */
  readonly listen: readonly string[];
  readonly queries: number;
  /** Questions that are being resolved. */
  readonly inFlight: number;
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly entries: number;
    readonly octets: number;
  };
  /** How long answers took, by where they came from. */
  readonly durations: Readonly<Partial<Record<AnswerSource, HistogramSnapshot>>>;
  readonly upstreams: readonly UpstreamFigures[];
  readonly dht: {
    /** Whether it is reached, in words: `connected, 120 nodes known`. */
    readonly connection: string;
    /** Absent while the node does not run. */
    readonly node?: {
      /** Queries to other nodes, and those that were answered. */
      readonly asked: number;
      readonly answered: number;
      readonly isServing: boolean;
      /** Why it does not serve, if it would by itself, as a clause. */
      readonly whyNotServing?: string;
    };
  };
  readonly packets: { readonly held: number; readonly lookups: number; readonly running: number };
  readonly publications: readonly PublicationFigures[];
  /** Absent when there is one process. */
  readonly workers?: { readonly running: number; readonly wanted: number };
}

/** One upstream resolver. */
export interface UpstreamFigures {
  /** Without user, path and query of its URL. */
  readonly label: string;
  readonly isFallback: boolean;
  readonly state: 'new' | 'alive' | 'late' | 'dead';
  /** Absent before the first reply. */
  readonly roundTripMs?: number;
  readonly asked: number;
  readonly answered: number;
  readonly isAskedNext: boolean;
  readonly lastFailure?: { readonly what: string; readonly agoSeconds: number };
}

/** A zone or packet that is kept in the network, by its place in the configuration. */
export interface PublicationFigures {
  readonly kind: 'publish' | 'keep';
  readonly state: 'waiting' | 'running' | 'held' | 'failing' | 'stopped';
  readonly held?: {
    readonly nodes: number;
    readonly nodesAsked: number;
    readonly octets: number;
    readonly agoSeconds: number;
  };
  readonly nextInSeconds?: number;
  /** Its zone or key file cannot be used as it is now. */
  readonly hasProblem: boolean;
}
