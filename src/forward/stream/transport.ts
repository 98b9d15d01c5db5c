import type { Socket } from 'node:net';
import type { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import { resetHidesData } from '../../system/stream-reset.ts';
import { UpstreamFailure } from '../errors.ts';
import type { Random } from '../random.ts';
import type { WrongReply } from '../reply-match.ts';
import { StreamConnection, type StreamDeath, type StreamQuery } from './connection.ts';

export interface StreamTransportOptions {
  /** Begins a new connection: `net.connect` or `tls.connect` to a numeric address. */
  readonly connect: () => Socket;
  /** The event with which such a socket can be used. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** Queries are padded to multiples of so many octets; not padded without. */
  readonly padTo?: number;
  /** How long a connection without queries is kept, in ms. */
  readonly idleMs?: number;
  /** Told when the network changed: what connections keep for later ones is to be forgotten. */
  readonly forget?: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly wrong: (kind: WrongReply) => void;
}

/** One message to be asked over a stream. */
export interface StreamExchange<T> {
  /** The message, id not yet set; it is written to. */
  readonly query: Buffer;
  /** Offset after its question. */
  readonly questionEnd: number;
  /** How long to wait, in ms. */
  readonly timeoutMs: number;
  readonly cancellation: Cancellation;
  /** Makes the outcome of the reply; what it throws is what the exchange fails with. */
  readonly accept: (reply: Uint8Array, bare: boolean) => T;
}

/** A query goes on to a next connection while the ones that closed on it without any answer are fewer than this. */
const MAX_BARREN_DEATHS = 2;

/** What a death counts that was perhaps not barren, so that there is an end to those too. */
const HIDDEN_DEATH = 1 / 8;

/**
 * Asks over one connection at a time, opened when it is needed, shared by all queries and closed when idle. A server
 * that closes loses none: what it left unanswered is sent again on a fresh connection, as long as connections give
 * answers at all.
 */
export class StreamTransport {
  readonly #options: StreamTransportOptions;
  readonly #waiting = new Map<StreamQuery, (failure: UpstreamFailure) => void>();
  #connection: StreamConnection | undefined;
  #closed = false;

  constructor(options: StreamTransportOptions) {
    this.#options = options;
  }

  /** Queries for this transport are to be padded to multiples of so many octets, if at all. */
  get padTo(): number | undefined {
    return this.#options.padTo;
  }

  /**
   * The outcome of one query.
   * @throws UpstreamFailure, the reason of the cancellation, or what `accept` throws.
   */
  exchange<T>(exchange: StreamExchange<T>): Promise<T> {
    const { cancellation } = exchange;
    return new Promise<T>((resolve, reject) => {
      if (cancellation.isCancelled) {
        reject(cancellation.reason);
        return;
      }
      const end = (): void => {
        stopTimer();
        cancellation.unlisten(fail);
        this.#waiting.delete(query);
        this.#connection?.forget(query);
      };
      const fail = (failure: unknown): void => {
        end();
        reject(failure);
      };
      const query: StreamQuery = {
        query: exchange.query,
        questionEnd: exchange.questionEnd,
        barrenDeaths: 0,
        answered: (reply, bare) => {
          end();
          try {
            resolve(exchange.accept(reply, bare));
          } catch (error) {
            reject(error);
          }
        },
      };
      const stopTimer = this.#options.clock.after(exchange.timeoutMs, () => {
        fail(new UpstreamFailure('timed-out', `did not answer over ${this.#protocol}`));
      });
      cancellation.listen(fail);
      this.#waiting.set(query, fail);
      this.#send(query);
    });
  }

  /** Drops the connection; what waits fails with `reset`. */
  reset(): void {
    const failure = new UpstreamFailure('reset', 'was left because the network changed');
    for (const fail of [...this.#waiting.values()]) fail(failure);
    this.#connection?.destroy(failure);
    this.#options.forget?.();
  }

  /** As `reset`, for good. */
  close(): void {
    this.#closed = true;
    this.reset();
  }

  get #protocol(): string {
    return this.#options.readyEvent === 'secureConnect' ? 'TLS' : 'TCP';
  }

  #send(query: StreamQuery): void {
    if (this.#closed) {
      this.#waiting.get(query)?.(new UpstreamFailure('reset', 'was closed'));
      return;
    }
    try {
      if (this.#connection?.isOpen !== true) this.#connection = this.#open();
      this.#connection.send(query);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      this.#waiting.get(query)?.(error);
    }
  }

  #open(): StreamConnection {
    const { connect, readyEvent, idleMs, clock, random, wrong } = this.#options;
    const connection: StreamConnection = new StreamConnection({
      socket: connect(),
      readyEvent,
      ...(idleMs !== undefined && { idleMs }),
      clock,
      random,
      wrong,
      died: (death) => {
        if (this.#connection === connection) this.#connection = undefined;
        this.#resend(death);
      },
    });
    return connection;
  }

  #resend({ unanswered, wasFruitful, wasReady, failure }: StreamDeath): void {
    for (const query of unanswered) {
      if (!wasFruitful) query.barrenDeaths += resetHidesData && isReset(failure) ? HIDDEN_DEATH : 1;
      // Nobody there, or nobody who answers: another connection would not help.
      if (!wasReady || query.barrenDeaths >= MAX_BARREN_DEATHS) this.#waiting.get(query)?.(failure);
      else this.#send(query);
    }
  }
}

function isReset({ cause }: UpstreamFailure): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET';
}
