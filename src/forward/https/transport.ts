import type { TLSSocket } from 'node:tls';
import type { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import { UpstreamFailure } from '../errors.ts';
import { Quirk } from '../quirks.ts';
import { HttpsConnection, type HttpsLoss, type HttpsQuery } from './connection.ts';
import type { HttpsReply } from './reply.ts';

export interface HttpsTransportOptions {
  /** Begins a new connection that offers ALPN `h2`; see `TlsClient`. */
  readonly connect: () => TLSSocket;
  /** Told when the network changed: what connections keep for later ones is to be forgotten. */
  readonly forget: () => void;
  /** Host, and port unless it is 443. */
  readonly authority: string;
  /** Path of the URL. */
  readonly path: string;
  readonly clock: Clock;
}

/** One message to be asked over HTTPS. */
export interface HttpsExchange<T> {
  /** The message, with id 0. */
  readonly body: Buffer;
  /** How long to wait, in ms. */
  readonly timeoutMs: number;
  readonly cancellation: Cancellation;
  /** Makes the outcome of the reply; what it throws is what the exchange fails with. */
  readonly accept: (reply: HttpsReply) => T;
}

/** A query is asked again while what speaks against it happened to it less often than this. */
const MAX_LOSSES = 3;

/**
 * Asks over one HTTP/2 session at a time, opened when it is needed and kept warm. A server that closes loses none:
 * what it left unanswered is asked again in a new session.
 */
export class HttpsTransport {
  readonly #options: HttpsTransportOptions;
  readonly #waiting = new Map<HttpsQuery, (failure: UpstreamFailure) => void>();
  /** All that live: the one for new queries, and those that only finish what they have. */
  readonly #connections = new Set<HttpsConnection>();
  #current: HttpsConnection | undefined;
  /**
   * RFC 8484 §4.1: "DoH servers MUST implement both the POST and GET methods". POST keeps names out of the logs of
   * servers. But Knot Resolver refuses a POST that begins before the body of another one has come whole, as happens
   * with several at once, so one that refuses is asked with GET.
   */
  readonly #refusesPost: Quirk;
  #isClosed = false;

  constructor(options: HttpsTransportOptions) {
    this.#options = options;
    this.#refusesPost = new Quirk(options.clock);
  }

  /** Whether the server is asked with GET because it refused POST. */
  get refusesPost(): boolean {
    return this.#refusesPost.isKnown;
  }

  /**
   * The outcome of one query.
   * @throws UpstreamFailure, the reason of the cancellation, or what `accept` throws.
   */
  exchange<T>({ body, timeoutMs, cancellation, accept }: HttpsExchange<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (cancellation.isCancelled) {
        reject(cancellation.reason);
        return;
      }
      const end = (): void => {
        stopTimer();
        cancellation.unlisten(fail);
        this.#waiting.delete(query);
      };
      const fail = (failure: unknown): void => {
        end();
        for (const connection of this.#connections) connection.forget(query);
        reject(failure);
      };
      const query: HttpsQuery = {
        body,
        losses: 0,
        answered: (reply) => {
          end();
          try {
            resolve(accept(reply));
          } catch (error) {
            reject(error);
          }
        },
        refused: fail,
      };
      const stopTimer = this.#options.clock.after(timeoutMs, () => {
        fail(new UpstreamFailure('timed-out', 'did not answer over HTTPS'));
      });
      cancellation.listen(fail);
      this.#waiting.set(query, fail);
      this.#send(query);
    });
  }

  /** Drops the connections; what waits fails with `reset`. */
  reset(): void {
    const failure = new UpstreamFailure('reset', 'was left because the network changed');
    for (const fail of [...this.#waiting.values()]) fail(failure);
    for (const connection of [...this.#connections]) connection.destroy(failure);
    this.#options.forget();
    this.#refusesPost.disprove();
  }

  /** As `reset`, for good. */
  close(): void {
    this.#isClosed = true;
    this.reset();
  }

  #send(query: HttpsQuery): void {
    if (this.#isClosed) {
      this.#waiting.get(query)?.(new UpstreamFailure('reset', 'was closed'));
      return;
    }
    try {
      if (this.#current?.isOpen !== true) this.#current = this.#open();
      this.#current.send(query);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      this.#waiting.get(query)?.(error);
    }
  }

  #open(): HttpsConnection {
    const { connect, authority, path, clock } = this.#options;
    const connection: HttpsConnection = new HttpsConnection({
      ...{ socket: connect(), authority, path, clock },
      prefersGet: () => this.#refusesPost.isKnown,
      lost: (query, loss) => this.#resend(query, loss),
      died: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return connection;
  }

  /** A DNS query may be asked twice without harm, so it does not matter how far the first request got. */
  #resend(query: HttpsQuery, { failure, isWorthRetrying, isSuspect, isRefusedPost }: HttpsLoss): void {
    if (isRefusedPost) this.#refusesPost.establish();
    if (isSuspect) query.losses += 1;
    if (isWorthRetrying && query.losses < MAX_LOSSES) this.#send(query);
    else this.#waiting.get(query)?.(failure);
  }
}
