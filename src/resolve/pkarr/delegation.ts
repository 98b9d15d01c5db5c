import { Cancellation } from '../../async/cancellation.ts';
import { type Clock, systemClock } from '../../async/clock.ts';
import { Class, rcodeToText, Type, typeToText } from '../../dns/codes.ts';
import { decodeMessage } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import type { Question } from '../../dns/question.ts';
import type { ResourceRecord, RRset } from '../../dns/record.ts';
import { type AuthorityClient, iterativeRequest } from '../../forward/authority.ts';
import { UpstreamFailure } from '../../forward/errors.ts';
import type { UpstreamRequest } from '../../forward/request.ts';
import { addressToText } from '../../ip/address.ts';
import type { Trace } from '../../way/trace.ts';
import { aliasLoop, MAX_ALIASES } from '../alias-limit.ts';
import { type RecordsAnswer, recordsAnswer, toRecords } from '../answer.ts';
import { ResolveError } from '../errors.ts';
import type { Query, ResolveContext, Resolver } from '../query.ts';
import { type DelegationTrail, ResolutionBudget } from '../resolution-budget.ts';
import { type AuthorityVerdict, judgeReply } from './authority-reply.ts';
import { hedgedTries, type TryOutcome } from './hedged-tries.ts';
import { type NameServer, NameServers } from './name-servers.ts';
import { type ServerAddressPolicy, whyNotQueried } from './server-address.ts';

/** Milliseconds that one resolution may spend on name servers: less than the deadline for a client's answer. */
const TOTAL_MS = 4_000;

/** Timeout of one server in milliseconds, over UDP and again over TCP. */
const TRY_MS = 800;

/** Milliseconds without an answer until the next server is queried as well. */
const HEDGE_MS = 300;

/** Maximum number of reasons in an error message. */
const MAX_REASONS = 3;

/** What `Delegation` depends on. */
export interface DelegationParts {
  readonly authority: Pick<AuthorityClient, 'ask'>;
  /** Resolves aliases that leave the delegated zone, and name server names: the router. */
  readonly follow: Resolver;
  readonly policy: ServerAddressPolicy;
  /** The port of name servers; 53 by default (RFC 1035 §4.2). */
  readonly port?: number;
  readonly clock?: Clock;
}

/** A name at or below a delegation. */
export interface Referral {
  readonly name: Name;
  /** The NS RRset; its owner is the delegated zone. */
  readonly servers: RRset;
  /** A and AAAA records that came with it. */
  readonly glue: readonly ResourceRecord[];
}

/** Queries the name servers of zones delegated by packets: an iterative resolver for names below a key. */
export class Delegation {
  readonly #parts: DelegationParts;
  readonly #clock: Clock;

  constructor(parts: DelegationParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
  }

  /**
   * The answer to `query` for the name of `referral`, aliases followed.
   * @throws ResolveError `delegation` when no name server gave one, and whatever following an alias throws.
   */
  async resolve(referral: Referral, query: Query, context: ResolveContext): Promise<RecordsAnswer> {
    const { question } = query;
    const within: TrailContext = {
      ...context,
      budget: context.budget ?? new ResolutionBudget(),
      delegation: context.delegation ?? { endsAt: this.#clock.now() + TOTAL_MS, cuts: [] },
    };
    const asked = { ...question, name: referral.name };
    const verdict = await this.#walk(referral, { ...query, question: asked }, within);
    if (verdict.kind === 'answer') {
      const { rcode, answers, authorities, additionals } = verdict;
      return recordsAnswer({ rcode, authoritative: false, answers, authorities, additionals });
    }
    const { chain, target, steps } = verdict;
    const next = { ...within, aliasesFollowed: context.aliasesFollowed + steps };
    if (next.aliasesFollowed > MAX_ALIASES) throw aliasLoop();
    const followed = { ...query, question: { ...question, name: target } };
    const rest = toRecords(await this.#parts.follow.resolve(followed, next));
    return { ...rest, authoritative: false, answers: [...chain, ...rest.answers] };
  }

  /** Walks down from zone to zone. Each is below the one before, and their number is limited, so this ends. */
  async #walk(referral: Referral, query: Query, context: TrailContext): Promise<FinalVerdict> {
    const { budget, delegation, cancellation } = context;
    const reasons = new Set<string>();
    let zone = referral.servers[0].name;
    const over = new AbortController();
    const outOfTime = () => over.abort(failed(zone, [...reasons, 'timeout']));
    const stopTimer = this.#clock.after(Math.max(0, delegation.endsAt - this.#clock.now()), outOfTime);
    try {
      const signal = AbortSignal.any([cancellation.signal, over.signal]);
      using limit = Cancellation.following(signal);
      const limited = { ...context, cancellation: limit };
      let here: Omit<Referral, 'name'> = referral;
      for (;;) {
        zone = here.servers[0].name;
        if (delegation.cuts.some((cut) => cut.equals(zone))) {
          throw failed(zone, ['their addresses can only be found by asking them']);
        }
        if (!budget.take('cut')) throw failed(zone, ['too many delegations']);
        const verdict = await this.#askZone(here, query, limited, reasons);
        if (verdict === undefined) throw failed(zone, [...reasons]);
        if (verdict.kind !== 'referral') return verdict;
        here = verdict;
      }
    } finally {
      stopTimer();
    }
  }

  /** The first usable reply from a zone's servers; undefined when there is none. The other queries are cancelled. */
  async #askZone(
    { servers, glue }: Omit<Referral, 'name'>,
    { question, dnssecOk }: Query,
    context: TrailContext,
    reasons: Set<string>,
  ): Promise<UsefulVerdict | undefined> {
    const zone = servers[0].name;
    const won = new AbortController();
    const signal = AbortSignal.any([context.cancellation.signal, won.signal]);
    using ending = Cancellation.following(signal);
    const inside: TrailContext = {
      ...context,
      cancellation: ending,
      delegation: { ...context.delegation, cuts: [...context.delegation.cuts, zone] },
    };
    const round: Round = {
      ...{ zone, question, dnssecOk, reasons, signal, trace: context.trace },
      request: iterativeRequest(question, dnssecOk),
      budget: context.budget,
      servers: new NameServers({
        servers,
        glue,
        lookUp: (name, found) => this.#lookUp(name, found, round, inside),
        mayQuery: (address) => this.#mayQuery(address, reasons),
      }),
    };
    try {
      return await hedgedTries(() => this.#askOne(round), { clock: this.#clock, hedgeMs: HEDGE_MS, signal });
    } finally {
      won.abort();
    }
  }

  /** Queries the next server. */
  async #askOne(round: Round): Promise<TryOutcome<UsefulVerdict>> {
    const { servers, budget, reasons, zone, question, dnssecOk } = round;
    const server = await servers.next();
    if (server === undefined) return 'none-left';
    if (!budget.take('query')) {
      reasons.add('too many queries');
      return 'none-left';
    }
    const reply = await this.#ask(server, round);
    if (reply === undefined) return 'useless';
    const verdict = judgeReply(decodeMessage(reply), question, zone, dnssecOk);
    if (verdict.kind !== 'lame') return verdict;
    reasons.add(`${server.address} ${verdict.why}`);
    return 'useless';
  }

