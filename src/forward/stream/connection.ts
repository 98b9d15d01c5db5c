import type { Socket } from 'node:net';
import type { Clock } from '../../async/clock.ts';
import { FrameReader } from '../../dns/frame-reader.ts';
import { networkFailure, UpstreamFailure } from '../errors.ts';
import type { Random } from '../random.ts';
import { matchReply, type WrongReply } from '../reply-match.ts';

/** One query that travels over a connection, and perhaps over the next one. */
export interface StreamQuery {
  /** The message; its id is overwritten when it is sent. */
  readonly query: Buffer;
  /** Offset after its question. */
  readonly questionEnd: number;
  /** Connections that carried it and closed without having given a single answer. */
  barrenDeaths: number;
  /** Given the reply that matches, `bare` when it is a header alone. */
  readonly answered: (reply: Uint8Array, bare: boolean) => void;
}

/** Why a connection is no more, and what it leaves. */
export interface StreamDeath {
  /** Queries without a reply. */
  readonly unanswered: readonly StreamQuery[];
  /** Whether it ever gave an answer. */
  readonly wasFruitful: boolean;
  /** Whether it was ever established. */
  readonly wasReady: boolean;
  readonly failure: UpstreamFailure;
}

export interface StreamConnectionOptions {
  /** A socket that is connecting. */
  readonly socket: Socket;
  /** The event with which it can be used: `connect`, or `secureConnect` for TLS. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** How long it is kept without queries, in ms; default 10 s. */
  readonly idleMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly wrong: (kind: WrongReply) => void;
  /** Told once, whoever ended the connection. */
  readonly died: (death: StreamDeath) => void;
}

/** How long a connection may take to be established, in ms. */
const CONNECT_MS = 2000;

/** How long a connection without queries is kept, in ms (RFC 7766 §6.2.3 asks clients to close idle ones). */
const IDLE_MS = 10_000;

/**
 * A connection that was silent for `QUIET_MS` before a query and for `STUCK_MS` after it is taken to be dead: the
 * machine slept, or a gateway forgot it, and TCP itself would need minutes to notice.
 */
const QUIET_MS = 2000;
const STUCK_MS = 1000;

/** Octets that may wait for a peer that does not read. */
const MAX_UNSENT = 1 << 20;

/** Replies that answer nothing after which the peer does not speak DNS as we do. */
const MAX_WRONG_REPLIES = 1000;

/**
 * One stream to one upstream with many queries on it. RFC 7766 §6.2.1.1: "clients SHOULD pipeline their queries", and
 * §7: "responses MAY be ... delivered out of order", so replies are matched by id and question.
 */
export class StreamConnection {
  readonly #options: StreamConnectionOptions;
  readonly #pending = new Map<number, StreamQuery>();
  #ready = false;
  #fruitful = false;
  #open = true;
  #failure: UpstreamFailure | undefined;
  #corked = false;
  #wrongReplies = 0;
  #lastHeardAt: number;
  #stopLifeTimer: () => void;
  #stopStuckTimer: (() => void) | undefined;

