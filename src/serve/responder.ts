import { Buffer } from 'node:buffer'; // the global is a getter, which costs more than the call
import { withTimeout } from '../async/with-timeout.ts';
import type { CachedAnswer } from '../cache/cached-answer.ts';
import { KEY_DO } from '../cache/question-key.ts';
import { withoutDnssec } from '../cache/without-dnssec.ts';
import { Rcode, rcodeToText } from '../dns/codes.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import { isStream, Protocol, protocolNames } from '../dns/protocol.ts';
import type { BegunQuery } from '../forward/begun-query.ts';
import { TrafficCounters, type TrafficSnapshot } from '../observe/metrics/traffic.ts';
import { failureReply } from '../resolve/errors.ts';
import type { StraightWay } from '../resolve/straight-way.ts';
import type { RefusalReason, TimedFact } from '../way/fact.ts';
import type { QueryObserver } from '../way/query-event.ts';
import { QueryFeed } from '../way/query-feed.ts';
import { Trace } from '../way/trace.ts';
import type { AccessList } from './clients/access-list.ts';
import type { ClientRateLimit } from './clients/rate-limit.ts';
import { HotPath } from './hot-path.ts';
import type { LocalAnswers } from './local-answers.ts';
import type { Asker, Send } from './misses/asker.ts';
import {
  internalError,
  isFailure,
  lowerCaseName,
  type Outcome,
  packRecords,
  type ReplyOrigin,
  Resolutions,
  type ResolutionsParts,
  type Wanted,
} from './misses/resolutions.ts';
import { StraightMisses } from './misses/straight-misses.ts';
import { cacheFact, malformed, refusals, tellQuestion, tooOften } from './query-facts.ts';
import { type ReplyPath, renderError, renderReply, renderTruncated } from './reply.ts';
import { type RejectedRequest, type Request, readRequest, requestQuestion, u16 } from './request.ts';
import { WatchedHotPath } from './watched-hot-path.ts';

/** The clock of what is measured; the global is a getter, which costs more than the call. */
const clock = performance;

/** A client that has waited this long gets the stale answer, if there is one: RFC 8767 §5 recommends 1.8 s. */
const STALE_AFTER = 1_800;

/** What a responder needs. */
export interface ResponderParts extends ResolutionsParts {
  /** Which clients may send queries. */
  readonly access: Pick<AccessList, 'isAllowed'>;
  /** How many queries one client may send. */
  readonly rate: Pick<ClientRateLimit, 'verdict' | 'takeAnswer'>;
  /**
   * The upstream that sent us our own query back; undefined when the query is not ours. A promise, which must not reject,
   * when other workers have to be asked.
   */
  readonly cameBackFrom: (
    query: Uint8Array,
    questionEnd: number,
  ) => string | undefined | Promise<string | undefined>;
  /** Called for each of our own queries that came back. */
  readonly onLoop: (upstream: string) => void;
  /** The upstreams' AD bit is passed on to those who ask for it. */
  readonly trustAuthenticData: boolean;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** What is answered before the cache is asked; undefined for nothing. */
  readonly local?: LocalAnswers | undefined;
  /** The straight way of ordinary questions; undefined for none. */
  readonly straight?: StraightWay | undefined;
}

/**
 * The reply to a program of this machine that asks without a network. `limited`: it asks too often. `unavailable`: no
 * process is there to answer.
 */
export type AskOutcome =
  | ({
      readonly reply: Uint8Array;
      readonly isCached: boolean;
      /** How the answer came about, if that was asked for. */
      readonly way?: readonly TimedFact[];
    } & ReplyOrigin)
  | 'limited'
  | 'unavailable';

/**
 * Who asks without a network. Nobody knows which user `everybody` is, so all of them together have the limits of one other machine;
 * the user that runs the program, and root, have limits of their own, which others cannot use up.
 */
export type LocalAsker = 'everybody' | 'owner';

/** Askers in the place of the address of a client. */
const localClients = { everybody: 'local socket', owner: 'socket of the owner' } as const;

function isLocal(client: string): boolean {
  return client === localClients.everybody || client === localClients.owner;
}

/** How a program of this machine asks. */
export interface AskOptions {
  /** Tell how the answer came about. */
  readonly isTraced?: boolean;
}

