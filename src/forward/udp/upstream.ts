import type { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import { DenseSet } from '../../async/dense-set.ts';
import { decodeMessage } from '../../dns/message.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { WireError } from '../../dns/wire-error.ts';
import { EdnsFallback } from '../edns-fallback.ts';
import { UpstreamFailure } from '../errors.ts';
import { Quirk } from '../quirks.ts';
import type { Random } from '../random.ts';
import { readReply, type UpstreamOutcome, type UpstreamReply } from '../reply.ts';
import { noWrongReplies, type WrongReply } from '../reply-match.ts';
import { formQuery, hasUpperCase, type UpstreamRequest } from '../request.ts';
import type { StreamTransport } from '../stream/transport.ts';
import { askOverStream, once, wholeReply } from '../stream/upstream.ts';
import { type Ask, TRY_MS, type Upstream } from '../upstream.ts';
import { UdpExchange } from './exchange.ts';
import { QuerySockets } from './query-sockets.ts';
import type { SentQuestions } from './sent-questions.ts';
import type { SourcePorts } from './source-ports.ts';

export interface UdpUpstreamOptions {
  readonly label: string;
  /** A numeric address, with a scope id if it needs one. */
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly ports: SourcePorts;
  /** Where the questions in flight are noted, so that we know our own when it comes back to us. */
  readonly sent: SentQuestions;
  /** Makes the TCP transport to the same address and port, given where it reports wrong replies. */
  readonly tcp: (wrong: (kind: WrongReply) => void) => StreamTransport;
}

/** What stays the same in all exchanges of one try. */
interface Try {
  readonly request: UpstreamRequest;
  readonly cancellation: Cancellation;
  readonly heard: () => void;
  readonly trouble: (failure: UpstreamFailure) => void;
}

/**
 * An upstream that is asked over UDP, and over TCP where UDP does not do: when the answer does not fit, when somebody
 * floods the socket with guesses, when the upstream does not keep the case of names.
 */
export class UdpUpstream implements Upstream {
  readonly label: string;
  readonly isLossy = true;
  readonly wrongReplies: Record<WrongReply, number> = noWrongReplies();
  readonly #options: UdpUpstreamOptions;
  readonly #tcp: StreamTransport;
  readonly #edns: EdnsFallback;
  readonly #foldsCase: Quirk;
  readonly #sockets: QuerySockets;
  readonly #running = new DenseSet<UdpExchange<UpstreamOutcome>>();
  #closed = false;

  constructor(options: UdpUpstreamOptions) {
    this.#options = options;
    this.label = options.label;
    this.#edns = new EdnsFallback(options.clock);
    this.#foldsCase = new Quirk(options.clock);
    this.#sockets = new QuerySockets(options, options.ports, options.clock);
    this.#tcp = options.tcp((kind) => {
      this.wrongReplies[kind] += 1;
    });
  }

  /** @throws UpstreamFailure, or the reason of the cancellation. */
  async ask({ request, attempt, observer, cancellation }: Ask): Promise<UpstreamReply> {
    const heard = once(observer.heard);
    const one: Try = { request, cancellation, heard, trouble: observer.trouble };
    const outcome = await this.#edns.ask(attempt, (edns) => this.#overUdp(one, edns));
    // RFC 1123 §6.1.3.2 and RFC 7766 §5: a truncated reply is asked for again over TCP.
    return wholeReply(outcome === 'truncated' ? await this.#afterTruncation(one) : outcome);
  }

  quirks(): readonly string[] {
    return [
      ...(this.#edns.isBroken ? ['does not know EDNS'] : []),
      ...(this.#foldsCase.isKnown ? ['does not keep the case of names'] : []),
    ];
  }

  reset(): void {
    this.#edns.forget();
    this.#foldsCase.disprove();
    this.#sockets.reset();
    this.#tcp.reset();
    const failure = new UpstreamFailure('reset', 'was left because the network changed');
    for (const exchange of this.#running.items()) exchange.cancel(failure);
  }

  close(): void {
    this.#closed = true;
    this.reset();
    this.#sockets.close();
    this.#tcp.close();
  }

  /** One query over UDP, with what it takes when replies come in another case than the query had, or too many. */
  #overUdp(one: Try, edns: boolean): Promise<UpstreamOutcome> {
    return new Promise((resolve, reject) => {
      let confirmation: Promise<UpstreamOutcome> | undefined;
      const confirm = (): void => {
        if (confirmation !== undefined) return;
        confirmation = this.#confirm(one, edns);
        confirmation.then(
          (outcome) => {
            this.#foldsCase.sign();
            resolve(outcome);
          },
          // It took more than a round trip, in which the reply in the right case would have come.
          (error: unknown) => exchange.cancel(error),
        );
      };
      const exchange = this.#exchange(one, edns, !this.#foldsCase.isKnown, confirm);
      exchange.outcome.then(resolve, (error: unknown) => {
        const isSpoofed = error instanceof UpstreamFailure && error.kind === 'spoofed';
        const rest = confirmation ?? (isSpoofed ? this.#overTcp(one, edns) : Promise.reject(error));
        rest.then(resolve, reject);
      });
    });
  }

  /**
   * What to believe when a reply came with the right id and question in the wrong case: either the upstream does not
   * keep case, or somebody guessed. TCP cannot be spoofed from afar. Without TCP, two queries without mixed case
   * must be answered alike, so that one lucky guess is not enough.
   */
  async #confirm(one: Try, edns: boolean): Promise<UpstreamOutcome> {
    try {
      return await this.#overTcp(one, edns);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
    }
    const [first, second] = await Promise.all([
      this.#exchange(one, edns, false, () => {}).outcome,
      this.#exchange(one, edns, false, () => {}).outcome,
    ]);
    if (agree(first, second)) return second;
    throw new UpstreamFailure('spoofed', 'does not keep the case of names and answers differently each time');
  }

  #overTcp({ request, cancellation, heard }: Try, edns: boolean): Promise<UpstreamOutcome> {
    return askOverStream(this.#tcp, { request, edns, label: this.label, cancellation, heard });
  }

  async #afterTruncation(one: Try): Promise<UpstreamOutcome> {
    try {
      return await this.#overTcp(one, !this.#edns.isBroken);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      const message = `has an answer that is too long for UDP, and over TCP it ${error.message}`;
      throw new UpstreamFailure('truncated', message, { cause: error });
    }
  }

  #exchange(one: Try, edns: boolean, mixCase: boolean, wrongCase: () => void): UdpExchange<UpstreamOutcome> {
    const { clock, random, sent } = this.#options;
    const { request, cancellation } = one;
    const query = formQuery(request, { id: random.u16(), edns, ...(mixCase ? { mixCase: random } : {}) });
    const isOver = mixCase ? sent.note(query, request.questionEnd, this.label) : () => {};
    const exchange: UdpExchange<UpstreamOutcome> = new UdpExchange<UpstreamOutcome>({
      sockets: this.#sockets,
      query,
      questionEnd: request.questionEnd,
      timeoutMs: TRY_MS,
      clock,
      accept: (bytes, bare) => {
        const outcome = readDatagram(bytes, bare, request, this.label);
        one.heard();
        if (mixCase && !bare && hasUpperCase(query, request.questionEnd)) this.#foldsCase.disprove();
        return outcome;
      },
      ended: () => {
        isOver();
        cancellation.unlisten(exchange.cancel);
        this.#running.delete(exchange);
      },
      wrong: (kind) => {
        this.wrongReplies[kind] += 1;
        if (kind === 'malformed') one.trouble(new UpstreamFailure('malformed', 'sent a malformed reply'));
        if (kind === 'case') wrongCase();
      },
    });
    cancellation.listen(exchange.cancel);
    this.#running.add(exchange);
    if (cancellation.isCancelled) exchange.cancel(cancellation.reason);
    if (this.#closed) exchange.cancel(new UpstreamFailure('reset', 'was closed'));
    return exchange;
  }
}

/** @throws WireError */
function readDatagram(
  bytes: Uint8Array,
  bare: boolean,
  request: UpstreamRequest,
  label: string,
): UpstreamOutcome {
  if (bare) return 'bare-error';
  // What is cut short may end anywhere, so the rest of it is not looked at.
  return ((bytes[2] as number) & 0x02) !== 0 ? 'truncated' : readReply(bytes, request, label);
}

/** The same RCODE and the same answers, in any order and with any TTL. */
function agree(first: UpstreamOutcome, second: UpstreamOutcome): boolean {
  if (typeof first === 'string' || typeof second === 'string') return first === second;
  try {
    return first.rcode === second.rcode && answersOf(first) === answersOf(second);
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

function answersOf(reply: UpstreamReply): string {
  const text = ({ name, type, rdata }: ResourceRecord): string =>
    `${name.key} ${type} ${Buffer.from(rdata).toString('base64')}`;
  return decodeMessage(reply.bytes).answers.map(text).sort().join('\n');
}
