import type { Socket } from 'node:net';
import { FrameReader } from '../../dns/frame-reader.ts';
import type { Protocol } from '../../dns/protocol.ts';
import type { ConnectionClient, LimitedConnection } from '../connection-table.ts';
import type { Responder } from '../responder.ts';
import { ReplyBatch } from './reply-batch.ts';

/** Maximum number of queries in flight on one connection; further ones wait in the client's buffers. */
const MAX_IN_FLIGHT = 64;

/** Maximum octets of unsent replies to a client that does not read: four of the largest, or thousands of common ones. */
const MAX_UNSENT = 256 * 1024;

/** What a connection needs from the table of connections. */
export interface ConnectionRules {
  /** Milliseconds without a whole query after which the connection is closed. */
  idleLimit(): number;
  /** Called when the connection begins to wait for an answer that takes time. */
  onWaiting(connection: TcpConnection): void;
  /** Called once, when the connection is gone. */
  onClosed(connection: TcpConnection): void;
}

/**
 * One TCP connection: any number of queries, answered in the order in which the answers are ready (RFC 7766 §6.2.1.1 and §7:
 * "Responses ... can be sent out of order").
 */
export class TcpConnection implements LimitedConnection {
  readonly client: ConnectionClient;
  /** When it was accepted, by `performance.now()`. */
  readonly acceptedAt: number = performance.now();
  /** What was accepted. */
  readonly #carrier: Socket;
  /** What queries come over; with TLS, and when that has begun, a stream in what was accepted. */
  #socket: Socket;
  readonly #responder: Responder;
  readonly #rules: ConnectionRules;
  readonly #protocol: Protocol;
  readonly #backlog: Uint8Array[] = [];
  readonly #reader = new FrameReader((message) => this.#take(message));
  #inFlight = 0;
  /** The client has closed its side, or sent something after which nothing is read. */
  #isLastQueryRead = false;
  #isBroken = false;
  #hasAsked = false;
  /** Called with the first query, or when the connection is gone. */
  #onFirstQuery: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #timerLimit = 0;
  /** Collects replies during a turn of the event loop for this connection. */
  #batch: ReplyBatch | undefined;

