import type { Socket } from 'node:net';
import { FrameReader } from '../dns/frame-reader.ts';
import { ReplyBatch } from './reply-batch.ts';
import type { Responder } from './responder.ts';

/** Queries of one connection that are answered at a time; what comes beyond waits in the client's own buffers. */
const MAX_IN_FLIGHT = 64;

/** Octets of replies that may wait for a client that does not read: four of the largest, or thousands of common ones. */
const MAX_UNSENT = 256 * 1024;

/** How a connection is bounded by the listener it belongs to. */
export interface ConnectionRules {
  /** Milliseconds that a connection may be without a whole query; shorter under pressure. */
  idleLimit(): number;
  /** Called once, when the connection is gone. */
  onClosed(connection: TcpConnection): void;
}

/**
 * One client's TCP connection: queries in any number, answered in the order in which answers are found (RFC 7766
 * §6.2.1.1 and §7: "Responses ... can be sent out of order").
 */
export class TcpConnection {
  readonly client: string;
  readonly #socket: Socket;
  readonly #responder: Responder;
  readonly #rules: ConnectionRules;
  readonly #backlog: Uint8Array[] = [];
  readonly #reader = new FrameReader((message) => this.#take(message));
  #inFlight = 0;
  #peerEnded = false;
  #timer: NodeJS.Timeout | undefined;
  #timerLimit = 0;
  /** Where replies go while there is work for this connection; undefined at other times. */
  #batch: ReplyBatch | undefined;

  constructor(socket: Socket, responder: Responder, rules: ConnectionRules) {
    this.client = socket.remoteAddress ?? '';
    this.#socket = socket;
    this.#responder = responder;
    this.#rules = rules;
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => this.#inBatch(() => this.#reader.push(piece)));
    socket.on('drain', () => this.#inBatch(() => {}));
    socket.on('end', () => this.#endWhenDone(true));
    // A reset is the client's right; 'close' follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#timer);
      rules.onClosed(this);
    });
    this.#armTimer();
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
    if (batch.length === 0 || !this.#socket.writable) return;
    this.#socket.write(batch.take());
    this.#armTimer();
    this.#endWhenDone(this.#peerEnded);
  }

  #take(message: Uint8Array): void {
    if (this.#inFlight >= MAX_IN_FLIGHT || this.#unsent > MAX_UNSENT) {
      // At most what one read brought: reading stops until there is room.
      this.#backlog.push(message);
      this.#socket.pause();
      return;
    }
    const length = this.#responder.findCached(message, this.client, true);
    if (length > 0) {
      this.#inBatch((batch) => {
        const at = batch.reserve(length);
        this.#responder.writeCached(batch.target, at);
      });
      return;
    }
    this.#armTimer();
    this.#inFlight++;
    const path = { client: this.client, stream: true, keepalive: Math.round(this.#rules.idleLimit() / 100) };
    const answered = this.#responder.respond(message, path, (reply) => {
      this.#inFlight--;
      this.#send(reply);
    });
    if (!answered) {
      // What deserves no answer on a stream is a broken client; nothing after it can be trusted.
      this.#inFlight--;
      this.#socket.destroy();
    }
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
  #endWhenDone(peerEnded: boolean): void {
    this.#peerEnded = peerEnded;
    if (peerEnded && this.#inFlight === 0 && this.#backlog.length === 0) this.#socket.end();
  }

  /**
   * RFC 7766 §6.2.3 counts idleness from the last query or answer. Single octets of a query do not count, so that a
   * client which sends one a second does not hold a place for ever; and a client that does not read its answers is
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
