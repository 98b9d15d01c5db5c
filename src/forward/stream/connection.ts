import type { Socket } from 'node:net';
import type { Clock } from '../../async/clock.ts';
import { FrameReader } from '../../dns/frame-reader.ts';
import type { Connection, ConnectionListener } from '../connection/connection.ts';
import type { PendingQuery } from '../connection/pending-query.ts';
import { ConnectionTimer } from '../connection/timer.ts';
import { networkFailure, UpstreamFailure } from '../errors.ts';
import type { Random } from '../random.ts';
import { matchReply, type WrongReply } from '../reply-match.ts';
import { FrameWriter } from './frame-writer.ts';

export interface StreamConnectionOptions {
  /** A socket that is connecting. */
  readonly socket: Socket;
  /** The event with which it can be used: `connect`, or `secureConnect` for TLS. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** How long it is kept without pending queries, in ms. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly countWrong: (kind: WrongReply) => void;
  readonly listener: ConnectionListener<Uint8Array>;
}

/** Maximum number of pending queries, so that a free ID is found soon. */
const MAX_LOAD = 0x8000;

/** Maximum number of IDs of forgotten queries that are remembered: a quarter of all. */
const MAX_FORGOTTEN = 0x4000;

/** After this many wrong replies the connection is closed. */
const MAX_WRONG_REPLIES = 1000;

/**
 * A TCP or TLS connection that carries many queries. RFC 7766 §6.2.1.1: "clients SHOULD pipeline their queries", and
 * §7: "responses MAY be ... delivered out of order", so replies are matched by id and question.
 */
export class StreamConnection implements Connection<Uint8Array> {
  readonly #options: StreamConnectionOptions;
  readonly #timer: ConnectionTimer;
  readonly #writer: FrameWriter;
  readonly #byId = new Map<number, PendingQuery<Uint8Array>>();
  /** The IDs of queries that are also sent on another connection, where they have others. */
  #ids: Map<PendingQuery<Uint8Array>, number> | undefined;
  /** IDs of queries that are no longer pending: a reply to one is late, not wrong. */
  readonly #forgotten = new Set<number>();
  #isReady = false;
  #isFruitful = false;
  #isOpen = true;
  #failure: UpstreamFailure | undefined;
  #wrongReplies = 0;

  constructor(options: StreamConnectionOptions) {
    this.#options = options;
    const { socket, readyEvent, clock, idleMs, listener } = options;
    this.#timer = new ConnectionTimer({
      ...{ clock, idleMs, patienceMs: listener.patienceMs },
      expired: (failure) => this.destroy(failure),
      stalled: () => this.#stalled(),
    });
    this.#writer = new FrameWriter(socket, readyEvent === 'secureConnect');
    const frames = new FrameReader((message) => this.#receive(message));
    socket.once(readyEvent, () => this.#becomeReady());
    socket.on('data', (piece) => frames.push(piece));
    socket.on('error', (error) => {
      this.#failure ??= networkFailure(error);
    });
    // RFC 7766 §6.2.4: a server may close at any time, and what is unanswered then is asked again.
    socket.on('end', () => this.destroy(new UpstreamFailure('broken-connection', 'closed the connection')));
    socket.on('close', () => this.#close());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isReady(): boolean {
    return this.#isReady && !this.#writer.isFull && this.#byId.size < MAX_LOAD;
  }

  get isStalled(): boolean {
    return this.#timer.isStalled;
  }

  get load(): number {
    return this.#byId.size;
  }

  /** Sends a query with an ID that is unique on this connection. @throws UpstreamFailure `overloaded` */
  send(query: PendingQuery<Uint8Array>): void {
    const { random } = this.#options;
    if (this.#writer.isFull || this.#byId.size >= MAX_LOAD) {
      throw new UpstreamFailure('overloaded', 'is too slow: too many queries are waiting for it');
    }
    let id = random.u16();
    // At most three quarters of the IDs are taken, so this ends soon.
    while (this.#byId.has(id) || this.#forgotten.has(id)) id = random.u16();
    this.#byId.set(id, query);
    if (this.#byId.size === 1) this.#becomeBusy();
    writeId(query, id);
    this.#writer.write(query.message);
  }

  /** See `Connection`. */
  forget(query: PendingQuery<Uint8Array>): void {
    const written = readId(query.message);
    const id = this.#byId.get(written) === query ? written : this.#ids?.get(query);
    if (id === undefined || this.#byId.get(id) !== query) return;
    if (this.#forgotten.size >= MAX_FORGOTTEN) this.#forgotten.clear();
    this.#forgotten.add(id);
    this.#remove(id);
  }

  /** See `Connection`. */
  destroy(failure: UpstreamFailure): void {
    this.#failure ??= failure;
    this.#options.socket.destroy();
    this.#close();
  }

  #receive(message: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#timer.heard();
    const id = message.length < 2 ? -1 : readId(message);
    const query = this.#byId.get(id);
    if (query === undefined) {
      if (!this.#forgotten.delete(id)) this.#countWrong('id');
      return;
    }
    // On another connection it may have another ID.
    writeId(query, id);
    const match = matchReply(query.message, query.questionEnd, message);
    // A stream cannot be spoofed from off-path, so a server may change the case of names.
    if (match !== 'match' && match !== 'case') {
      this.#countWrong(match);
      return;
    }
    this.#isFruitful = true;
    this.#remove(id);
    query.answered(message);
  }

  #remove(id: number): void {
    this.#byId.delete(id);
    if (this.#byId.size === 0) this.#becomeIdle();
  }

  #stalled(): void {
    this.#ids ??= new Map();
    for (const [id, query] of this.#byId) this.#ids.set(query, id);
    this.#options.listener.stalled([...this.#byId.values()]);
  }

  #countWrong(kind: WrongReply): void {
    this.#wrongReplies += 1;
    this.#options.countWrong(kind);
    if (this.#wrongReplies >= MAX_WRONG_REPLIES) {
      this.destroy(new UpstreamFailure('malformed', 'sent too many replies that match no query'));
    }
  }

  #becomeReady(): void {
    // A listener before this one has rejected the server.
    if (this.#options.socket.destroyed) return;
    this.#isReady = true;
    if (this.#byId.size === 0) this.#becomeIdle();
    else this.#timer.busy();
  }

  #becomeBusy(): void {
    if (!this.#isReady) return;
    this.#options.socket.ref();
    this.#timer.busy();
  }

  #becomeIdle(): void {
    this.#ids = undefined;
    if (!this.#isReady || !this.#isOpen) return;
    this.#options.socket.unref();
    this.#timer.idle();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timer.end();
    const unanswered = [...this.#byId.values()];
    this.#byId.clear();
    this.#options.listener.closed({
      ...{ unanswered, wasReady: this.#isReady, wasFruitful: this.#isFruitful },
      failure: this.#failure ?? new UpstreamFailure('broken-connection', 'closed the connection'),
    });
  }
}

function readId(message: Uint8Array): number {
  return ((message[0] as number) << 8) | (message[1] as number);
}

function writeId({ message }: PendingQuery<Uint8Array>, id: number): void {
  message[0] = id >>> 8;
  message[1] = id & 0xff;
}
