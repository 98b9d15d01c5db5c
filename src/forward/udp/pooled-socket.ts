import { HEADER_LENGTH } from '../../dns/message.ts';
import type { PeerListener, PeerSocket } from '../../system/peer-socket.ts';
import type { Random } from '../random.ts';
import { isReplyHeader, type WrongReply } from '../reply-match.ts';
import type { Lane, LaneListener } from './lane.ts';
import { MAX_WRONG_REPLIES, spoofed } from './wrong-replies.ts';

/** Queries of one socket, from its opening to its end. */
const MAX_QUERIES = 32;

/** What a socket of a pool depends on. */
export interface PooledSocketOptions {
  /** When it takes no more queries, by the clock of `takesMore`. */
  readonly until: number;
  /** Told each datagram that no query of this socket can be given. */
  readonly countWrong: (kind: WrongReply) => void;
  /** Whether it stays open for later queries now that it has none. */
  readonly isKept: () => boolean;
  /** Called once, when it takes no more queries and all have ended. Then `close` is to be called. */
  readonly isUnused: () => void;
}

/**
 * A socket that several queries share. Each has an ID that no other query ever has on this socket, so a datagram belongs to one
 * query or to none, and a late reply to none.
 *
 * A datagram that is no reply may be a guess: then this port is known to somebody, and takes no more queries. After
 * `MAX_WRONG_REPLIES` of them all its queries are given up.
 */
export class PooledSocket implements PeerListener {
  /** See `PooledSocketOptions`. */
  readonly until: number;
  readonly #peer: PeerSocket;
  readonly #options: PooledSocketOptions;
  readonly #ids = new Uint16Array(MAX_QUERIES);
  /** By the index of the ID; undefined for a query that has ended. */
  readonly #waiting: (LaneListener | undefined)[] = [];
  #outstanding = 0;
  #strays = 0;
  #isRetired = false;
  #isDone = false;

  constructor(peer: PeerSocket, options: PooledSocketOptions) {
    this.#peer = peer;
    this.#options = options;
    this.until = options.until;
  }

  /** Whether it takes another query now. */
  takesMore(now: number): boolean {
    return !this.#isRetired && now < this.until && this.#waiting.length < MAX_QUERIES && this.#peer.isGood;
  }

  /** Room for one more query, as its index on this socket; only if `takesMore`. */
  add(random: Random): number {
    let id = random.u16();
    while (this.#indexOf(id) >= 0) id = random.u16();
    const index = this.#waiting.length;
    this.#ids[index] = id;
    this.#waiting.push(undefined);
    this.#outstanding += 1;
    return index;
  }

  /** The ID of a query. */
  id(index: number): number {
    return this.#ids[index] as number;
  }

  /** Sends a query, which must have its ID. */
  send(index: number, query: Uint8Array, listener: LaneListener): void {
    this.#waiting[index] = listener;
    this.#peer.send(query, this);
  }

  /** From now on `listener` waits for the reply to a query that was sent and has not ended. */
  listen(index: number, listener: LaneListener): void {
    this.#waiting[index] = listener;
  }

  /** A query has ended; once for each. */
  end(index: number): void {
    this.#waiting[index] = undefined;
    this.#outstanding -= 1;
    this.#check();
  }

  /** A lane for one more query; only if `takesMore`. */
  take(random: Random): Lane {
    const index = this.add(random);
    return {
      id: this.id(index),
      send: (query, listener) => this.send(index, query, listener),
      end: () => this.end(index),
    };
  }

  /** It takes no more queries. */
  retire(): void {
    this.#isRetired = true;
    this.#check();
  }

  /** Frees the port. */
  close(): void {
    this.#peer.close();
  }

  /** See `PeerListener`. */
  received(octets: Uint8Array): void {
    if (octets.length < HEADER_LENGTH) {
      this.#stray('short');
      return;
    }
    const index = this.#indexOf(((octets[0] as number) << 8) | (octets[1] as number));
    if (index < 0) {
      this.#stray(isReplyHeader(octets) ? 'id' : 'not-a-reply');
      return;
    }
    // A late or a second reply, of which nobody can tell whether it is true, has nobody who waits.
    const isReply = this.#waiting[index]?.received(octets) ?? true;
    if (!isReply) this.#suspect();
  }

  /** See `PeerListener`. An ICMP error says nothing of which query it is about, and concerns all. */
  failed(error: unknown): void {
    this.#isRetired = true;
    for (const listener of [...this.#waiting]) listener?.failed(error);
    this.#check();
  }

  #stray(kind: WrongReply): void {
    this.#options.countWrong(kind);
    this.#suspect();
  }

  #suspect(): void {
    this.#strays += 1;
    if (this.#strays >= MAX_WRONG_REPLIES) this.failed(spoofed());
    else this.retire();
  }

  #indexOf(id: number): number {
    for (let i = this.#waiting.length - 1; i >= 0; i--) if (this.#ids[i] === id) return i;
    return -1;
  }

  #check(): void {
    if (this.#outstanding > 0 || this.#isDone) return;
    if (!this.#isRetired && this.#options.isKept()) return;
    this.#isRetired = true;
    this.#isDone = true;
    this.#options.isUnused();
  }
}
