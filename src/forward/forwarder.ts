import type { Cancellation } from '../async/cancellation.ts';
import { type Clock, systemClock } from '../async/clock.ts';
import { DenseSet } from '../async/dense-set.ts';
import type { Name } from '../dns/name.ts';
import type { Question } from '../dns/question.ts';
import type { UpstreamsFact } from '../way/fact.ts';
import type { Trace } from '../way/trace.ts';
import type { BegunQuery } from './begun-query.ts';
import { Inquiry, type InquiryOptions } from './choice/inquiry.ts';
import { Member } from './choice/member.ts';
import { nextUpstream } from './choice/next-upstream.ts';
import { Prober } from './choice/prober.ts';
import { SingleFlight } from './choice/single-flight.ts';
import { type ForwarderStatus, statusOf } from './choice/status.ts';
import { ForwardError } from './errors.ts';
import { lookUpHost } from './named/host-lookup.ts';
import { NamedUpstream } from './named/upstream.ts';
import { openUpstream, type UpstreamParts } from './open-upstream.ts';
import { createRandomPool, type Random } from './random.ts';
import { replyInCase, type UpstreamReply } from './reply.ts';
import { buildRequest, requestKey, type UpstreamRequest } from './request.ts';
import { SocketBudget } from './socket-budget.ts';
import { type RouteSpec, specToText, type UpstreamSpec } from './spec/upstream-spec.ts';
import { FirstCandidate, StraightAsking } from './straight/straight-asking.ts';
import type { StraightQuery } from './straight/straight-query.ts';
import { TlsAuthorities } from './tls/authorities.ts';
import type { SocketUse } from './udp/lane.ts';
import { SentQuestions } from './udp/sent-questions.ts';
import { SourcePorts } from './udp/source-ports.ts';
import type { Upstream } from './upstream.ts';

/** The configured upstream resolvers. */
export interface UpstreamSet {
  /** For every name without a route. */
  readonly upstreams: readonly UpstreamSpec[];
  /** For when none of `upstreams` answers. */
  readonly fallback: readonly UpstreamSpec[];
  /** Domains with upstreams of their own. The longest matching domain wins; several routes for one domain add up. */
  readonly routes: readonly RouteSpec[];
}

export interface ForwarderOptions extends UpstreamSet {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Maximum number of queries in flight, probes included; default 4096. Beyond it, questions fail with `overloaded`. */
  readonly maxInFlight?: number;
  /** The sockets that they may use; default 4096. */
  readonly budget?: SocketBudget;
  /** How sockets are used for queries over UDP; default `pooled`. */
  readonly sockets?: SocketUse;
  /** The trusted certificate authorities; default: the public ones. */
  readonly authorities?: TlsAuthorities;
  /** Opens the upstream of a specification; default `openUpstream`. */
  readonly open?: (spec: UpstreamSpec, parts: UpstreamParts) => Upstream;
}

/** A question for upstreams: everything that their answer depends on, and nothing about the client. */
export interface ForwardRequest {
  readonly question: Question;
  /** The DO bit, passed on. */
  readonly dnssecOk: boolean;
  /** The CD bit, passed on. */
  readonly checkingDisabled: boolean;
  /** A query for it that was sent on the straight way, and has left it. */
  readonly begun?: BegunQuery | undefined;
}