/** Counts since the start. */
export interface ResponderStatistics {
  readonly queries: number;
  readonly inFlight: number;
}

/**
 * Makes the octets of replies from those of requests, for every transport. A cached answer is sent before `respond`
 * returns.
 */
export class Responder {
  #parts: ResponderParts;
  #hotPath: HotPath;
  readonly #resolutions: Resolutions;
  #straight: StraightMisses | undefined;
  readonly #waiting = new Set<Promise<void>>();
  readonly #traffic = new TrafficCounters();
  /** Told each query, while somebody looks at live queries. */
  #feed: QueryFeed | undefined;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    this.#resolutions = new Resolutions(parts);
    this.#hotPath = this.#makeHotPath();
    this.#straight = this.#makeStraight();
  }

  /** Uses other parts from now on. Questions in flight are answered with the old ones. */
  replaceParts(
    parts: Partial<Pick<ResponderParts, 'local' | 'rate' | 'straight' | 'trustAuthenticData'>>,
  ): void {
    this.#parts = { ...this.#parts, ...parts };
    this.#hotPath = this.#makeHotPath();
    this.#straight = this.#makeStraight();
  }

  /** From now on `observe` is told each query; undefined for nobody, which costs nothing. */
  watchQueries(observe: QueryObserver | undefined): void {
    this.#feed?.flush();
    this.#feed = observe && new QueryFeed(observe);
    this.#hotPath = this.#makeHotPath();
  }

  #makeHotPath(): HotPath {
    const parts = { ...this.#parts, traffic: this.#traffic };
    return this.#feed === undefined ? new HotPath(parts) : new WatchedHotPath(parts, this.#feed);
  }

  #makeStraight(): StraightMisses | undefined {
    const { straight: way, cache, local, trustAuthenticData, onBug } = this.#parts;
    if (way === undefined) return undefined;
    return new StraightMisses({
      ...{ way, cache, local, trustAuthenticData, onBug },
      isResolving: (key) => this.#resolutions.isResolving(key),
      deliver: (request, asker, outcome) => this.#send(asker, rendered(outcome, request, asker.path)),
      goOn: (request, asker, begun) => this.#answerFully(request, asker, undefined, begun),
    });
  }

  /**
   * The length of the reply to `request`, a datagram or a frame of `client`, if the hot path has it: then `writeCached` must
   * follow at once. Otherwise 0: use `respond`. Never throws.
   */
  findCached(request: Uint8Array, client: string, protocol: Protocol): number {
    return this.#hotPath.find(request, client, protocol);
  }

  /** Writes the reply that `findCached` found to `target` at `at`, and counts it. */
  writeCached(target: Buffer, at: number): void {
    this.#hotPath.write(target, at);
  }

  /** The reply to a datagram of `client` if the hot path has it; otherwise undefined. Never throws. */
  answerNow(request: Uint8Array, client: string): Buffer | undefined {
    const length = this.findCached(request, client, Protocol.UDP);
    if (length === 0) return undefined;
    const reply = Buffer.allocUnsafe(length);
    this.#hotPath.write(reply, 0);
    return reply;
  }

  /**
   * Answers `bytes`, or ignores them. Never throws.
   * @param asked is told how the answer came about.
   * @returns whether a reply was or will be sent.
   */
  respond(bytes: Uint8Array, path: ReplyPath, send: Send, asked?: Trace): boolean {
    const request = readRequest(bytes);
    if (request.kind === 'silent') return false;
    const { access, rate } = this.#parts;
    this.#traffic.query(path.protocol, typeOf(request));
    const trace = asked ?? (this.#feed && new Trace({ wantsNodes: false }));
    if (trace !== undefined) tellQuestion(trace, request);
    const asker = { path, send, begunAt: clock.now(), trace };
    // Before the access list, so that refusals are limited too.
    const verdict = rate.verdict(path.client, isStream(path.protocol));
    if (verdict === 'drop') {
      this.#traffic.drop();
      if (trace !== undefined) this.#tellQuery(asker, 'dropped', trace);
      return false;
    }
    if (!access.isAllowed(path.client) && !isLocal(path.client)) {
      this.#refuse(asker, request, Rcode.REFUSED, 'stranger');
      return true;
    }
    if (verdict === 'truncate') {
      trace?.tell(tooOften);
      const octets = renderTruncated(request, path);
      this.#send(asker, { octets, rcode: Rcode.NOERROR, source: 'local' });
      return true;
    }
    if (request.kind === 'rejected') {
      this.#refuse(asker, request, request.rcode, 'malformed');
      return true;
    }
    const { local } = this.#parts;
    if (local?.mayAnswer(bytes, request.questionEnd - 4) && this.#answerLocally(local, request, asker))
      return true;
    // RFC 1035 §4.1.1: without RD the server is not to ask others, neither now nor ahead of time.
    const found = this.#parts.cache.find(request, request.recursionDesired);
    if (trace !== undefined && found !== undefined)
      trace.tell(cacheFact(found.answer, this.#parts.now(), found.state !== 'stale'));
    switch (found?.state) {
      case 'fresh':
        this.#sendCached(asker, request, found.answer, found.answer.age(this.#parts.now()));
        break;
      case 'fresh-refresh-ahead':
        this.#sendCached(asker, request, found.answer, found.answer.age(this.#parts.now()));
        this.#refresh(request, path);
        break;
      case 'stale-at-once':
        this.#sendCached(asker, request, found.answer, 'stale');
        break;
      default:
        if (found === undefined) trace?.tell({ of: 'cache', state: 'nothing' });
        this.#answerMiss(request, asker, found?.answer ?? this.#parts.cache.fallback(request));
    }
    return true;
  }

  /**
   * Answers a program of this machine that asks through a socket of its own: with the same answers and limits as others,
   * whatever networks may send queries. Octets that get no reply count as too many.
   */
  ask(bytes: Uint8Array, asker: LocalAsker, options: AskOptions = {}): Promise<AskOutcome> {
    const isCached = this.#isCached(bytes);
    const trace = options.isTraced === true ? new Trace({ wantsNodes: true }) : undefined;
    return new Promise((resolve) => {
      const path = { client: localClients[asker], protocol: Protocol.LOCAL };
      const send: Send = (reply, origin) =>
        resolve({ reply, isCached, ...origin, ...(trace && { way: trace.facts }) });
      const isAnswered = this.respond(bytes, path, send, trace);
      if (!isAnswered) resolve('limited');
    });
  }

  /** Counts a query that came over `protocol` and gets no reply, because more came than can be answered. */
  countDropped(protocol: Protocol): void {
    this.#traffic.query(protocol, 0);
    this.#traffic.drop();
  }

  #isCached(bytes: Uint8Array): boolean {
    const request = readRequest(bytes);
    const answer = request.kind === 'request' ? this.#parts.cache.peek(request) : undefined;
    return answer?.isFresh(this.#parts.now()) ?? false;
  }

  /** Counters. */
  statistics(): ResponderStatistics {
    const straight = this.#parts.straight?.size ?? 0;
    return { queries: this.#traffic.total, inFlight: this.#resolutions.size + straight };
  }

  /** What was asked and answered. */
  traffic(): TrafficSnapshot {
    return this.#traffic.snapshot();
  }

  /** Waits up to `milliseconds` for the queries in flight, then answers the rest with SERVFAIL. */
  async close(milliseconds: number): Promise<void> {
    // What is on the straight way is waited for like the rest, and abandoned with it.
    this.#straight = undefined;
    this.#parts.straight?.leaveAll();
    const timer = setTimeout(() => this.#resolutions.abandonAll(), milliseconds);
    await Promise.allSettled(this.#waiting);
    clearTimeout(timer);
    this.#resolutions.abandonAll();
  }

  /** @returns false when the question is for the cache and the resolver. */
  #answerLocally(local: LocalAnswers, request: Request, asker: Asker): boolean {
    const question = lowerCaseName(requestQuestion(request));
    const answer = local.answer(question);
    if (answer !== undefined) {
      asker.trace?.tell({ of: 'hosts' });
      const reply = packRecords(answer, question);
      this.#send(asker, rendered({ reply, age: 0, source: 'local' }, request, asker.path));
      return true;
    }
    if (!local.exists(question.name)) return false;
    // An answer that was cached before the name was known here may deny it; a new one does not.
    const held = this.#parts.cache.peek(request);
    if (held !== undefined && held.rcode !== Rcode.NXDOMAIN) return false;
    asker.trace?.tell({ of: 'hosts' });
    this.#answerMiss(request, asker, undefined);
    return true;
  }

  /** `fallback` is a stale answer, or a fresh or stale one for the opposite DO bit. */
  #answerMiss(request: Request, asker: Asker, fallback: CachedAnswer | undefined): void {
    const now = this.#parts.now();
    const outcome =
      fallback !== undefined && isAsGood(fallback, request, now)
        ? this.#fromFallback(fallback, request, asker)
        : undefined;
    if (outcome !== undefined) {
      this.#send(asker, rendered(outcome, request, asker.path));
      return;
    }
    if (!request.recursionDesired) {
      this.#refuse(asker, request, Rcode.REFUSED, 'no-recursion');
      return;
    }
    const upstream = this.#parts.cameBackFrom(request.bytes, request.questionEnd);
    if (typeof upstream !== 'object') {
      this.#answerUnlessOurs(request, asker, fallback, upstream);
      return;
    }
    const kept = { ...request, bytes: new Uint8Array(request.bytes) };
    upstream.then((found) => this.#answerUnlessOurs(kept, asker, fallback, found)).catch(this.#parts.onBug);
  }

  /** Our own query must not wait for itself: SERVFAIL ends the loop in one round trip, and another upstream is asked. */
  #answerUnlessOurs(
    request: Request,
    asker: Asker,
    fallback: CachedAnswer | undefined,
    upstream: string | undefined,
  ): void {
    if (upstream === undefined) {
      this.#answerLater(request, asker, fallback);
      return;
    }
    this.#parts.onLoop(upstream);
    this.#refuse(asker, request, Rcode.SERVFAIL, 'loop');
  }

  #resolve(
    request: Request,
    { client }: ReplyPath,
    { trace, begun }: Pick<Wanted, 'trace' | 'begun'> = {},
  ): Promise<Outcome> {
    const { trustAuthenticData } = this.#parts;
    return this.#resolutions.resolve(request, { client, trace, begun, trustAuthenticData });
  }

  #refresh(request: Request, path: ReplyPath): void {
    this.#resolve(request, path).catch(this.#parts.onBug);
  }

  #answerLater(request: Request, asker: Asker, fallback: CachedAnswer | undefined): void {
    // The transport may reuse its buffer once `respond` has returned.
    const kept = { ...request, bytes: new Uint8Array(request.bytes) };
    const isPlain = fallback === undefined && asker.trace === undefined;
    if (isPlain && this.#straight?.take(kept, asker) === true) return;
    this.#answerFully(kept, asker, fallback);
  }

  /** The octets of the request must not change. With a query that was sent for it on the straight way, if there is one. */
  #answerFully(
    request: Request,
    asker: Asker,
    fallback: CachedAnswer | undefined,
    begun?: BegunQuery | undefined,
  ): void {
    const work = this.#answerAndSend(request, asker, fallback, begun);
    this.#waiting.add(work);
    work.then(() => this.#waiting.delete(work), this.#parts.onBug);
  }

  /** Rejects only when `send` throws, which is a bug of the transport. */
  async #answerAndSend(
    request: Request,
    asker: Asker,
    fallback: CachedAnswer | undefined,
    begun?: BegunQuery | undefined,
  ): Promise<void> {
    const { path } = asker;
    const ready = await this.#answer(request, asker, fallback, begun)
      .then((outcome) => rendered(outcome, request, path))
      .catch((error: unknown) => {
        this.#parts.onBug(error);
        return renderInternalError(request, path);
      });
    this.#send(asker, ready);
  }

  async #answer(
    request: Request,
    asker: Asker,
    fallback: CachedAnswer | undefined,
    begun?: BegunQuery | undefined,
  ): Promise<Outcome> {
    const resolving = this.#resolve(request, asker.path, { trace: asker.trace, begun });
    if (fallback === undefined) return await resolving;
    // For a client that wants signatures, an answer without them is better than a failure, but not than a late answer.
    const isLess = request.dnssecOk && !isForDnssec(fallback);
    const outcome = isLess ? await resolving : await withTimeout(resolving, STALE_AFTER, () => undefined);
    // RFC 8767 §4: a stale answer is better than a failure.
    const isOfNoHelp = outcome === undefined || isFailure(outcome.reply);
    const { cache } = this.#parts;
    // It may have been forgotten or evicted meanwhile; a copy for each that waits could take much memory.
    const held = isOfNoHelp ? cache.fallback(request) : undefined;
    if (held === undefined) return outcome ?? (await resolving);
    if (outcome === undefined) cache.postpone(held);
    return this.#fromFallback(held, request, asker) ?? (await resolving);
  }

  /** Undefined when it cannot be rendered without its DNSSEC records. */
  #fromFallback(fallback: CachedAnswer, request: Request, { trace }: Asker): Outcome | undefined {
    const now = this.#parts.now();
    trace?.tell(cacheFact(fallback, now, true));
    const isFresh = fallback.isFresh(now);
    const age = isFresh ? fallback.age(now) : 0;
    if (request.dnssecOk || !isForDnssec(fallback))
      return { reply: fallback.unpack(), age: isFresh ? age : 'stale', source: 'cache' };
    const reply = withoutDnssec(fallback.unpack(), age);
    if (reply === undefined) return undefined;
    if (isFresh) this.#parts.cache.put(request.cacheKey, reply, fallback.generation);
    return { reply, age: isFresh ? 0 : 'stale', source: 'cache' };
  }

  #sendCached(asker: Asker, request: Request, answer: CachedAnswer, age: number | 'stale'): void {
    this.#send(asker, rendered({ reply: answer.unpack(), age, source: 'cache' }, request, asker.path));
  }

  #refuse(asker: Asker, request: Request | RejectedRequest, rcode: number, why: RefusalReason): void {
    const error = refusals[why];
    asker.trace?.tell({ of: 'refused', why, text: error?.text ?? malformed(rcode) });
    const octets = renderError(request, rcode, error === undefined ? [] : [error], asker.path);
    this.#send(asker, { octets, rcode, source: 'local' });
  }

  #send(asker: Asker, { octets, rcode, source, upstream }: Rendered): void {
    const { send, begunAt, trace } = asker;
    this.#traffic.response(rcode, source, clock.now() - begunAt);
    if (trace !== undefined) this.#tellQuery(asker, rcodeToText(rcode), trace);
    send(octets, { source, upstream });
  }

  /** Tells whoever looks at live queries. */
  #tellQuery({ path, begunAt }: Asker, rcode: string, { facts }: Trace): void {
    const feed = this.#feed;
    if (feed?.hasRoom() !== true) return;
    const [first, ...rest] = facts;
    const [question, way] = first?.of === 'question' ? [first, rest] : [undefined, facts];
    feed.take({
      at: Date.now(),
      client: path.client,
      protocol: protocolNames[path.protocol],
      name: question?.name ?? '',
      type: question?.type ?? '',
      rcode,
      durationMs: Math.round((clock.now() - begunAt) * 10) / 10,
      way,
    });
  }
}

