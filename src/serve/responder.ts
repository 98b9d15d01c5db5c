import type { AnswerCache } from '../cache/answer-cache.ts';
import { type PackedReply, packMessage, packReply } from '../cache/packed-reply.ts';
import { Rcode } from '../dns/codes.ts';
import { type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';
import type { Question } from '../dns/question.ts';
import { type Answer, toMessage } from '../resolve/answer.ts';
import type { Query, Resolver } from '../resolve/query.ts';
import { failureReply, ResolveError } from '../resolve/resolve-error.ts';
import { type ReplyPath, renderError, renderReply } from './reply.ts';
import { type Request, readRequest, requestQuestion } from './request.ts';

/** glibc gives up after 5 s; whoever asks hears from us before, even if it is SERVFAIL. */
export const ANSWER_DEADLINE = 4_500;

/** What a responder works with. */
export interface ResponderParts {
  readonly resolver: Resolver;
  readonly cache: AnswerCache;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Told of an error that no rule foresees: a bug, which costs one SERVFAIL and never the process. */
  readonly onBug: (error: unknown) => void;
}

/** Sends a reply, at most once, now or later. */
export type Send = (reply: Uint8Array) => void;

/** Counts since the start. */
export interface ResponderStatistics {
  readonly queries: number;
  readonly inFlight: number;
}

/**
 * From the octets of a request to the octets of its reply, for every transport. What the cache holds is answered
 * before `respond` returns.
 */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #waiting = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #queries = 0;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  /**
   * Answers `bytes`, or stays silent when they deserve no answer. Never throws.
   * @returns true when a reply was or will be sent.
   */
  respond(bytes: Uint8Array, path: ReplyPath, send: Send): boolean {
    const request = readRequest(bytes);
    if (request.kind === 'silent') return false;
    this.#queries++;
    if (request.kind === 'rejected') {
      send(renderError(request, request.rcode, [], path));
      return true;
    }
    const cached = this.#parts.cache.get(request.cacheKey);
    if (cached !== undefined) {
      // Whole seconds, rounded up: a TTL that is a moment short is true, one that is a moment long is not.
      const age = Math.ceil((this.#parts.now() - cached.storedAt) / 1000);
      send(renderReply(cached.reply, request, age, path));
    } else if (!request.recursionDesired) {
      // RFC 1035 §4.1.1: without RD nobody is to be asked on the client's behalf.
      send(renderError(request, Rcode.REFUSED, [notCached], path));
    } else {
      this.#resolveLater(request, path, send);
    }
    return true;
  }

  /** What was done. */
  statistics(): ResponderStatistics {
    return { queries: this.#queries, inFlight: this.#waiting.size };
  }

  /** Waits up to `milliseconds` for what is in flight, then answers the rest with SERVFAIL. */
  async close(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => {
      this.#closing.abort(new ResolveError('out-of-time', 'The resolver is stopping.'));
    }, milliseconds);
    await Promise.allSettled(this.#waiting);
    clearTimeout(timer);
  }

  #resolveLater(request: Request, path: ReplyPath, send: Send): void {
    const work = this.#resolve(request, path).then((reply) => {
      this.#waiting.delete(work);
      send(reply);
    });
    this.#waiting.add(work);
    // `send` writes to a socket that may be gone by now; a throw of it is a bug of that transport.
    work.catch(this.#parts.onBug);
  }

  async #resolve(request: Request, path: ReplyPath): Promise<Uint8Array> {
    const deadline = new AbortController();
    const reason = new ResolveError('out-of-time', `No answer came within ${ANSWER_DEADLINE / 1000} s.`);
    const timer = setTimeout(() => deadline.abort(reason), ANSWER_DEADLINE);
    try {
      const query: Query = {
        question: lowerCaseName(requestQuestion(request)),
        dnssecOk: request.dnssecOk,
        checkingDisabled: request.checkingDisabled,
      };
      const signal = AbortSignal.any([deadline.signal, this.#closing.signal]);
      const answer = await this.#parts.resolver.resolve(query, { signal, aliasesFollowed: 0 });
      const reply = pack(answer, query);
      this.#parts.cache.put(request.cacheKey, reply);
      return renderReply(reply, request, 0, path);
    } catch (error) {
      if (!(error instanceof ResolveError)) this.#parts.onBug(error);
      const { rcode, extendedError } = failureReply(error instanceof ResolveError ? error : internal);
      return renderError(request, rcode, [extendedError], path);
    } finally {
      clearTimeout(timer);
    }
  }
}

const notCached: ExtendedError = {
  code: ExtendedErrorCode.NOT_AUTHORITATIVE,
  text: 'Not in the cache, and recursion was not desired.',
};

const internal = new ResolveError('internal', 'pkarrd made a mistake; its log says which.');

/** Letters in lower case, so that what is cached does not carry one client's case to another. */
function lowerCaseName(question: Question): Question {
  return { ...question, name: question.name.toLowerCase() };
}

function pack(answer: Answer, { question }: Query): PackedReply {
  if (answer.kind === 'records') {
    const { rcode, extendedErrors } = answer;
    return packMessage(toMessage(answer, question), { rcode, extendedErrors, authenticData: false });
  }
  const { bytes, outline, rcode, extendedErrors, authenticData } = answer.reply;
  const packed = packReply(bytes, outline, { rcode, extendedErrors, authenticData });
  // AA=0 for what is forwarded: the upstream may be an authority, we are none.
  bytes[2] = (bytes[2] as number) & ~0x04;
  return packed;
}
