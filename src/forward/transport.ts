import type { Cancellation } from '../async/cancellation.ts';
import type { Clock } from '../async/clock.ts';
import type { BegunQuery, StraightParty } from './begun-query.ts';
import { EdnsFallback } from './quirks/edns-fallback.ts';
import type { UpstreamReply } from './reply.ts';
import { noWrongReplies, type WrongReply } from './reply-match.ts';
import type { UpstreamRequest } from './request.ts';
import type { StraightQuery } from './straight/straight-query.ts';
import type { Ask, AskObserver, StraightUpstream, Upstream } from './upstream.ts';

/** One query in one form. */
export interface TransportQuery {
  readonly request: UpstreamRequest;
  /** Whether it carries an OPT record. */
  readonly edns: boolean;
  readonly observer: AskObserver;
  readonly cancellation: Cancellation;
  /** See `Ask`. */
  readonly begun?: BegunQuery | undefined;
}

/** The straight way of a transport: see `StraightUpstream`, which also knows of EDNS. */
export interface StraightTransport {
  readonly isOpen: boolean;
  /** `upstream` is told of an answer. */
  send(query: StraightQuery, party: StraightParty, upstream: StraightLearner): void;
}

/** Who learns from answers on the straight way. */
export interface StraightLearner {
  /** A query with an OPT record was answered, with or without one. */
  sawAnswer(hasEdns: boolean, now: number): void;
}

/** What a transport learns of the upstream that it is for. */
export interface TransportSetup {
  /** How people write the upstream. */
  readonly label: string;
  /** Counts a wrong reply. */
  readonly countWrong: (kind: WrongReply) => void;
}

/** Carries queries to one server at one address. A further protocol is one more implementation of this. */
export interface Transport {
  /** Whether datagrams can be lost, so that silence may have another cause than the server. */
  readonly isLossy: boolean;
  /**
   * The reply to one query, complete whatever its length. Has its own timeout.
   * @throws UpstreamFailure, or the reason of the cancellation.
   */
  exchange(query: TransportQuery): Promise<UpstreamReply>;
  /** Absent where there is none. */
  readonly straight?: StraightTransport | undefined;
  /** What the server does not do as others do, as clauses for people. */
  quirks(): readonly string[];
  /** The network changed: closes connections and forgets quirks; pending queries fail with `reset`. */
  reset(): void;
  /** Like `reset`, for good. */
  close(): void;
}

/** An upstream at one address: what all transports have in common. */
export class TransportUpstream implements Upstream {
  readonly label: string;
  readonly wrongReplies: Record<WrongReply, number> = noWrongReplies();
  readonly #transport: Transport;
  readonly #edns: EdnsFallback;
  /** See `Upstream`. */
  readonly straight: StraightUpstream | undefined;

  constructor(label: string, clock: Clock, open: (setup: TransportSetup) => Transport) {
    this.label = label;
    this.#edns = new EdnsFallback(clock);
    const countWrong = (kind: WrongReply): void => {
      this.wrongReplies[kind] += 1;
    };
    this.#transport = open({ label, countWrong });
    const { straight } = this.#transport;
    this.straight = straight && new StraightWithEdns(this.#edns, straight);
  }

  get isLossy(): boolean {
    return this.#transport.isLossy;
  }

  /** @throws UpstreamFailure, or the reason of the cancellation. */
  async ask({ request, attempt, isPlain, observer, cancellation, begun }: Ask): Promise<UpstreamReply> {
    const send = (edns: boolean) =>
      this.#transport.exchange({ request, edns, observer, cancellation, begun });
    // Where nothing is lost, silence says nothing about EDNS, so the attempt does not count.
    return await (isPlain === true ? send(false) : this.#edns.ask(this.isLossy ? attempt : 0, send));
  }

  quirks(): readonly string[] {
    return [...(this.#edns.isBroken ? ['does not support EDNS'] : []), ...this.#transport.quirks()];
  }

  reset(): void {
    this.#edns.forget();
    this.#transport.reset();
  }

  close(): void {
    this.#transport.close();
  }
}

class StraightWithEdns implements StraightUpstream, StraightLearner {
  readonly #edns: EdnsFallback;
  readonly #transport: StraightTransport;
  answeredAt = Number.NEGATIVE_INFINITY;

  constructor(edns: EdnsFallback, transport: StraightTransport) {
    this.#edns = edns;
    this.#transport = transport;
  }

  get isOpen(): boolean {
    return this.#transport.isOpen && !this.#edns.isBroken;
  }

  send(query: StraightQuery, party: StraightParty): void {
    this.#transport.send(query, party, this);
  }

  sawAnswer(hasEdns: boolean, now: number): void {
    this.answeredAt = now;
    this.#edns.sawAnswer(hasEdns);
  }
}