  constructor(options: StreamConnectionOptions) {
    this.#options = options;
    const { socket, clock } = options;
    this.#lastHeardAt = clock.now();
    this.#stopLifeTimer = clock.after(CONNECT_MS, () => {
      this.destroy(new UpstreamFailure('timed-out', 'did not accept a connection'));
    });
    const frames = new FrameReader((message) => this.#receive(message));
    socket.once(options.readyEvent, () => this.#becomeReady());
    socket.on('data', (piece) => frames.push(piece));
    socket.on('error', (error) => {
      this.#failure ??= networkFailure(error);
    });
    // RFC 7766 §6.2.4: a server may close at any time, and what is unanswered then is asked again.
    socket.on('end', () => this.destroy(new UpstreamFailure('broken-connection', 'closed the connection')));
    socket.on('close', () => this.#die());
  }

  /** Whether queries may be sent on it. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Sends a query, with an id that no other on this connection has. */
  send(query: StreamQuery): void {
    const { socket, random, clock } = this.#options;
    if (socket.writableLength > MAX_UNSENT || this.#pending.size >= 0x8000) {
      throw new UpstreamFailure('overloaded', 'does not keep up with what it is sent');
    }
    let id = random.u16();
    // At most half of the ids are taken, so this ends soon.
    while (this.#pending.has(id)) id = random.u16();
    query.query.writeUInt16BE(id, 0);
    if (this.#pending.size === 0) this.#becomeBusy();
    this.#pending.set(id, query);
    if (this.#ready && clock.now() - this.#lastHeardAt > QUIET_MS) this.#watchForSilence();
    this.#write(query.query);
  }

  /** No longer waits for this query's reply. */
  forget(query: StreamQuery): void {
    const id = query.query.readUInt16BE(0);
    if (this.#pending.get(id) !== query) return;
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#becomeIdle();
  }

  /** Closes at once; `died` is told, with this failure. */
  destroy(failure: UpstreamFailure): void {
    this.#failure ??= failure;
    this.#options.socket.destroy();
    this.#die();
  }

  #write(message: Buffer): void {
    const { socket } = this.#options;
    // What is asked in one turn leaves in one segment (RFC 7766 §8 asks for length and message in one write).
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    const frame = Buffer.allocUnsafe(2 + message.length);
    frame.writeUInt16BE(message.length, 0);
    frame.set(message, 2);
    socket.write(frame);
  }

  #receive(message: Uint8Array): void {
    if (!this.#open) return;
    this.#lastHeardAt = this.#options.clock.now();
    this.#stopStuckTimer?.();
    this.#stopStuckTimer = undefined;
    const id = message.length < 2 ? -1 : ((message[0] as number) << 8) | (message[1] as number);
    const query = this.#pending.get(id);
    // Unknown ids are the late replies to queries that were forgotten.
    const match = query === undefined ? 'id' : matchReply(query.query, query.questionEnd, message);
    // The stream proves where a reply comes from, so a server that changes the case of names is let.
    if (query === undefined || (match !== 'match' && match !== 'case' && match !== 'bare-error')) {
      this.#countWrong(match === 'match' || match === 'bare-error' ? 'id' : match);
      return;
    }
    this.#fruitful = true;
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#becomeIdle();
    query.answered(message, match === 'bare-error');
  }

  #countWrong(kind: WrongReply): void {
    this.#wrongReplies += 1;
    this.#options.wrong(kind);
    if (this.#wrongReplies >= MAX_WRONG_REPLIES) {
      this.destroy(new UpstreamFailure('malformed', 'sends replies that answer nothing'));
    }
  }

  #becomeReady(): void {
    // Whoever listened to the event before us did not like what it saw.
    if (this.#options.socket.destroyed) return;
    this.#ready = true;
    this.#lastHeardAt = this.#options.clock.now();
    this.#stopLifeTimer();
    if (this.#pending.size === 0) this.#becomeIdle();
  }

  #becomeBusy(): void {
    if (!this.#ready) return;
    this.#stopLifeTimer();
    this.#options.socket.ref();
  }

  #becomeIdle(): void {
    if (!this.#ready) return;
    this.#stopStuckTimer?.();
    this.#stopStuckTimer = undefined;
    this.#stopLifeTimer();
    this.#options.socket.unref();
    this.#stopLifeTimer = this.#options.clock.after(
      this.#options.idleMs ?? IDLE_MS,
      () => this.destroy(new UpstreamFailure('broken-connection', 'was idle')),
      true,
    );
  }

  #watchForSilence(): void {
    this.#stopStuckTimer ??= this.#options.clock.after(STUCK_MS, () => {
      this.destroy(new UpstreamFailure('timed-out', 'did not answer on a connection that had been idle'));
    });
  }

  #die(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stopLifeTimer();
    this.#stopStuckTimer?.();
    const unanswered = [...this.#pending.values()];
    this.#pending.clear();
    this.#options.died({
      unanswered,
      wasFruitful: this.#fruitful,
      wasReady: this.#ready,
      failure: this.#failure ?? new UpstreamFailure('broken-connection', 'closed the connection'),
    });
  }
}
