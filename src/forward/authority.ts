import { Cancellation } from '../async/cancellation.ts';
import { type Clock, systemClock } from '../async/clock.ts';
import type { Question } from '../dns/question.ts';
import { UpstreamFailure } from './errors.ts';
import { openPlainUpstream } from './open-upstream.ts';
import { createRandomPool, type Random } from './random.ts';
import type { UpstreamReply } from './reply.ts';
import { buildRequest, type UpstreamRequest } from './request.ts';
import { SocketBudget } from './socket-budget.ts';
import { SentQuestions } from './udp/sent-questions.ts';
import { SourcePorts } from './udp/source-ports.ts';
import type { UdpParts } from './udp/transport.ts';

/** One query to one authoritative server. */
export interface AuthorityAsk {
  /** A numeric address. */
  readonly address: string;
  readonly port: number;
  /** From `iterativeRequest`. */
  readonly request: UpstreamRequest;
  /** How often this server was asked this question before, from 0. From 2 it is asked with and without EDNS. */
  readonly attempt: number;
  /** Milliseconds to wait for it over UDP, and again over TCP when the answer does not fit into a datagram. */
  readonly tryMs: number;
  readonly signal: AbortSignal;
}

/** How authoritative servers are asked. */
export interface AuthorityClientOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Maximum number of queries in flight; default 256. */
  readonly maxInFlight?: number;
  /** The sockets that they may use; default: one for each query. */
  readonly budget?: SocketBudget;
}

/**
 * Sends queries to authoritative servers. Nothing is known of a server beforehand, and nothing is remembered. Each query has
 * its own socket, port and ID, EDNS with 1232 octets and mixed case; a truncated reply is followed by TCP.
 */
export class AuthorityClient {
  readonly #parts: UdpParts;
  readonly #maxInFlight: number;
  #inFlight = 0;

  constructor(options: AuthorityClientOptions = {}) {
    const { clock = systemClock, random = createRandomPool(), maxInFlight = 256 } = options;
    const { budget = new SocketBudget(maxInFlight) } = options;
    this.#parts = {
      ...{ clock, random, ports: new SourcePorts(random, clock), sent: new SentQuestions(), budget },
      sockets: 'single',
    };
    this.#maxInFlight = maxInFlight;
  }

  /**
   * The server's reply with any RCODE, authoritative or not.
   * @throws UpstreamFailure, or the reason of the signal.
   */
  async ask({ address, port, request, attempt, tryMs, signal }: AuthorityAsk): Promise<UpstreamReply> {
    signal.throwIfAborted();
    if (this.#inFlight >= this.#maxInFlight) {
      throw new UpstreamFailure('overloaded', 'was not asked, because too many queries are in flight');
    }
    const { clock } = this.#parts;
    const upstream = openPlainUpstream({ kind: 'udp', address, port }, this.#parts);
    using cancellation = Cancellation.following(signal);
    const startTimer = () =>
      clock.after(tryMs, () => cancellation.cancel(new UpstreamFailure('timed-out', 'did not answer')));
    const heard = () => {
      stopTimer();
      stopTimer = startTimer();
    };
    let stopTimer = startTimer();
    this.#inFlight += 1;
    try {
      return await upstream.ask({
        request,
        attempt,
        cancellation,
        observer: { heard, trouble: () => {} },
      });
    } finally {
      this.#inFlight -= 1;
      stopTimer();
      upstream.close();
    }
  }
}

/**
 * The query for `question` to an authoritative server. RFC 1035 §4.1.1: RD "directs the name server to
 * pursue the query recursively", which is our own work here. CD and AD are for validating resolvers, and 0 here.
 */
export function iterativeRequest(question: Question, dnssecOk: boolean): UpstreamRequest {
  const request = buildRequest(question, dnssecOk, false);
  request.bytes[2] = 0;
  request.bytes[3] = 0;
  return request;
}
