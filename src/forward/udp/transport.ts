import type { Clock } from '../../async/clock.ts';
import { DenseSet } from '../../async/dense-set.ts';
import { withTimeout } from '../../async/with-timeout.ts';
import { decodeMessage } from '../../dns/message.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { WireError } from '../../dns/wire-error.ts';
import type { StraightSending } from '../begun-query.ts';
import { UpstreamFailure } from '../errors.ts';
import { Quirk } from '../quirks/quirk.ts';
import type { Random } from '../random.ts';
import { readReply, type UpstreamOutcome, type UpstreamReply } from '../reply.ts';
import { isWithoutQuestion } from '../reply-match.ts';
import { formQuery, formStraightQuery, hasUpperCase, type UpstreamRequest } from '../request.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { StraightTransport, Transport, TransportQuery, TransportSetup } from '../transport.ts';
import { TRY_MS } from '../upstream.ts';
import { UdpExchange } from './exchange.ts';
import type { Lanes, SocketUse } from './lane.ts';
import { QuerySockets, type QueryTarget } from './query-sockets.ts';
import type { SentQuestions } from './sent-questions.ts';
import { SocketPool } from './socket-pool.ts';
import type { SourcePorts } from './source-ports.ts';
import { UdpSending } from './straight-sending.ts';

/** How long only TCP is used to confirm a reply in the wrong case, in ms: many home routers drop TCP to port 53. */
const TCP_HEAD_START_MS = 200;

/** The dependencies of UDP transports. */
export interface UdpParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ports: SourcePorts;
  readonly budget: SocketBudget;
  readonly sockets: SocketUse;
  /** The questions in flight, for detecting loops. */
  readonly sent: SentQuestions;
}

/**
 * DNS over UDP, and over TCP where UDP is not enough: if the answer is truncated, if somebody floods the socket with spoofed
 * replies, if the upstream does not preserve the case of names.
 */
export class UdpTransport implements Transport {
  readonly isLossy = true;
  readonly #parts: UdpParts;
  readonly #setup: TransportSetup;
  readonly #tcp: Transport;
  readonly #foldsCase: Quirk;
  readonly #lanes: Lanes;
  /** See `Transport`. */
  readonly straight: StraightTransport | undefined;
  readonly #running = new DenseSet<UdpExchange<UpstreamOutcome>>();
  #isClosed = false;

  /** `tcp` is a transport to the same address and port. */
  constructor(target: QueryTarget, tcp: Transport, parts: UdpParts, setup: TransportSetup) {
    this.#parts = parts;
    this.#setup = setup;
    this.#tcp = tcp;
    this.#foldsCase = new Quirk(parts.clock);
    if (parts.sockets === 'pooled') {
      const pool = new SocketPool(target, parts, setup.countWrong);
      this.#lanes = pool;
      this.straight = this.#straightWay(pool);
    } else this.#lanes = new QuerySockets(target, parts);
  }

  /** See `Transport`. */
  async exchange(query: TransportQuery): Promise<UpstreamReply> {
    const outcome = await this.#overUdp(query);
    // RFC 1123 §6.1.3.2 and RFC 7766 §5: after a truncated reply the query is repeated over TCP.
    return outcome === 'truncated' ? await this.#afterTruncation(query) : outcome;
  }

  /** See `Transport`. */
  quirks(): readonly string[] {
    return this.#foldsCase.isKnown ? ['does not preserve the case of names'] : [];
  }

  /** See `Transport`. */
  reset(): void {
    this.#foldsCase.clear();
    this.#lanes.reset();
    this.#tcp.reset();
    const failure = new UpstreamFailure('reset', 'was reset because the network changed');
    for (const exchange of this.#running.items()) exchange.cancel(failure);
  }

  /** See `Transport`. */
  close(): void {
    this.#isClosed = true;
    this.reset();
    this.#lanes.close();
    this.#tcp.close();
  }

  #straightWay(pool: SocketPool): StraightTransport {
    const { random } = this.#parts;
    const foldsCase = this.#foldsCase;
    const isOpen = (): boolean => !this.#isClosed && !foldsCase.isKnown;
    return {
      get isOpen() {
        return isOpen();
      },
      send(query, party, upstream) {
        const socket = pool.draw();
        const index = socket.add(random);
        const octets = formStraightQuery(query.request, { id: socket.id(index), mixCase: random });
        const sending = new UdpSending(query, { party, socket, index, octets, upstream, foldsCase });
        query.sentOn(sending);
        socket.send(index, octets, sending);
      },
    };
  }

