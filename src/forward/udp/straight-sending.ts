import type { StraightParty, StraightSending } from '../begun-query.ts';
import type { Quirk } from '../quirks/quirk.ts';
import { matchReply } from '../reply-match.ts';
import { hasUpperCase } from '../request.ts';
import type { StraightQuery } from '../straight/straight-query.ts';
import type { StraightLearner } from '../transport.ts';
import type { Lane, LaneListener } from './lane.ts';
import type { PooledSocket } from './pooled-socket.ts';

/** How a query of the straight way was sent over UDP. */
export interface UdpSendingParts {
  readonly party: StraightParty;
  readonly socket: PooledSocket;
  /** Of the query on that socket. */
  readonly index: number;
  readonly octets: Uint8Array;
  readonly upstream: StraightLearner;
  readonly foldsCase: Quirk;
}

/** A query of the straight way over UDP. */
export class UdpSending implements StraightSending, LaneListener {
  readonly query: StraightQuery;
  readonly #parts: UdpSendingParts;
  /** What came after the query left, in order. */
  #missed: Uint8Array[] | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(query: StraightQuery, parts: UdpSendingParts) {
    this.query = query;
    this.#parts = parts;
  }

  /** See `StraightSending`. */
  get party(): StraightParty {
    return this.#parts.party;
  }

  /** See `StraightSending`. */
  get octets(): Uint8Array {
    return this.#parts.octets;
  }

  /** See `LaneListener`. */
  received(reply: Uint8Array): boolean {
    const match = matchReply(this.octets, this.query.request.questionEnd, reply);
    if (match === 'match' && this.query.replied(reply)) return true;
    this.#missed ??= [];
    this.#missed.push(reply);
    this.query.leave();
    return match === 'match' || match === 'case';
  }

  /** See `LaneListener`. */
  failed(error: unknown): void {
    this.#failure ??= { error };
    this.query.leave();
  }

  /** See `StraightSending`. */
  answered(hasEdns: boolean, now: number): void {
    const { upstream, foldsCase, octets } = this.#parts;
    upstream.sawAnswer(hasEdns, now);
    if (hasUpperCase(octets, this.query.request.questionEnd)) foldsCase.clear();
  }

  /** See `StraightSending`. */
  end(): void {
    const { socket, index } = this.#parts;
    socket.end(index);
  }

  /** For an exchange that goes on with it. */
  get lane(): Lane {
    const { socket, index } = this.#parts;
    return {
      id: socket.id(index),
      send: (_, listener) => socket.listen(index, listener),
      end: () => socket.end(index),
    };
  }

  /** Tells an exchange that goes on with it what came meanwhile. */
  replay(listener: LaneListener): void {
    for (const octets of this.#missed ?? []) listener.received(octets);
    if (this.#failure !== undefined) listener.failed(this.#failure.error);
  }
}
