import { Rcode, rcodeToText, Type } from '../../dns/codes.ts';
import { type Protocol, protocolNames } from '../../dns/protocol.ts';
import { Histogram, type HistogramSnapshot, mergeHistograms } from './histogram.ts';

/**
 * Where an answer came from, from near to far; one that is made of several counts as that of the farthest.
 *
 * - `cache`: the cache of answers, fresh or stale.
 * - `local`: our own rules, hosts files and refusals.
 * - `packet`: a signed packet that was at hand; `store`: one that was read from disk; `relay`, `dht`: one that was looked up there.
 * - `upstream`: an upstream resolver.
 */
export const answerSources = ['cache', 'local', 'packet', 'store', 'upstream', 'relay', 'dht'] as const;

/** One of `answerSources`. */
export type AnswerSource = (typeof answerSources)[number];

/** The farther of two sources. */
export function farther(one: AnswerSource, other: AnswerSource): AnswerSource {
  return answerSources.indexOf(one) < answerSources.indexOf(other) ? other : one;
}

/** The types that are counted by name, so that nobody who asks for others can make up series. */
const countedTypes = [
  'A',
  'AAAA',
  'CNAME',
  'DS',
  'HTTPS',
  'MX',
  'NS',
  'PTR',
  'SOA',
  'SRV',
  'SVCB',
  'TXT',
] as const;

/** The same of RCODEs. */
const countedRcodes = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'BADVERS',
] as const;

/** What is not counted by name. */
const OTHER = 'other';

/** All types and RCODEs that there can be in a snapshot. */
export const typeLabels: readonly string[] = [...countedTypes, OTHER];
export const rcodeLabels: readonly string[] = [...countedRcodes, OTHER];

/** Counts since the start, without those that are 0. */
export interface TrafficSnapshot {
  /** Questions by protocol and type. */
  readonly queries: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Replies by RCODE. */
  readonly responses: Readonly<Record<string, number>>;
  /** Questions that got no reply, because the client asked too often or more came than can be answered. */
  readonly dropped: number;
  /** From reading a question to having its reply, by source. */
  readonly durations: Readonly<Partial<Record<AnswerSource, HistogramSnapshot>>>;
}

/** Places of an index for a type and an RCODE: powers of two, so that an index is made of shifts. */
const TYPES = 16;
const RCODES = 16;

/** The place of each type below 256; 0 is for all others. */
const typePlaces = Uint8Array.from({ length: 256 }, (_, type) => {
  return 1 + countedTypes.findIndex((name) => Type[name] === type);
});

/**
 * Counts questions and replies. A cached answer costs one step of one counter, and one comparison: what is told apart is in
 * the index, and is added up when somebody asks.
 */