  /** One query over UDP, and what follows if replies come in the wrong case, or too many of them. */
  #overUdp(query: TransportQuery): Promise<UpstreamOutcome> {
    return new Promise((resolve, reject) => {
      let confirmation: Promise<UpstreamOutcome> | undefined;
      const confirm = (): void => {
        if (confirmation !== undefined) return;
        confirmation = this.#confirm(query);
        confirmation.then(
          (outcome) => {
            this.#foldsCase.suspect();
            resolve(outcome);
          },
          // It took more than a round trip, in which a reply in the right case would have come.
          (error: unknown) => exchange.cancel(error),
        );
      };
      const exchange = this.#exchange(query, !this.#foldsCase.isKnown, confirm);
      exchange.outcome.then(resolve, (error: unknown) => {
        const isSpoofed = error instanceof UpstreamFailure && error.kind === 'spoofed';
        const rest = confirmation ?? (isSpoofed ? this.#tcp.exchange(query) : Promise.reject(error));
        rest.then(resolve, reject);
      });
    });
  }

  /**
   * The answer after a reply with the right ID and question in the wrong case: either the upstream does not preserve case, or
   * somebody guessed. TCP cannot be spoofed from off-path. If TCP fails or is slow, two queries without mixed case must
   * have the same answer, so that one lucky guess is not enough.
   */
  async #confirm(query: TransportQuery): Promise<UpstreamOutcome> {
    const overTcp = this.#tcp.exchange(query);
    const soon = await withTimeout(overTcp, TCP_HEAD_START_MS, () => undefined, this.#parts.clock).catch(
      (error: unknown) => {
        if (!(error instanceof UpstreamFailure)) throw error;
      },
    );
    if (soon !== undefined) return soon;
    const alike = this.#askAlike(query);
    try {
      return await Promise.any([overTcp, alike]);
    } catch {
      // Both failed. The failure over UDP says more than that TCP does not work.
      return await alike;
    }
  }

  async #askAlike(query: TransportQuery): Promise<UpstreamOutcome> {
    const [first, second] = await Promise.all([
      this.#exchange(query, false, () => {}).outcome,
      this.#exchange(query, false, () => {}).outcome,
    ]);
    if (agree(first, second)) return second;
    throw new UpstreamFailure('spoofed', 'does not preserve the case of names, and its answers differ');
  }

  async #afterTruncation(query: TransportQuery): Promise<UpstreamReply> {
    try {
      return await this.#tcp.exchange(query);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      const message = `has an answer that is too long for UDP, and over TCP it ${error.message}`;
      throw new UpstreamFailure('truncated', message, { cause: error });
    }
  }

  /** @throws UpstreamFailure `no-sockets` */
  #exchange(
    { request, edns, observer, cancellation, begun }: TransportQuery,
    mixCase: boolean,
    wrongCase: () => void,
  ): UdpExchange<UpstreamOutcome> {
    const { clock, random, sent } = this.#parts;
    const { label, countWrong } = this.#setup;
    const resumed = mixCase && edns ? begun?.resume(isOverUdp) : undefined;
    const lane = resumed?.lane ?? this.#lanes.take();
    const query =
      resumed?.octets ?? formQuery(request, { id: lane.id, edns, ...(mixCase ? { mixCase: random } : {}) });
    const timeoutMs =
      resumed === undefined ? TRY_MS : Math.max(0, resumed.query.sentAt + TRY_MS - clock.now());
    const isOver = mixCase ? sent.note(query, request.questionEnd, label) : () => {};
    const exchange: UdpExchange<UpstreamOutcome> = new UdpExchange<UpstreamOutcome>({
      lane,
      query,
      questionEnd: request.questionEnd,
      timeoutMs,
      clock,
      accept: (bytes) => {
        const showsCase = !isWithoutQuestion(bytes);
        const outcome = readDatagram(bytes, request, label);
        observer.heard();
        if (mixCase && showsCase && hasUpperCase(query, request.questionEnd)) this.#foldsCase.clear();
        return outcome;
      },
      ended: () => {
        lane.end();
        isOver();
        cancellation.unlisten(exchange.cancel);
        this.#running.delete(exchange);
      },
      wrong: (kind) => {
        countWrong(kind);
        if (kind === 'malformed')
          observer.trouble(new UpstreamFailure('malformed', 'sent a malformed reply'));
        if (kind === 'case') wrongCase();
      },
    });
    cancellation.listen(exchange.cancel);
    this.#running.add(exchange);
    if (cancellation.isCancelled) exchange.cancel(cancellation.reason);
    if (this.#isClosed) exchange.cancel(new UpstreamFailure('reset', 'was closed'));
    resumed?.replay(exchange);
    return exchange;
  }
}

function isOverUdp(sending: StraightSending): sending is UdpSending {
  return sending instanceof UdpSending;
}

/** @throws WireError */
function readDatagram(bytes: Uint8Array, request: UpstreamRequest, label: string): UpstreamOutcome {
  // A truncated message may end anywhere, so the rest is not parsed. A failure has nothing to be cut.
  const isTruncated = ((bytes[2] as number) & 0x02) !== 0 && !isWithoutQuestion(bytes);
  return isTruncated ? 'truncated' : readReply(bytes, request, label);
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
