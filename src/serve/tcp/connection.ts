import type { Socket } from 'node:net';
import { FrameReader } from '../../dns/frame-reader.ts';
import type { Responder } from '../responder.ts';
import { ReplyBatch } from './reply-batch.ts';

/** Queries of one connection that are answered at a time; what comes beyond waits in the client's own buffers. */
const MAX_IN_FLIGHT = 64;

/** Octets of replies that may wait for a client that does not read: four of the largest, or thousands of common ones. */
const MAX_UNSENT = 256 * 1024;

/** Whose connection it is. */
export interface TcpClient {
  /** As the socket writes it. */
  readonly address: string;
  /** What its connections have in common: `clientKey`, or the address for this machine. */
  readonly key: string;
}

/** How a connection is bounded by the others. */
export interface ConnectionRules {
  /** Milliseconds that a connection may be without a whole query; shorter under pressure. */
  idleLimit(): number;
  /** Called when a query of the connection was not answered at once, and none before it was in flight. */
  onWaiting(connection: TcpConnection): void;
  /** Called once, when the connection is gone. */
  onClosed(connection: TcpConnection): void;
}

/**
 * One client's TCP connection: queries in any number, answered in the order in which answers are found (RFC 7766
 * §6.2.1.1 and §7: "Responses ... can be sent out of order").
 */
export class TcpConnection {
  readonly client: TcpClient;
  readonly #socket: Socket;
  readonly #responder: Responder;
  readonly #rules: ConnectionRules;
  readonly #backlog: Uint8Array[] = [];
  readonly #reader = new FrameReader((message) => this.#take(message));
  #inFlight = 0;
  /** The client has sent its last query, or something after which nothing that it sends is read. */
  #isLastQueryRead = false;
  #isBroken = false;
  #timer: NodeJS.Timeout | undefined;
  #timerLimit = 0;
  /** Where replies go while there is work for this connection; undefined at other times. */
  #batch: ReplyBatch | undefined;

  constructor(socket: Socket, client: TcpClient, responder: Responder, rules: ConnectionRules) {
    this.client = client;
    this.#socket = socket;
    this.#responder = responder;
    this.#rules = rules;
    socket.setNoDelay(true);

    socket.on('data', (piece: Buffer) => {
      // What comes after a broken frame is read all the same: unread octets would make the end a reset, which takes
      // answers that are on their way along.
      if (!this.#isBroken) this.#inBatch(() => this.#reader.push(piece));
    });
    socket.on('drain', () => this.#inBatch(() => {}));
    socket.on('end', () => {
      this.#isLastQueryRead = true;
      this.#endWhenDone();
    });
    // A reset is the client's right; 'close' follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#timer);
      rules.onClosed(this);
    });
    this.#armTimer();
  }

  /** True while an answer takes time. */
  get isWaiting(): boolean {
    return this.#inFlight > 0;
  }

  /** True when nothing is awaited by the client: such a connection may be closed at any time (RFC 7766 §6.2.3). */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#backlog.length === 0 && this.#socket.writableLength === 0;
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** What is answered during `work` leaves in one write: pipelined queries come many to a segment. */
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
    if (this.#inFlight >= MAX_IN_FLIGHT || this.#unsent > MAX_UNSENT) {
      // At most what one read brought: reading stops until there is room.
      this.#backlog.push(message);
      this.#socket.pause();
      return;
    }
    const length = this.#responder.findCached(message, this.client.address, true);
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
    const path = { client: this.client.address, stream: true, keepalive };
    const isAnswered = this.#responder.respond(message, path, (reply) => {
      this.#inFlight--;
      this.#send(reply);
    });
    if (!isAnswered) {
      // What deserves no answer on a stream is a broken client. Nothing after it can be trusted, and what it asked before
      // is answered.
      this.#inFlight--;
      this.#isBroken = true;
      this.#isLastQueryRead = true;
      this.#backlog.length = 0;
      return;
    }
    // An answer that is only a few promises away is there by then.
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

  /** Takes up what waited. */
  #goOn(): void {
    while (this.#backlog.length > 0 && this.#inFlight < MAX_IN_FLIGHT && this.#unsent <= MAX_UNSENT) {
      const message = this.#backlog.shift();
      if (message !== undefined) this.#take(message);
    }
    if (this.#backlog.length === 0 && this.#socket.isPaused()) this.#socket.resume();
  }

  /** A client that has sent its last query still gets its answers; the server of the package leaves such open. */
  #endWhenDone(): void {
    if (this.#isLastQueryRead && this.#inFlight === 0 && this.#backlog.length === 0) this.#socket.end();
  }

  /**
   * RFC 7766 §6.2.3 counts idleness from the last query or answer. Single octets of a query do not count, so that a
   * client which sends one a second does not hold a connection for ever; and a client that does not read its answers is
   * idle too.
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
      else this.#socket.destroy();
    }, limit);
  }
}