export class TrafficCounters {
  /** Cached answers by protocol, type and RCODE: each is a question and its reply. */
  readonly #hits = new Float64Array(protocolNames.length * TYPES * RCODES);
  /** Other questions by protocol and type. */
  readonly #queries = new Float64Array(protocolNames.length * TYPES);
  /** Other replies by RCODE; the last is for all that are not below 32. */
  readonly #responses = new Float64Array(33);
  readonly #durations = Object.fromEntries(
    answerSources.map((source) => [source, new Histogram()]),
  ) as Readonly<Record<AnswerSource, Histogram>>;
  #dropped = 0;
  /** Cached answers since the last whose duration was measured, which was `#measured` milliseconds. */
  #unmeasured = 0;
  #measured = 0;

  /** Counts a cached answer; `place` is `placeOf` the question, `rcode` is below 16. */
  hit(place: number, rcode: number): void {
    const index = place + rcode;
    this.#hits[index] = (this.#hits[index] as number) + 1;
    this.#unmeasured++;
  }

  /**
   * Tells the duration in milliseconds of the cached answer that was counted last. It stands for those before it that were not
   * measured: reading a clock for each would cost as much as a tenth of the answer.
   */
  hitTook(milliseconds: number): void {
    this.#measured = milliseconds;
    this.#durations.cache.record(milliseconds, this.#unmeasured);
    this.#unmeasured = 0;
  }

  /** Counts a question that is not answered by `hit`. */
  query(protocol: Protocol, type: number): void {
    const index = placeOf(protocol, type) / RCODES;
    this.#queries[index] = (this.#queries[index] as number) + 1;
  }

  /** Counts the reply to such a question, after so many milliseconds. */
  response(rcode: number, source: AnswerSource, milliseconds: number): void {
    const index = Math.min(rcode, this.#responses.length - 1);
    this.#responses[index] = (this.#responses[index] as number) + 1;
    this.#durations[source].record(milliseconds);
  }

  /** Counts a question that gets no reply. */
  drop(): void {
    this.#dropped++;
  }

  /** Questions so far. */
  get total(): number {
    return sumOf(this.#hits) + sumOf(this.#queries);
  }

  /** What was counted so far. */
  snapshot(): TrafficSnapshot {
    // The last measurement stands for what came after it too, so that as many durations are counted as answers.
    if (this.#unmeasured > 0) this.hitTook(this.#measured);
    const queries = protocolNames.map((name, protocol) => {
      const byType = [OTHER, ...countedTypes].map((type, place) => {
        const cell = protocol * TYPES + place;
        const hits = sumOf(this.#hits.subarray(cell * RCODES, (cell + 1) * RCODES));
        return [type, hits + (this.#queries[cell] as number)] as const;
      });
      return [name, Object.fromEntries(byType.filter(isCounted))] as const;
    });
    const responses: Record<string, number> = {};
    const add = (rcode: number, count: number) => {
      const name = nameOfRcode(rcode);
      if (count > 0) responses[name] = (responses[name] ?? 0) + count;
    };
    for (const [index, count] of this.#hits.entries()) add(index % RCODES, count);
    for (const [rcode, count] of this.#responses.entries()) add(rcode, count);
    const durations = answerSources.map((source) => [source, this.#durations[source].snapshot()] as const);
    return {
      queries: Object.fromEntries(queries.filter(([, byType]) => Object.keys(byType).length > 0)),
      responses,
      dropped: this.#dropped,
      durations: Object.fromEntries(durations.filter(([, { counts }]) => counts.some((count) => count > 0))),
    };
  }
}

/** Where `hit` counts a question. */
export function placeOf(protocol: Protocol, type: number): number {
  return (protocol * TYPES + (type < 256 ? (typePlaces[type] as number) : 0)) * RCODES;
}

/** Nothing was counted. */
export const noTraffic: TrafficSnapshot = new TrafficCounters().snapshot();

/** What several counted together. */
export function mergeTraffic(parts: readonly TrafficSnapshot[]): TrafficSnapshot {
  return {
    queries: mergeRecords(
      parts.map(({ queries }) => queries),
      mergeCounts,
    ),
    responses: mergeCounts(parts.map(({ responses }) => responses)),
    dropped: parts.reduce((total, { dropped }) => total + dropped, 0),
    durations: mergeRecords(
      parts.map(({ durations }) => durations),
      mergeHistograms,
    ),
  };
}

function mergeCounts(parts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  return mergeRecords(parts, (counts) => counts.reduce((total, count) => total + count, 0));
}

/** A record with the names of all, each with what is made of their values. */
function mergeRecords<T>(
  parts: readonly Readonly<Partial<Record<string, T>>>[],
  merge: (values: readonly T[]) => T,
): Readonly<Record<string, T>> {
  const names = new Set(parts.flatMap((part) => Object.keys(part)));
  return Object.fromEntries(
    [...names].map((name) => [name, merge(parts.flatMap((part) => part[name] ?? []))]),
  );
}

function nameOfRcode(rcode: number): string {
  const name = countedRcodes.find((counted) => Rcode[counted] === rcode);
  return name === undefined ? OTHER : rcodeToText(rcode);
}

function sumOf(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

function isCounted([, count]: readonly [string, number]): boolean {
  return count > 0;
}
