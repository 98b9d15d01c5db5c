import type { Socket } from 'node:net';
import type { Http2Session } from './http2/session.ts';
import { IDLE, MAX_STREAMS, MAX_UNSENT } from './shared/bounds.ts';
import type { HttpsConnection, HttpsConnectionWatch } from './shared/server.ts';

/** One connection, from the moment in which it is accepted: what it waits for, and for how long. */
export class WatchedConnection implements HttpsConnection {
  readonly address: string;
  readonly acceptedAt: number = performance.now();
  /** The stream of HTTP: with TLS, what is in it. */
  stream: Socket;
  #session: Http2Session | undefined;
  #watch: HttpsConnectionWatch | undefined;
  /** When a request was whole, or an answer was given. */
  #activeAt = this.acceptedAt;
  /** Requests that are not answered. */
  #inFlight = 0;
  #unsent = 0;
  #isEnding = false;
  #hasAsked = false;
  /** Called with the first request, or when the connection is gone. */
  #onFirstRequest: () => void = () => {};
  readonly #socket: Socket;
  readonly #onFlood: (connection: WatchedConnection) => void;

  /** Calls `onFlood` when it is ended for what no client would do. */
  constructor(socket: Socket, onFlood: (connection: WatchedConnection) => void) {
    this.#socket = socket;
    this.#onFlood = onFlood;
    this.stream = socket;
    this.address = socket.remoteAddress ?? '';
    // A client may reset the connection at any time; 'close' follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#onFirstRequest();
      this.#watch?.onClosed();
    });
  }

  /** See `HttpsConnection`. */
  get isIdle(): boolean {
    return this.#inFlight === 0;
  }

  /** As many requests wait for their answers as may. HTTP/2 refuses more by itself. */
  get isFull(): boolean {
    return this.#inFlight >= MAX_STREAMS;
  }

  /** It was ended. */
  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  /** Tells `watch` from now on. */
  watchWith(watch: HttpsConnectionWatch): void {
    this.#watch = watch;
  }

  /** It speaks HTTP/2. */
  useSession(session: Http2Session): void {
    this.#session = session;
  }

  /** A request is whole. */
  begin(): void {
    this.#hasAsked = true;
    this.#onFirstRequest();
    this.#inFlight++;
  }

  /** A request is answered. */
  end(): void {
    this.#inFlight--;
    this.#activeAt = performance.now();
  }

  /** A request has to wait. By the next turn of the event loop an answer that needs no I/O is there. */
  waits(): void {
    setImmediate(() => {
      if (this.#inFlight > 0 && !this.#socket.destroyed) this.#watch?.onWaiting();
    });
  }

  /** A large answer of `octets` goes out, until what is returned is called. */
  sends(octets: number): () => void {
    this.#unsent += octets;
    if (this.#unsent > MAX_UNSENT) {
      this.flooded();
      this.destroy();
    }
    return () => {
      this.#unsent -= octets;
    };
  }

  /** It is ended for what no client would do. */
  flooded(): void {
    this.#onFlood(this);
  }

  /** Ends what has taken too long. `now` is that of `performance.now()`. */
  look(now: number): void {
    this.#session?.look();
    if (this.#inFlight > 0 || now - this.#activeAt < IDLE) return;
    // RFC 9113 §9.1: "If an endpoint is to close an idle connection, it SHOULD first send a GOAWAY frame".
    if (this.#isEnding || !this.#hasAsked) this.destroy();
    else this.finish();
  }

  /** Takes no more requests, and ends when those that were read are answered. */
  finish(): void {
    this.#isEnding = true;
    if (this.#session !== undefined) this.#session.close();
    else if (this.isIdle) this.stream.end();
  }

  /** Resolves when a first request was read, or when that has taken `milliseconds` since the connection was accepted. */
  async firstRequest(milliseconds: number): Promise<void> {
    const left = this.acceptedAt + milliseconds - performance.now();
    if (this.#hasAsked || left <= 0 || this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#onFirstRequest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** See `HttpsConnection`. */
  destroy(): void {
    this.stream.destroy();
    this.#socket.destroy();
  }
}