  async #ask(server: NameServer, round: Round): Promise<Uint8Array | undefined> {
    const { address, attempt } = server;
    const { request, signal, trace } = round;
    const begunAt = trace?.now() ?? 0;
    const tell = (text: string) =>
      trace?.tell({
        of: 'name-server',
        ...{ zone: String(round.zone), address, text, durationMs: trace.tookSince(begunAt) },
      });
    const port = this.#parts.port ?? 53;
    try {
      const ask = { address, port, request, attempt, tryMs: TRY_MS, signal };
      const { bytes, rcode } = await this.#parts.authority.ask(ask);
      tell(`answered ${rcodeToText(rcode)}`);
      return bytes;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      tell(error.message);
      round.reasons.add(`${address} ${error.message}`);
      if (error.kind === 'timed-out') round.servers.timedOut(server);
      return undefined;
    }
  }

  #mayQuery(address: Uint8Array, reasons: Set<string>): boolean {
    const why = whyNotQueried(address, this.#parts.port ?? 53, this.#parts.policy);
    if (why !== undefined) reasons.add(`${addressToText(address)} ${why}`);
    return why === undefined;
  }

  /**
   * Looks up a name server without glue: ordinary names at the upstreams, names of keys in packets and, on the same
   * budget, at the name servers that those delegate to.
   */
  async #lookUp(
    name: Name,
    found: (addresses: readonly Uint8Array[]) => void,
    { zone, reasons, budget }: Round,
    context: TrailContext,
  ): Promise<void> {
    if (name.isWithin(zone)) {
      reasons.add('a name server inside the zone has no glue address');
      return;
    }
    if (!budget.take('lookup')) {
      reasons.add('too many name server names to look up');
      return;
    }
    await new Promise<void>((resolve, reject) => {
      let waiting = 2;
      for (const type of [Type.A, Type.AAAA]) {
        this.#addresses(name, type, reasons, context)
          .then((addresses) => {
            found(addresses);
            waiting -= 1;
            if (addresses.length > 0 || waiting === 0) resolve();
          })
          .catch(reject);
      }
    });
  }

  async #addresses(
    name: Name,
    type: number,
    reasons: Set<string>,
    context: TrailContext,
  ): Promise<readonly Uint8Array[]> {
    const query = {
      question: { name, type, class: Class.IN },
      dnssecOk: false,
      checkingDisabled: false,
    };
    try {
      context.trace?.tell({
        of: 'question',
        ...{ name: String(name), type: typeToText(type), why: 'name-server' },
      });
      const { answers } = toRecords(await this.#parts.follow.resolve(query, context));
      const addresses = answers.filter((record) => record.type === type).map(({ rdata }) => rdata);
      if (addresses.length === 0) reasons.add('a name server has no address');
      return addresses;
    } catch (error) {
      // Another name server may be found. After a cancellation nobody waits for this any more.
      if (!(error instanceof ResolveError)) throw error;
      reasons.add(
        error.kind === 'too-many-keys' ? 'too many keys to look up' : 'a name server could not be looked up',
      );
      return [];
    }
  }
}

type TrailContext = ResolveContext & {
  readonly budget: ResolutionBudget;
  readonly delegation: DelegationTrail;
};
type UsefulVerdict = Exclude<AuthorityVerdict, { readonly kind: 'lame' }>;
type FinalVerdict = Exclude<UsefulVerdict, { readonly kind: 'referral' }>;

/** What stays the same while the servers of one zone are queried. */
interface Round {
  readonly zone: Name;
  readonly question: Question;
  readonly dnssecOk: boolean;
  readonly request: UpstreamRequest;
  readonly servers: NameServers;
  readonly budget: ResolutionBudget;
  /** Clauses about what went wrong, without duplicates. */
  readonly reasons: Set<string>;
  readonly signal: AbortSignal;
  readonly trace: Trace | undefined;
}

function failed(zone: Name, reasons: readonly string[]): ResolveError {
  const told = reasons.slice(0, MAX_REASONS).join('; ');
  return new ResolveError('delegation', `No name server gave a usable answer for ${zone}: ${told}.`);
}
