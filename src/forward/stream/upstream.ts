import type { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import { WireError } from '../../dns/wire-error.ts';
import { EdnsFallback } from '../edns-fallback.ts';
import { UpstreamFailure } from '../errors.ts';
import { readReply, type UpstreamOutcome, type UpstreamReply } from '../reply.ts';
import { noWrongReplies, type WrongReply } from '../reply-match.ts';
import { formQuery, type UpstreamRequest } from '../request.ts';
import { type Ask, TRY_MS, type Upstream } from '../upstream.ts';
import type { StreamTransport } from './transport.ts';

/** One message over a stream. */
export interface StreamAsk {
  readonly request: UpstreamRequest;
  readonly edns: boolean;
  readonly label: string;
  readonly cancellation: Cancellation;
  readonly heard: () => void;
}

/**
 * Asks once over a stream. @throws UpstreamFailure, or the reason of the cancellation.
 */
export function askOverStream(
  transport: StreamTransport,
  ask: StreamAsk,
): Promise<UpstreamReply | 'bare-error'> {
  const { request, label } = ask;
  return transport.exchange({
    query: formQuery(request, { id: 0, edns: ask.edns, padTo: transport.padTo }),
    questionEnd: request.questionEnd,
    timeoutMs: TRY_MS,
    cancellation: ask.cancellation,
    accept: (bytes, bare) => {
      if (bare) {
        ask.heard();
        return 'bare-error';
      }
      const reply = readStreamReply(bytes, request, label);
      ask.heard();
      return reply;
    },
  });
}

/**
 * The reply in octets that match the request, from where nothing limits its length.
 * @throws UpstreamFailure `malformed`
 */
export function readStreamReply(bytes: Uint8Array, request: UpstreamRequest, label: string): UpstreamReply {
  // RFC 7766 leaves no use for TC in a stream; what is cut short there cannot be had whole.
  if (((bytes[2] as number) & 0x02) !== 0)
    throw new UpstreamFailure('malformed', 'sent a truncated reply over a connection');
  try {
    return readReply(bytes, request, label);
  } catch (error) {
    if (error instanceof WireError) {
      throw new UpstreamFailure('malformed', `sent a malformed reply (${error.message})`, { cause: error });
    }
    throw error;
  }
}

/** An upstream that is asked over streams alone: `tcp://192.0.2.1`, and with another socket DNS over TLS. */
export class StreamUpstream implements Upstream {
  readonly label: string;
  readonly isLossy = false;
  readonly wrongReplies: Record<WrongReply, number> = noWrongReplies();
  readonly #transport: StreamTransport;
  readonly #edns: EdnsFallback;

  /** `transport` makes the transport, given where it reports wrong replies. */
  constructor(
    label: string,
    clock: Clock,
    transport: (wrong: (kind: WrongReply) => void) => StreamTransport,
  ) {
    this.label = label;
    this.#edns = new EdnsFallback(clock);
    this.#transport = transport((kind) => {
      this.wrongReplies[kind] += 1;
    });
  }

  /** @throws UpstreamFailure, or the reason of the cancellation. */
  async ask({ request, observer, cancellation }: Ask): Promise<UpstreamReply> {
    const heard = once(observer.heard);
    // A stream loses nothing, so silence never tells of a dislike of EDNS: the attempt does not count.
    const outcome = await this.#edns.ask(0, (edns) =>
      askOverStream(this.#transport, { request, edns, label: this.label, cancellation, heard }),
    );
    return wholeReply(outcome);
  }

  quirks(): readonly string[] {
    return this.#edns.isBroken ? ['does not know EDNS'] : [];
  }

  reset(): void {
    this.#edns.forget();
    this.#transport.reset();
  }

  close(): void {
    this.#transport.close();
  }
}

/** The reply in `outcome`. @throws UpstreamFailure `malformed` for an outcome that holds none. */
export function wholeReply(outcome: UpstreamOutcome): UpstreamReply {
  if (typeof outcome === 'object') return outcome;
  throw new UpstreamFailure('malformed', 'answered with an error and without the question');
}

/** `run`, which then does nothing when it is called again. */
export function once(run: () => void): () => void {
  let hasRun = false;
  return () => {
    if (hasRun) return;
    hasRun = true;
    run();
  };
}