  constructor(
    socket: Socket,
    client: ConnectionClient,
    responder: Responder,
    rules: ConnectionRules,
    protocol: Protocol,
  ) {
    this.client = client;
    this.#protocol = protocol;
    this.#carrier = socket;
    this.#socket = socket;
    this.#responder = responder;
    this.#rules = rules;
    socket.setNoDelay(true);
    // A client may reset the connection; 'close' follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#onFirstQuery();
      rules.onClosed(this);
    });
    this.#armTimer();
  }

  /** Answers the queries that come over `socket`: what was accepted, or a stream in it. */
  use(socket: Socket): void {
    this.#socket = socket;
    if (socket !== this.#carrier) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#carrier.destroy());
      this.#carrier.on('close', () => socket.destroy());
    }
    socket.on('data', (piece: Buffer) => {
      // Data after a broken frame is read and ignored: closing with unread data would send a reset, which can destroy
      // replies on their way.
      if (!this.#isBroken) this.#inBatch(() => this.#reader.push(piece));
    });
    socket.on('drain', () => this.#inBatch(() => {}));
    socket.on('end', () => {
      this.#isLastQueryRead = true;
      this.#endWhenDone();
    });
    // It was told to end before it began.
    this.#endWhenDone();
  }

  /** True while a query is in flight. */
  get isWaiting(): boolean {
    return this.#inFlight > 0;
  }

  /** True when the client waits for nothing: such a connection may be closed at any time (RFC 7766 §6.2.3). */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#backlog.length === 0 && this.#socket.writableLength === 0;
  }

  /** Resolves when a first query was read, or when that has taken `milliseconds` since the connection was accepted. */
  async firstQuery(milliseconds: number): Promise<void> {
    const left = this.acceptedAt + milliseconds - performance.now();
    if (this.#hasAsked || left <= 0 || this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#onFirstQuery = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Reads no more queries, and ends the connection when those that were read are answered. */
  finish(): void {
    this.#isBroken = true;
    this.#isLastQueryRead = true;
    this.#endWhenDone();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#carrier.destroy();
  }

  /** Sends all replies made during `work` in one write: a segment can hold many pipelined queries. */
  #inBatch(work: (batch: ReplyBatch) => void): void {
    if (this.#batch !== undefined) {
      work(this.#batch);
      return;
    }
    const batch = new ReplyBatch();
    this.#batch = batch;
    try {
      work(batch);
      this.#goOn();
    } finally {
      this.#batch = undefined;
    }
    if (batch.length > 0 && this.#socket.writable) {
      this.#socket.write(batch.take());
      this.#armTimer();
    }
    this.#endWhenDone();
  }

  #take(message: Uint8Array): void {
    if (this.#isBroken) return;
    this.#hasAsked = true;
    this.#onFirstQuery();
    if (this.#inFlight >= MAX_IN_FLIGHT || this.#unsent > MAX_UNSENT) {
      // At most what one read brought; reading is paused until there is room.
      this.#backlog.push(message);
      this.#socket.pause();
      return;
    }
    const length = this.#responder.findCached(message, this.client.address, this.#protocol);
    if (length > 0) {
      this.#inBatch((batch) => {
        const at = batch.reserve(length);
        this.#responder.writeCached(batch.target, at);
      });
      return;
    }
    this.#armTimer();
    this.#inFlight++;
    const keepalive = Math.round(this.#rules.idleLimit() / 100);
    const path = {
      client: this.client.address,
      protocol: this.#protocol,
      keepalive,
    };
    const isAnswered = this.#responder.respond(message, path, (reply) => {
      this.#inFlight--;
      this.#send(reply);
    });
    if (!isAnswered) {
      // On a stream, a message that gets no reply means a broken client. What follows is ignored; earlier queries are
      // still answered.
      this.#inFlight--;
      this.#isBroken = true;
      this.#isLastQueryRead = true;
      this.#backlog.length = 0;
      return;
    }
    // By then an answer that needs no I/O is ready.
    if (this.#inFlight === 1) setImmediate(() => this.#tellWaiting());
  }

  #tellWaiting(): void {
    if (this.isWaiting && !this.#socket.destroyed) this.#rules.onWaiting(this);
  }

  get #unsent(): number {
    return this.#socket.writableLength + (this.#batch?.length ?? 0);
  }

  #send(reply: Uint8Array): void {
    this.#inBatch((batch) => {
      const at = batch.reserve(reply.length);
      batch.target.set(reply, at);
    });
  }

  /** Continues with the backlog. */
  #goOn(): void {
    while (this.#backlog.length > 0 && this.#inFlight < MAX_IN_FLIGHT && this.#unsent <= MAX_UNSENT) {
      const message = this.#backlog.shift();
      if (message !== undefined) this.#take(message);
    }
    if (this.#backlog.length === 0 && this.#socket.isPaused()) this.#socket.resume();
  }

  /** A client that has closed its side still gets its answers before we close ours. */
  #endWhenDone(): void {
    if (this.#isLastQueryRead && this.#inFlight === 0 && this.#backlog.length === 0) this.#socket.end();
  }

  /**
   * RFC 7766 §6.2.3: the idle timeout counts from the last query or answer. Part of a query does not count, or a client that
   * sends an octet a second would hold a connection forever; and a client that does not read its answers is idle too.
   */
  #armTimer(): void {
    if (this.#socket.destroyed) return;
    const limit = this.#rules.idleLimit();
    if (this.#timer !== undefined && limit === this.#timerLimit) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timerLimit = limit;
    this.#timer = setTimeout(() => {
      if (this.#inFlight > 0 && this.#socket.writableLength === 0) this.#armTimer();
      else this.destroy();
    }, limit);
  }
}