/** A reply as it is sent, and how it is counted. */
interface Rendered extends ReplyOrigin {
  readonly octets: Uint8Array;
  readonly rcode: number;
}

function rendered({ reply, age, source, upstream }: Outcome, request: Request, path: ReplyPath): Rendered {
  // As `renderReply` does for a client without EDNS.
  const rcode = reply.rcode > 15 && request.edns === undefined ? Rcode.SERVFAIL : reply.rcode;
  return { octets: renderReply(reply, request, age, path), rcode, source, upstream };
}

function renderInternalError(request: Request, path: ReplyPath): Rendered {
  const { rcode, extendedError } = failureReply(internalError);
  return { octets: renderError(request, rcode, [extendedError], path), rcode, source: 'local' };
}

/** 0 for a request without a question that can be read. */
function typeOf({ bytes, questionEnd }: Request | RejectedRequest): number {
  return questionEnd > HEADER_LENGTH ? u16(bytes, questionEnd - 4) : 0;
}

/** Whether an answer was made for queries with DO. */
function isForDnssec({ keyFlags }: CachedAnswer): boolean {
  return (keyFlags & KEY_DO) !== 0;
}

/**
 * Whether to use a fallback without asking: a fresh answer with DNSSEC records has all that a query without DO needs, and
 * after a failed refresh asking again would fail too.
 */
function isAsGood(fallback: CachedAnswer, { dnssecOk }: Request, now: number): boolean {
  return now < fallback.retryAt || (!dnssecOk && fallback.isFresh(now));
}
