import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits } from '../limits.ts';

/** A connection, and what it does. */
interface Watched {
  /** Requests that are answered now; a client may send several ahead. */
  running: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Ends connections whose next request does not come in time. The timeouts of `node:http` work only on a server that listens
 * itself, and not at all on Bun.
 */
export class RequestTimers {
  readonly #limits: { readonly headersMs: number; readonly idleMs: number };
  readonly #connections = new WeakMap<Duplex, Watched>();

  /** @param bounds others in tests. */
  constructor(bounds: { readonly headersMs: number; readonly idleMs: number } = limits) {
    this.#limits = bounds;
  }

  /** A connection was accepted: its first request has to come soon. */
  accepted(socket: Duplex): void {
    const watched: Watched = { running: 0, timer: undefined };
    this.#connections.set(socket, watched);
    this.#await(socket, watched, this.#limits.headersMs);
    socket.once('close', () => clearTimeout(watched.timer));
  }

  /** A request has come, with its headers. How long its body and its answer take is the business of who answers. */
  began(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const watched = this.#connections.get(socket);
    if (watched === undefined) return;
    watched.running++;
    clearTimeout(watched.timer);
    response.once('close', () => {
      watched.running--;
      if (watched.running === 0 && !socket.destroyed) this.#await(socket, watched, this.#limits.idleMs);
    });
  }

  /** The connection is HTTP no more. */
  upgraded(socket: Duplex): void {
    clearTimeout(this.#connections.get(socket)?.timer);
    this.#connections.delete(socket);
  }

  #await(socket: Duplex, watched: Watched, milliseconds: number): void {
    clearTimeout(watched.timer);
    watched.timer = setTimeout(() => socket.destroy(), milliseconds);
  }
}