/** Forwards questions to upstream resolvers. */
export interface Forwarder {
  /**
   * The answer of an upstream, within 4.2 s. Equal questions in flight share one query; case does not matter. `trace` is told
   * who is asked, and what came of it.
   * @throws ForwardError, or the reason of the cancellation.
   */
  forward(request: ForwardRequest, cancellation: Cancellation, trace?: Trace): Promise<UpstreamReply>;
  /**
   * Asks a question whose name has no route on the straight way: one query over UDP to the best upstream, if that is healthy.
   * @returns false when the question is for `forward`; then nothing was done.
   */
  askStraight(query: StraightQuery): boolean;
  /** What is asked on the straight way. */
  readonly straight: StraightAsking;
  /** Whether a route is configured for `name`. It takes precedence over most special-use rules. */
  hasRoute(name: Name): boolean;
  /** The domain of that route: the longest one that `name` is at or below. */
  routeOf(name: Name): Name | undefined;
  /** Who is there for `name`, as a fact of a trace. */
  upstreamsFor(name: Name): UpstreamsFact;
  /** Whether the same upstreams are asked for both names. */
  shareUpstreams(one: Name, other: Name): boolean;
  /**
   * Detects forwarding loops: if an incoming query is one of our own, the label of the upstream that it was sent to.
   * Undefined for every other query. `questionEnd` is the offset after its question.
   */
  cameBackFrom(query: Uint8Array, questionEnd: number): string | undefined;
  /** Whether an upstream for names without a route has replied since the start, or since the network changed. */
  hasAnswered(): boolean;
  /** For `status`: the state of each upstream, which one is next and why, and the last errors. */
  status(): ForwarderStatus;
  /**
   * Replaces the upstreams. What is known of those that stay is kept, and pending questions start again.
   * @throws UpstreamSpecError if one cannot be opened; then nothing has changed.
   */
  setUpstreams(set: UpstreamSet): void;
  /** The network changed: forgets round trips, failures and connections, and starts pending questions again. */
  networkChanged(): void;
  /** Closes everything at once; pending questions fail with `closed`. */
  close(): void;
}

/** The upstreams for the same names. */
interface Group {
  /** Tells groups apart in the keys of equal questions. */
  readonly id: number;
  readonly members: readonly Member[];
}

/** The upstreams for names without a route. */
interface DefaultGroup extends Group {
  readonly candidates: readonly FirstCandidate[];
}

/** The upstreams of a route. */
interface RouteGroup extends Group {
  readonly domain: Name;
  readonly link: string | undefined;
}

const DEFAULT_MAX_IN_FLIGHT = 4096;

