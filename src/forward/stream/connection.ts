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
  /** How long it is kept without queries, in ms. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly countWrong: (kind: WrongReply) => void;
  readonly listener: ConnectionListener<Uint8Array>;
}

/** Ids that may be taken at once, so that a free one is found soon. */
const MAX_LOAD = 0x8000;

/** Ids of forgotten queries that are remembered: of the 65,536 a fourth. */
const MAX_FORGOTTEN = 0x4000;

/** Replies that answer nothing after which the peer does not speak DNS as we do. */
const MAX_WRONG_REPLIES = 1000;

/**
 * One stream to one upstream with many queries on it. RFC 7766 §6.2.1.1: "clients SHOULD pipeline their queries", and
 * §7: "responses MAY be ... delivered out of order", so replies are matched by id and question.
 */
export class StreamConnection implements Connection<Uint8Array> {
  readonly #options: StreamConnectionOptions;
  readonly #timer: ConnectionTimer;
  readonly #writer: FrameWriter;
  readonly #byId = new Map<number, PendingQuery<Uint8Array>>();
  readonly #ids = new Map<PendingQuery<Uint8Array>, number>();
  /** Of queries that nobody waits for any more: a reply to one is late, and not wrong. */
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
      stalled: () => listener.stalled([...this.#ids.keys()]),
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

  get isStalled(): boolean {
    return this.#timer.isStalled;
  }

  get load(): number {
    return this.#byId.size;
  }

  /** Sends a query, with an id that no other on this connection has. @throws UpstreamFailure `overloaded` */
  send(query: PendingQuery<Uint8Array>): void {
    const { random, socket } = this.#options;
    if (this.#writer.isFull || this.#byId.size >= MAX_LOAD) {
      throw new UpstreamFailure('overloaded', 'is too slow: too many queries are waiting for it');
    }
    let id = random.u16();
    // At most three quarters of the ids are taken, so this ends soon.
    while (this.#byId.has(id) || this.#forgotten.has(id)) id = random.u16();
    this.#byId.set(id, query);
    this.#ids.set(query, id);
    if (this.#isReady && this.#byId.size === 1) {
      socket.ref();
      this.#timer.busy();
    }
    query.message.writeUInt16BE(id, 0);
    this.#writer.write(query.message);
  }

  /** See `Connection`. */
  forget(query: PendingQuery<Uint8Array>): void {
    const id = this.#ids.get(query);
    if (id === undefined) return;
    if (this.#forgotten.size >= MAX_FORGOTTEN) this.#forgotten.clear();
    this.#forgotten.add(id);
    this.#remove(query, id);
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
    const id = message.length < 2 ? -1 : ((message[0] as number) << 8) | (message[1] as number);
    const query = this.#byId.get(id);
    if (query === undefined) {
      if (!this.#forgotten.delete(id)) this.#countWrong('id');
      return;
    }
    // On another connection it may have had another id since.
    query.message.writeUInt16BE(id, 0);
    const match = matchReply(query.message, query.questionEnd, message);
    // The stream proves where a reply comes from, so a server that changes the case of names is let.
    if (match !== 'match' && match !== 'case') {
      this.#countWrong(match);
      return;
    }
    this.#isFruitful = true;
    this.#remove(query, id);
    query.answered(message);
  }

  #remove(query: PendingQuery<Uint8Array>, id: number): void {
    this.#ids.delete(query);
    this.#byId.delete(id);
    if (this.#byId.size === 0) this.#becomeIdle();
  }

  #countWrong(kind: WrongReply): void {
    this.#wrongReplies += 1;
    this.#options.countWrong(kind);
    if (this.#wrongReplies >= MAX_WRONG_REPLIES) {
      this.destroy(new UpstreamFailure('malformed', 'sent too many replies that match no query'));
    }
  }

  #becomeReady(): void {
    // Whoever listened to the event before us did not like what it saw.
    if (this.#options.socket.destroyed) return;
    this.#isReady = true;
    if (this.#byId.size === 0) this.#becomeIdle();
    else this.#timer.busy();
  }

  #becomeIdle(): void {
    if (!this.#isReady || !this.#isOpen) return;
    this.#options.socket.unref();
    this.#timer.idle();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timer.end();
    const unanswered = [...this.#ids.keys()];
    this.#ids.clear();
    this.#byId.clear();
    this.#options.listener.closed({
      ...{ unanswered, wasReady: this.#isReady, wasFruitful: this.#isFruitful },
      failure: this.#failure ?? new UpstreamFailure('broken-connection', 'closed the connection'),
    });
  }
}
