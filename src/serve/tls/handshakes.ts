import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '../../async/clock.ts';
import { FewEachTurn } from '../../async/few-each-turn.ts';
import type { HandshakePacer } from '../../system/https/shared/server.ts';
import { clientKey } from '../clients/rate-limit.ts';

/** Handshakes of one client at once: as many as it may have connections. */
const BURST = 128;

/** Milliseconds from each further one to the next: of a processor that has half a millisecond for each they take one percent. */
const PAUSE = 60;

/** The same after a connection of the client was ended for a flood; each further one doubles it. */
const FIRST_PAUSE = 250;

/**
 * The most that it becomes: less than a connection may be idle, so that whoever shares the address of an attacker and waits has its turn. For the
 * programs of this machine, which share one, it is less: the browser is among them.
 */
const MAX_PAUSE = 8_000;
const MAX_LOCAL_PAUSE = 1_000;

/** Milliseconds without a flood after which a client is like others again. */
const FORGIVEN_AFTER = 60_000;

/** Clients that are remembered; who has not been seen for longest is forgotten first. About a megabyte. */
const MAX_CLIENTS = 4_096;

/** Octets of an IPv6 address by which clients are told apart: 64 bits are the least that a site has. */
const IPV6_OCTETS = 8;

/** A connection whose handshake has not begun. */
interface Waiting {
  readonly socket: { readonly destroyed: boolean };
  readonly begin: () => void;
}

/** What handshakes depend on. */
export interface HandshakesParts {
  readonly clock?: Clock;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/**
 * When the handshakes of DNS over TLS and HTTPS begin. One takes a millisecond, in which no query of anybody is read, and cannot be
 * divided. So each step of one has a turn of the event loop for itself; a client that makes more than it could need waits; and one
 * whose connection was ended for a flood waits longer each time, since to begin again is all that it costs. They wait, and are not
 * refused: an attacker that waits does nothing else.
 */
export class Handshakes implements HandshakePacer {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #turns = new FewEachTurn(1);
  readonly #clients = new LRUCache<string, ClientPace>({ max: MAX_CLIENTS });

  constructor({ clock = systemClock, random = Math.random }: HandshakesParts = {}) {
    this.#clock = clock;
    this.#random = random;
  }

  /** See `HandshakePacer`. */
  begin(address: string, socket: Waiting['socket'], begin: () => void): void {
    const pace = this.#paceOf(address);
    pace.waiting.push({ socket, begin });
    this.#goOn(pace);
  }

  /** See `HandshakePacer`. */
  step(work: () => void): void {
    setImmediate(() => this.#turns.add(work));
  }

  /** See `HandshakePacer`. */
  flooded(address: string): void {
    this.#paceOf(address).flooded(this.#clock.now());
  }

  #paceOf(address: string): ClientPace {
    const client = clientKey(address, IPV6_OCTETS);
    const key = client ?? address;
    let pace = this.#clients.get(key);
    if (pace === undefined) {
      pace = new ClientPace(client === undefined ? MAX_LOCAL_PAUSE : MAX_PAUSE);
      this.#clients.set(key, pace);
    }
    return pace;
  }

  /** Begins what may begin, and waits for the rest. */
  #goOn(pace: ClientPace): void {
    while (!pace.isTimed) {
      pace.forget(({ socket }) => socket.destroyed);
      if (pace.waiting.length === 0) return;
      const now = this.#clock.now();
      const wait = pace.wait(now);
      if (wait > 0) {
        pace.isTimed = true;
        this.#clock.after(
          wait,
          () => {
            pace.isTimed = false;
            this.#goOn(pace);
          },
          true,
        );
        return;
      }
      // Any of them: the first would be one of those that a crowd of the same address has put there.
      const [next] = pace.waiting.splice(Math.floor(this.#random() * pace.waiting.length), 1);
      if (next === undefined) return;
      pace.take(now);
      this.step(() => {
        if (!next.socket.destroyed) next.begin();
      });
    }
  }
}

/** How fast the handshakes of one client may follow each other. */
class ClientPace {
  readonly waiting: Waiting[] = [];
  /** Somebody looks again when `wait` is over. */
  isTimed = false;
  /** When its bucket would be full again: the generic cell rate algorithm. */
  #fullAt = Number.NEGATIVE_INFINITY;
  /** Undefined for a client that has flooded nobody. */
  #pause: number | undefined;
  #floodedAt = 0;
  readonly #maxPause: number;

  constructor(maxPause: number) {
    this.#maxPause = maxPause;
  }

  /** A connection was ended for a flood. */
  flooded(now: number): void {
    this.#forgive(now);
    this.#pause = this.#pause === undefined ? FIRST_PAUSE : Math.min(this.#maxPause, this.#pause * 2);
    this.#floodedAt = now;
    this.#fullAt = now + this.#pause;
  }

  /** Milliseconds until one may begin. */
  wait(now: number): number {
    this.#forgive(now);
    const spare = this.#pause === undefined ? (BURST - 1) * PAUSE : 0;
    return Math.max(0, this.#fullAt - spare - now);
  }

  /** One begins. */
  take(now: number): void {
    this.#fullAt = Math.max(now, this.#fullAt) + (this.#pause ?? PAUSE);
  }

  /** Those for which `isGone` wait no more. */
  forget(isGone: (waiting: Waiting) => boolean): void {
    const left = this.waiting.filter((waiting) => !isGone(waiting));
    if (left.length < this.waiting.length) this.waiting.splice(0, this.waiting.length, ...left);
  }

  #forgive(now: number): void {
    if (now - this.#floodedAt >= FORGIVEN_AFTER) this.#pause = undefined;
  }
}
