import { WireError } from '../dns/wire-error.ts';
import { openPeer } from '../system/open-peer.ts';
import type { PeerSocket } from '../system/peer-socket.ts';
import type { BagItem } from './bag.ts';
import type { Clock } from './clock.ts';
import { UpstreamFailure } from './forward-error.ts';
import { matchReply, type WrongReply } from './reply-match.ts';
import type { SourcePorts } from './source-ports.ts';

/**
 * After so many wrong replies on one socket somebody is guessing, and the socket is given up: RFC 5452 §9.3 asks to
 * watch for this and to "abandon the UDP query".
 */
const MAX_WRONG_REPLIES = 16;

/** How long the right reply is still awaited after a malformed one that had the right id and question, in ms. */
const MALFORMED_GRACE_MS = 300;

/** One query over one socket of its own. */
export interface UdpExchangeOptions<T> {
  /** A numeric address, with a scope id if it needs one. */
  readonly address: string;
  readonly port: number;
  /** What is sent: id and case as they shall be. */
  readonly query: Uint8Array;
  /** Offset after its question. */
  readonly questionEnd: number;
  /** How long to wait, in ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly ports: SourcePorts;
  /**
   * Makes the outcome of a reply that matches; `bare` when it is a header alone. A WireError that it throws makes
   * the reply a malformed one.
   */
  readonly accept: (reply: Uint8Array, bare: boolean) => T;
  /** Told of each wrong reply; the wait goes on. */
  readonly wrong: (kind: WrongReply) => void;
  /** Told when the wait is over, however it ended; never before the constructor has returned. */
  readonly ended: () => void;
}

/**
 * A query that was sent from a fresh socket on a random port, and the wait for the reply that matches it. The socket
 * is connected: the kernel drops what other addresses and ports send, and an ICMP error ends the wait at once.
 */
export class UdpExchange<T> implements BagItem {
  bagIndex = -1;
  /**
   * What `accept` made. Rejects with UpstreamFailure `timed-out`, `refused`, `unreachable`, `malformed`, `spoofed`,
   * with what `cancel` was given, or with what `accept` threw.
   */
  readonly outcome: Promise<T>;
  /** Ends the wait with this reason, if it has not ended. */
  readonly cancel: (reason: unknown) => void = (reason) => {
    if (this.#end()) this.#reject(reason);
  };
  readonly #options: UdpExchangeOptions<T>;
  readonly #socket: PeerSocket;
  #resolve: (accepted: T) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #stopTimer: () => void;
  #wrongReplies = 0;
  #sawMalformed = false;
  #isOver = false;

  /** Sends at once. */
  constructor(options: UdpExchangeOptions<T>) {
    this.#options = options;
    this.outcome = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#stopTimer = options.clock.after(options.timeoutMs, () => this.#timeOut());
    const { address: host, port, query, ports } = options;
    this.#socket = openPeer({
      host,
      port,
      datagram: query,
      nextLocalPort: () => ports.next(),
      onDatagram: (reply) => this.#receive(reply),
      onError: (error) => this.cancel(networkFailure(error)),
    });
  }

  #receive(reply: Uint8Array): void {
    if (this.#isOver) return;
    const { query, questionEnd, accept } = this.#options;
    const match = matchReply(query, questionEnd, reply);
    if (match !== 'match' && match !== 'bare-error') {
      this.#countWrong(match);
      return;
    }
    let accepted: T;
    try {
      accepted = accept(reply, match === 'bare-error');
    } catch (error) {
      if (error instanceof WireError) this.#countWrong('malformed');
      else this.cancel(error);
      return;
    }
    if (this.#end()) this.#resolve(accepted);
  }

  #countWrong(kind: WrongReply): void {
    this.#wrongReplies += 1;
    if (kind === 'malformed' && !this.#sawMalformed) {
      this.#sawMalformed = true;
      this.#stopTimer();
      this.#stopTimer = this.#options.clock.after(MALFORMED_GRACE_MS, () => this.#timeOut());
    }
    this.#options.wrong(kind);
    if (this.#wrongReplies >= MAX_WRONG_REPLIES) {
      this.cancel(new UpstreamFailure('spoofed', `was answered for by ${this.#wrongReplies} wrong replies`));
    }
  }

  #timeOut(): void {
    if (this.#sawMalformed) this.cancel(new UpstreamFailure('malformed', 'sent a malformed reply'));
    else this.cancel(new UpstreamFailure('timed-out', 'did not answer'));
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#stopTimer();
    this.#socket.close();
    this.#options.ended();
    return true;
  }
}

/** What an error of a socket, the system's or TLS's, means for the upstream; a failure is what it is already. */
export function networkFailure(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  // OpenSSL does not understand what it reads, or was told by the server that it cannot go on.
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return new UpstreamFailure('unreachable', `does not speak TLS with us (${code})`, { cause: error });
  }
  switch (code) {
    case 'ECONNREFUSED':
      return new UpstreamFailure('refused', 'refuses connections', { cause: error });
    case 'ETIMEDOUT':
      return new UpstreamFailure('timed-out', 'did not answer', { cause: error });
    default:
      return new UpstreamFailure('unreachable', `cannot be reached (${code})`, { cause: error });
  }
}
