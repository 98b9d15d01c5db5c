import type { DenseSetItem } from '../../async/dense-set.ts';
import { type MessageLayout, readLayout } from '../../dns/layout.ts';
import { WireError } from '../../dns/wire-error.ts';
import type { BegunQuery, StraightSending } from '../begun-query.ts';
import type { UpstreamHealth } from '../choice/health.ts';
import { isPlainReply, keepPlainReply, type UpstreamReply } from '../reply.ts';

/** A question as a client sent it. */
export interface StraightRequest {
  /** A message with one question, in any case. It must not change. */
  readonly bytes: Uint8Array;
  /** Offset after the question. */
  readonly questionEnd: number;
  /** The question in lower case, its type, and an octet: 1 for DO, 2 for CD. Equal questions have equal keys. */
  readonly cacheKey: string;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
}

/** Who is told what becomes of queries. */
export interface StraightOwner {
  /** A reply came that is the answer, with or without an OPT record. */
  answered(query: StraightQuery, sending: StraightSending, edns: boolean): void;
  /** Something else came, or nothing in time. */
  left(query: StraightQuery): void;
  /** It has left, and nobody goes on with it. */
  dropped(query: StraightQuery, sending: StraightSending): void;
}

/**
 * - `asked`: it was sent, and waits for its reply.
 * - `left`: something unusual came, or nothing; the full way may go on with it.
 * - `claimed`: the full way does, and has not come to the transport yet.
 * - `over`: answered or dropped, or an exchange of the transport has it.
 */
type Stage = 'asked' | 'left' | 'claimed' | 'over';

/**
 * A question on the straight way: one query to a healthy upstream, and a reply that is the answer as it is. It has no promises,
 * closures or timers of its own. For whatever is not usual it leaves for the full way, which goes on with the query as it
 * was sent and with what came: nothing is asked twice, and the full way decides.
 */
export abstract class StraightQuery implements BegunQuery, DenseSetItem {
  denseIndex = -1;
  readonly request: StraightRequest;
  /** When it was sent, and when its reply is late, by the clock of the owner. */
  sentAt = 0;
  lateAt = 0;
  /** That of the upstream when it was asked: after a change of the network it has another one. */
  health: UpstreamHealth | undefined;
  #owner: StraightOwner | undefined;
  #sending: StraightSending | undefined;
  #stage: Stage = 'over';

  constructor(request: StraightRequest) {
    this.request = request;
  }

  /** Whether a reply with this layout, which matches the query, needs nothing more. `bytes` must not be modified. */
  protected abstract accepts(bytes: Uint8Array, layout: MessageLayout): boolean;

  /** The reply; the octets belong to this query. Must not throw. */
  protected abstract answered(reply: UpstreamReply): void;

  /** It is for the full way from now on, which is to `claim` it; afterwards `drop` is to be called. Must not throw. */
  protected abstract left(): void;

  /** Called once, before it is sent. */
  begin(owner: StraightOwner, sentAt: number, lateAt: number, health: UpstreamHealth): void {
    this.#owner = owner;
    this.sentAt = sentAt;
    this.lateAt = lateAt;
    this.health = health;
  }

  /** It is sent. */
  sentOn(sending: StraightSending): void {
    this.#sending = sending;
    this.#stage = 'asked';
  }

  /** See `BegunQuery`. */
  get key(): string {
    return this.request.cacheKey;
  }

  /** See `BegunQuery`. */
  isAt(upstream: object): boolean {
    return this.#sending?.party.upstream === upstream;
  }

  /** Where it was sent; undefined when it has ended. */
  get sending(): StraightSending | undefined {
    return this.#sending;
  }

  /**
   * A reply came that matches what was sent. @returns whether it is the answer; then the query has ended. Otherwise the octets
   * are as they were, and it is to `leave`.
   */
  replied(octets: Uint8Array): boolean {
    const sending = this.#sending;
    if (this.#stage !== 'asked' || sending === undefined) return false;
    const layout = layoutOf(octets);
    if (layout === undefined || !isPlainReply(octets, layout) || !this.accepts(octets, layout)) return false;
    const reply = keepPlainReply(octets, layout, sending.party.upstream.label);
    this.#end();
    sending.end();
    this.#owner?.answered(this, sending, reply.edns);
    this.answered(reply);
    return true;
  }

  /** Leaves for the full way, if it has not yet. */
  leave(): void {
    if (this.#stage !== 'asked') return;
    this.#stage = 'left';
    this.#owner?.left(this);
    this.left();
  }

  /** The same, with nothing to go on with: what was sent is of no use, after a change of the network for instance. */
  restart(): void {
    if (this.#stage !== 'asked') return;
    this.#stage = 'left';
    this.#owner?.left(this);
    this.drop();
    this.left();
  }

  /** See `BegunQuery`. */
  claim(): boolean {
    if (this.#stage !== 'left') return false;
    this.#stage = 'claimed';
    return true;
  }

  /** See `BegunQuery`. */
  resume<S extends StraightSending>(isKnown: (sending: StraightSending) => sending is S): S | undefined {
    const sending = this.#sending;
    if (this.#stage !== 'claimed' || sending === undefined || !isKnown(sending)) return undefined;
    this.#end();
    return sending;
  }

  /** See `BegunQuery`. */
  release(): void {
    if (this.#stage === 'claimed') this.#giveUp();
  }

  /** See `BegunQuery`. */
  drop(): void {
    if (this.#stage !== 'left') return;
    const sending = this.#giveUp();
    if (sending !== undefined) this.#owner?.dropped(this, sending);
  }

  #giveUp(): StraightSending | undefined {
    const sending = this.#sending;
    this.#end();
    sending?.end();
    return sending;
  }

  /** Forgets what it refers to: a table may keep it alive for a while. */
  #end(): void {
    this.#stage = 'over';
    this.#sending = undefined;
  }
}

function layoutOf(bytes: Uint8Array): MessageLayout | undefined {
  try {
    return readLayout(bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