/**
 * A forwarder with these upstreams; nothing is sent before the first question.
 * @throws UpstreamSpecError for an upstream that cannot be opened.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  return new UpstreamForwarder(options);
}

class UpstreamForwarder implements Forwarder {
  readonly #parts: UpstreamParts;
  readonly #open: (spec: UpstreamSpec, parts: UpstreamParts) => Upstream;
  readonly #maxInFlight: number;
  readonly #inFlight = { count: 0 };
  readonly #flights = new SingleFlight<string, UpstreamReply>();
  readonly #inquiries = new DenseSet<Inquiry>();
  readonly #prober: Prober;
  /** By role and label. */
  #members = new Map<string, Member>();
  #defaults: DefaultGroup = { id: 0, members: [], candidates: [] };
  /** By the key of the domain. */
  #routes = new Map<string, RouteGroup>();
  readonly #sent = new SentQuestions();
  /** See `Forwarder`. */
  readonly straight: StraightAsking;
  #isClosed = false;
  #questions = 0;
  #failures = 0;

  constructor(options: ForwarderOptions) {
    const { clock = systemClock, random = createRandomPool() } = options;
    const { budget = new SocketBudget(DEFAULT_MAX_IN_FLIGHT) } = options;
    this.#parts = {
      ...{ clock, random, ports: new SourcePorts(random, clock), sent: this.#sent, budget },
      sockets: options.sockets ?? 'pooled',
      authorities: options.authorities ?? TlsAuthorities.bundled,
      resolveHost: (host, cancellation) =>
        lookUpHost(host, (request) => {
          this.#questions += 1;
          return this.#ask(request, () => this.#addressed(request.question.name), cancellation);
        }),
    };
    this.#open = options.open ?? openUpstream;
    this.#maxInFlight = options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
    this.#prober = new Prober(clock, () => this.#members.values());
    this.straight = new StraightAsking(clock);
    this.setUpstreams(options);
  }

  /** See `Forwarder`. */
  async forward(request: ForwardRequest, cancellation: Cancellation, trace?: Trace): Promise<UpstreamReply> {
    const { question, dnssecOk, checkingDisabled } = request;
    if (this.#isClosed) throw new ForwardError('closed');
    this.#prober.used();
    const query = buildRequest(question, dnssecOk, checkingDisabled);
    const text = requestKey(query);
    const own = request.begun?.key === text ? request.begun : undefined;
    // It was counted when it was asked on the straight way.
    if (own === undefined) this.#questions += 1;
    const { id } = this.#groupOf(question.name);
    const key = id === 0 ? text : text + id;
    // Equal questions are never outstanding twice: this one goes on with what was sent.
    const equal = id === 0 ? this.straight.find(text) : undefined;
    equal?.leave();
    const begun = equal ?? own;
    const members = () => this.#groupOf(question.name).members;
    if (trace !== undefined) {
      trace.tell(this.upstreamsFor(question.name));
      if (this.#flights.has(key)) trace.tell({ of: 'joined' });
    }
    const reply = await this.#flights.run(
      key,
      (abandoned) => this.#ask(query, members, abandoned, { trace, begun }),
      cancellation,
    );
    return replyInCase(reply, query.asked);
  }

  /** See `Forwarder`. */
  askStraight(query: StraightQuery): boolean {
    const { cacheKey } = query.request;
    if (this.#isClosed || this.#inFlight.count >= this.#maxInFlight) return false;
    if (this.#flights.has(cacheKey) || this.#isRouted(cacheKey)) return false;
    if (!this.straight.ask(query, this.#defaults.candidates)) return false;
    this.#questions += 1;
    this.#prober.used();
    return true;
  }

  /** See `Forwarder`. */
  hasRoute(name: Name): boolean {
    return this.#routeOf(name) !== undefined;
  }

  /** See `Forwarder`. */
  routeOf(name: Name): Name | undefined {
    return this.#routeOf(name)?.domain;
  }

  /** See `Forwarder`. */
  upstreamsFor(name: Name): UpstreamsFact {
    const { members, domain, link }: Group & Partial<RouteGroup> = this.#groupOf(name);
    return {
      of: 'upstreams',
      labels: members.map(({ upstream }) => upstream.label),
      ...(domain !== undefined && { route: domain.toString() }),
      ...(link !== undefined && { link }),
    };
  }

  /** See `Forwarder`. */
  shareUpstreams(one: Name, other: Name): boolean {
    return this.#groupOf(one) === this.#groupOf(other);
  }

  /** See `Forwarder`. */
  cameBackFrom(query: Uint8Array, questionEnd: number): string | undefined {
    return this.#sent.cameBackFrom(query, questionEnd) ?? this.straight.cameBackFrom(query, questionEnd);
  }

  /** See `Forwarder`. */
  hasAnswered(): boolean {
    return this.#defaults.members.some(({ health }) => Number.isFinite(health.lastHeardAt));
  }

  /** See `Forwarder`. */
  status(): ForwarderStatus {
    const now = this.#parts.clock.now();
    const { members } = this.#defaults;
    const candidates = members.map(({ health, isFallback, upstream: { isLossy } }) => ({
      ...{ health, isFallback, isLossy, asked: 0, isSpent: false },
    }));
    const choice = nextUpstream(candidates, now);
    return statusOf({
      now,
      members: [...this.#members.values()],
      defaults: members,
      next: choice === undefined ? undefined : { member: members[choice.index], why: choice.why },
      routes: [...this.#routes.values()],
      counts: { questions: this.#questions, failures: this.#failures, inFlight: this.#inFlight.count },
    });
  }

  /** See `Forwarder`. */
  setUpstreams(set: UpstreamSet): void {
    const before = this.#members;
    const members = new Map<string, Member>();
    const opened: Member[] = [];
    const member = (spec: UpstreamSpec, isFallback: boolean): Member => {
      const key = `${isFallback ? 'fallback' : 'upstream'} ${specToText(spec)}`;
      let found = members.get(key) ?? before.get(key);
      if (found === undefined) {
        found = new Member(this.#open(spec, this.#parts), isFallback, this.#inFlight);
        opened.push(found);
      }
      members.set(key, found);
      return found;
    };
    try {
      const ordinary = set.upstreams.map((spec) => member(spec, false));
      const fallback = set.fallback.map((spec) => member(spec, true));
      const all = unique([...ordinary, ...fallback]);
      const defaults = { id: 0, members: all, candidates: all.map((one) => new FirstCandidate(one)) };
      this.#routes = makeRoutes(set.routes, defaults, (spec) => member(spec, false));
      this.#defaults = defaults;
    } catch (error) {
      for (const { upstream } of opened) upstream.close();
      throw error;
    }
    this.#members = members;
    for (const [key, { upstream }] of before) {
      if (!members.has(key)) upstream.close();
    }
    for (const inquiry of this.#inquiries.items()) inquiry.restart();
    this.straight.leaveAll('anew');
  }

  /** See `Forwarder`. */
  networkChanged(): void {
    for (const member of this.#members.values()) member.forget();
    for (const inquiry of this.#inquiries.items()) inquiry.restart();
    this.straight.leaveAll('anew');
  }

  /** See `Forwarder`. */
  close(): void {
    this.#isClosed = true;
    this.#prober.close();
    for (const inquiry of this.#inquiries.items()) inquiry.close();
    this.straight.leaveAll('anew');
    for (const { upstream } of this.#members.values()) upstream.close();
  }

  async #ask(
    request: UpstreamRequest,
    members: () => readonly Member[],
    cancellation: Cancellation,
    { trace, begun }: Pick<InquiryOptions, 'trace' | 'begun'> = {},
  ): Promise<UpstreamReply> {
    const inquiry = new Inquiry({
      request,
      members,
      clock: this.#parts.clock,
      cancellation,
      trace,
      begun,
      mayBegin: () => this.#inFlight.count < this.#maxInFlight,
      upstreamSuspected: () => this.#prober.upstreamSuspected(),
    });
    this.#inquiries.add(inquiry);
    try {
      return await inquiry.run();
    } catch (error) {
      if (error instanceof ForwardError) this.#failures += 1;
      throw error;
    } finally {
      this.#inquiries.delete(inquiry);
    }
  }

  /** The upstreams that can look up the host name of another one: those with an address. */
  #addressed(name: Name): readonly Member[] {
    const hasAddress = ({ upstream }: Member): boolean => !(upstream instanceof NamedUpstream);
    const routed = this.#groupOf(name).members.filter(hasAddress);
    return routed.length > 0 ? routed : this.#defaults.members.filter(hasAddress);
  }

  #groupOf(name: Name): Group {
    return this.#routeOf(name) ?? this.#defaults;
  }

  /** The same as `hasRoute`, for the name at the beginning of a key. */
  #isRouted(key: string): boolean {
    if (this.#routes.size === 0) return false;
    const end = key.length - 3;
    for (let at = 0; at < end; at += key.charCodeAt(at) + 1) {
      if (this.#routes.has(key.slice(at, end))) return true;
    }
    return false;
  }

  /** The group of the longest domain that `name` is at or below. */
  #routeOf(name: Name): RouteGroup | undefined {
    if (this.#routes.size === 0) return undefined;
    for (let count = name.labels.length; count > 0; count--) {
      const route = this.#routes.get(name.ancestor(count).key);
      if (route !== undefined) return route;
    }
    return undefined;
  }
}

function makeRoutes(
  specs: readonly RouteSpec[],
  defaults: Group,
  member: (spec: UpstreamSpec) => Member,
): Map<string, RouteGroup> {
  const routes = new Map<string, RouteGroup>();
  for (const { domains, upstream, link } of specs) {
    const added = upstream === 'default' ? defaults.members : [member(upstream)];
    for (const domain of domains) {
      const before = routes.get(domain.key);
      const id = before?.id ?? routes.size + 1;
      routes.set(domain.key, { id, domain, link, members: unique([...(before?.members ?? []), ...added]) });
    }
  }
  return routes;
}

function unique(members: readonly Member[]): readonly Member[] {
  return [...new Set(members)];
}
