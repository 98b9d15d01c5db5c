import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits } from '../limits.ts';

/** A connection, and what it does. */
interface Watched {
  /** What is ended. */
  socket: Duplex;
  /** Requests that are answered now; a client may send several ahead. */
  running: number;
  /** Whether it has had a request. */
  isUsed: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Ends connections whose next request does not come in time. The timeouts of `node:http` work only on a server that listens
 * itself, and not at all on Bun.
 */
export class RequestTimers {
  readonly #limits: { readonly headersMs: number; readonly idleMs: number };
  readonly #connections = new Map<Duplex, Watched>();
  #isClosing = false;

  /** @param bounds others in tests. */
  constructor(bounds: { readonly headersMs: number; readonly idleMs: number } = limits) {
    this.#limits = bounds;
  }

  /** A connection was accepted: its first request has to come soon. */
  accepted(socket: Duplex): void {
    const watched: Watched = { socket, running: 0, isUsed: false, timer: undefined };
    this.#connections.set(socket, watched);
    this.#await(watched, this.#limits.headersMs);
    socket.once('close', () => this.upgraded(socket));
  }

  /** TLS is put on a connection that was accepted, and its request comes in `stream`: the time for it goes on. */
  secured(socket: Duplex, stream: Duplex): void {
    const watched = this.#connections.get(socket);
    if (watched === undefined) return;
    this.#connections.delete(socket);
    this.#connections.set(stream, watched);
    watched.socket = stream;
    stream.once('close', () => this.upgraded(stream));
  }

  /**
   * A request has come, with its headers. How long its body and its answer take is the business of who answers.
   * @returns false when too many of its connection wait for their answers: it is ended, and nothing is to be answered.
   */
  began(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const watched = this.#connections.get(socket);
    if (watched === undefined) return !socket.destroyed;
    if (watched.running >= limits.requestsAhead) socket.destroy();
    // What came in one piece with those before is read nevertheless.
    if (socket.destroyed) return false;
    watched.running++;
    watched.isUsed = true;
    clearTimeout(watched.timer);
    // RFC 9112 §9.6: the client is told, and sends nothing more on it.
    if (this.#isClosing) response.shouldKeepAlive = false;
    response.once('close', () => {
      watched.running--;
      if (watched.running > 0 || socket.destroyed) return;
      if (this.#isClosing) socket.end();
      else this.#await(watched, this.#limits.idleMs);
    });
    return true;
  }

  /**
   * Ends each connection after the request that it is at. One that has not had any may be about to be read, so it is left to who
   * calls to end it.
   */
  finish(): void {
    this.#isClosing = true;
    for (const [socket, { running, isUsed }] of this.#connections) if (isUsed && running === 0) socket.end();
  }

  /** The connection is HTTP no more. */
  upgraded(socket: Duplex): void {
    clearTimeout(this.#connections.get(socket)?.timer);
    this.#connections.delete(socket);
  }

  #await(watched: Watched, milliseconds: number): void {
    clearTimeout(watched.timer);
    watched.timer = setTimeout(() => watched.socket.destroy(), milliseconds);
  }
}
