import type { WrongReply } from '../reply-match.ts';
import type { Lane, Lanes } from './lane.ts';
import { PooledSocket } from './pooled-socket.ts';
import { openQuerySocket, type QuerySocketParts, type QueryTarget } from './query-sockets.ts';

/**
 * Sockets that take queries at the same time; 65,536 is a multiple of it. RFC 5452 §9.2: "Use multiple different source ports
 * simultaneously when processing multiple outstanding queries".
 */
const PLACES = 8;

/** How long a socket takes queries, in ms. */
const LIFE_MS = 200;

/** The shortest time between two looks for sockets that are too old, in ms. */
const MIN_SWEEP_MS = 20;

/**
 * The sockets for queries to one upstream, each for up to 32 queries within 200 ms: to open and close one takes longer than
 * all else about a query. A query draws one of eight places at random, and the socket of a place is opened when a query
 * needs it, so an idle program holds none. `docs/upstream-sockets.md` argues that this is as hard to spoof as a socket for
 * each query.
 */
export class SocketPool implements Lanes {
  readonly #target: QueryTarget;
  readonly #parts: QuerySocketParts;
  readonly #countWrong: (kind: WrongReply) => void;
  readonly #places: (PooledSocket | undefined)[] = new Array<undefined>(PLACES).fill(undefined);
  /** Sockets that are closed after this turn of the event loop. */
  readonly #unused: PooledSocket[] = [];
  #stopSweep: (() => void) | undefined;
  #isClosed = false;

  /** `countWrong` is told each datagram that is no reply to a query of its socket. */
  constructor(target: QueryTarget, parts: QuerySocketParts, countWrong: (kind: WrongReply) => void) {
    this.#target = target;
    this.#parts = parts;
    this.#countWrong = countWrong;
  }

  /** See `Lanes`. */
  take(): Lane {
    return this.draw().take(this.#parts.random);
  }

  /** A socket that takes one more query now. @throws UpstreamFailure `no-sockets` */
  draw(): PooledSocket {
    const { random, clock } = this.#parts;
    const place = random.u16() % PLACES;
    const now = clock.now();
    const there = this.#places[place];
    if (there?.takesMore(now) === true) return there;
    there?.retire();
    this.#places[place] = undefined;
    // Without another descriptor any port is better than none.
    const other = this.#parts.budget.isSpent
      ? this.#places.find((socket) => socket?.takesMore(now))
      : undefined;
    if (other !== undefined) return other;
    const opened = this.#open(now);
    this.#places[place] = opened;
    return opened;
  }

  /** See `Lanes`. Queries without a reply are ended by whoever sent them. */
  reset(): void {
    this.#stopSweep?.();
    this.#stopSweep = undefined;
    for (const socket of this.#places) socket?.retire();
    this.#places.fill(undefined);
    this.#closeUnused();
  }

  /** See `Lanes`. */
  close(): void {
    this.#isClosed = true;
    this.reset();
  }

  /** @throws UpstreamFailure `no-sockets` */
  #open(now: number): PooledSocket {
    const { budget, clock } = this.#parts;
    const peer = openQuerySocket(this.#target, this.#parts);
    const socket = new PooledSocket(peer, {
      until: now + LIFE_MS,
      countWrong: this.#countWrong,
      // None is kept for later where descriptors are few.
      isKept: () => !this.#isClosed && !budget.isTight,
      isUnused: () => this.#closeSoon(socket),
    });
    this.#stopSweep ??= clock.after(LIFE_MS, () => this.#sweep(), true);
    return socket;
  }

  /** Called once for each socket: it takes no more queries, and all that it took have ended. */
  #closeSoon(socket: PooledSocket): void {
    this.#unused.push(socket);
    if (this.#isClosed || this.#parts.budget.isTight) this.#closeUnused();
    // Not before a reply that has just come is passed on.
    else if (this.#unused.length === 1) setImmediate(() => this.#closeUnused());
  }

  #closeUnused(): void {
    for (const socket of this.#unused.splice(0)) {
      socket.close();
      this.#parts.budget.give();
    }
  }

  /** Retires what is too old, for perhaps no more queries come. */
  #sweep(): void {
    this.#stopSweep = undefined;
    const { clock } = this.#parts;
    const now = clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [place, socket] of this.#places.entries()) {
      if (socket === undefined) continue;
      if (socket.takesMore(now)) next = Math.min(next, socket.until);
      else {
        socket.retire();
        this.#places[place] = undefined;
      }
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#stopSweep = clock.after(Math.max(next - now, MIN_SWEEP_MS), () => this.#sweep(), true);
  }
}
