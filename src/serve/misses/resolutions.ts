import { Cancellation } from '../../async/cancellation.ts';
import type { AnswerCache } from '../../cache/answer-cache.ts';
import { type PackedReply, packMessage, packReply } from '../../cache/packed-reply.ts';
import { Rcode } from '../../dns/codes.ts';
import type { Question } from '../../dns/question.ts';
import { WireError } from '../../dns/wire-error.ts';
import type { BegunQuery } from '../../forward/begun-query.ts';
import type { UpstreamReply } from '../../forward/reply.ts';
import { type AnswerSource, farther } from '../../observe/metrics/traffic.ts';
import { type Answer, type RecordsAnswer, recordsAnswer, toMessage } from '../../resolve/answer.ts';
import { failureReply, ResolveError } from '../../resolve/errors.ts';
import type { Query, ResolveContext, Resolver } from '../../resolve/query.ts';
import { type Request, requestQuestion } from '../request.ts';

/** glibc gives up after 5 s; every client gets a reply before, even if it is SERVFAIL. */
const ANSWER_DEADLINE = 4_500;

/** What resolutions need. */
export interface ResolutionsParts {
  readonly resolver: Resolver;
  readonly cache: AnswerCache;
  /** Called with an unexpected error: a bug, which costs one SERVFAIL and never the process. */
  readonly onBug: (error: unknown) => void;
}

/** Where a reply came from. */
export interface ReplyOrigin {
  readonly source: AnswerSource;
  /** The label of the upstream resolver whose reply it is; absent when it was made here. */
  readonly upstream?: string | undefined;
}

/** What a request is answered with; `age` as `renderReply` takes it. */
export interface Outcome extends ReplyOrigin {
  readonly reply: PackedReply;
  readonly age: number | 'stale';
}

/** Who wants an answer, for the resolver. */
export interface Wanted extends Pick<ResolveContext, 'trace'> {
  readonly client: string;
  /** The upstreams' AD bit is passed on. */
  readonly trustAuthenticData: boolean;
  /** A query that was sent for it on the straight way. It is dropped if nobody has claimed it in the end. */
  readonly begun?: BegunQuery | undefined;
}

/** The questions that the cache does not answer: resolved once for all who ask at the same time, and cached. */
export class Resolutions {
  readonly #parts: ResolutionsParts;
  /** By cache key. */
  readonly #inFlight = new Map<string, Resolving>();
  /** Abort each of them. */
  readonly #abandons = new Set<Abandon>();
  #isClosing = false;

  constructor(parts: ResolutionsParts) {
    this.#parts = parts;
  }

  /** Different questions in flight. */
  get size(): number {
    return this.#inFlight.size;
  }

  /** Whether this question is being resolved. */
  isResolving(cacheKey: string): boolean {
    return this.#inFlight.has(cacheKey);
  }

  /** Resolves a question to a reply, SERVFAIL for a failure, and caches it. Rejects only because of a bug. */
  resolve(request: Request, wanted: Wanted): Promise<Outcome> {
    const { cacheKey } = request;
    const { cache } = this.#parts;
    const known = this.#inFlight.get(cacheKey);
    // A resolution that may use an outdated packet is not joined.
    if (known !== undefined && !cache.isForgotten(cacheKey, known.begun)) {
      wanted.trace?.tell({ of: 'joined' });
      // What is joined may go on with it.
      const { begun } = wanted;
      if (begun !== undefined) known.outcome.then(() => begun.drop(), this.#parts.onBug);
      return known.outcome;
    }
    const query: Query = {
      question: lowerCaseName(requestQuestion(request)),
      dnssecOk: request.dnssecOk,
      checkingDisabled: request.checkingDisabled,
    };
    const begun = cache.generation;
    const work = this.#resolveQuery(query, wanted).then(({ reply, source, upstream, isPassing }): Outcome => {
      if (this.#inFlight.get(cacheKey)?.outcome === work) this.#inFlight.delete(cacheKey);
      if (!isPassing && isFailure(reply)) cache.putFailure(cacheKey, reply, begun);
      else if (!isPassing) cache.put(cacheKey, reply, begun);
      return { reply, age: 0, source, upstream };
    });
    this.#inFlight.set(cacheKey, { begun, outcome: work });
    return work;
  }

  /** Answers everything in flight, and what comes from now on to it, with a failure. */
  abandonAll(): void {
    this.#isClosing = true;
    for (const abandon of this.#abandons) abandon('The resolver is stopping.');
  }

  async #resolveQuery(
    query: Query,
    { client, trace, trustAuthenticData, begun }: Wanted,
  ): Promise<Resolution> {
    let source: AnswerSource = 'local';
    const onSource = (next: AnswerSource) => {
      source = farther(source, next);
    };
    try {
      const answer = await this.#inTime(query, { client, onSource, trace, begun });
      const upstream = answer.kind === 'forwarded' ? answer.reply.upstream : undefined;
      return { reply: pack(answer, query, trustAuthenticData), source, upstream, isPassing: false };
    } catch (error) {
      if (!(error instanceof ResolveError)) this.#parts.onBug(error);
      const failure = error instanceof ResolveError ? error : internalError;
      trace?.tell({ of: 'failure', kind: failure.kind, text: failure.message });
      const isPassing = this.#isClosing || failure.kind === 'internal' || failure.kind === 'busy';
      return { reply: packFailure(failure, query), source, isPassing };
    } finally {
      begun?.drop();
    }
  }

  /** Resolves within the deadline, even if some part of the resolver ignores its cancellation. */
  #inTime(
    query: Query,
    asker: Pick<ResolveContext, 'client' | 'onSource' | 'trace' | 'begun'>,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cancellation = new Cancellation();
      const end = () => {
        clearTimeout(timer);
        this.#abandons.delete(abandon);
      };
      const abandon: Abandon = (text) => {
        end();
        const reason = new ResolveError('out-of-time', text);
        cancellation.cancel(reason);
        reject(reason);
      };
      const text = `No answer was found within ${ANSWER_DEADLINE / 1000} s.`;
      const timer = setTimeout(abandon, ANSWER_DEADLINE, text);
      this.#abandons.add(abandon);
      this.#parts.resolver.resolve(query, { cancellation, aliasesFollowed: 0, ...asker }).then(
        (answer) => {
          end();
          resolve(answer);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
  }
}

/** What a client is told of a bug. */
export const internalError = new ResolveError('internal', "Internal error; see pkarrd's log.");

/** RFC 8767 §4 counts any RCODE except NOERROR and NXDOMAIN as a failure; YXDOMAIN is an answer too (RFC 6672). */
export function isFailure({ rcode }: PackedReply): boolean {
  return rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN && rcode !== Rcode.YXDOMAIN;
}

/** A question with its name in lower case, so that the cached answer does not show one client's case to another. */
export function lowerCaseName(question: Question): Question {
  return { ...question, name: question.name.toLowerCase() };
}

/** An answer of our own, in octets. @throws WireError for one that does not fit into a message. */
export function packRecords(answer: RecordsAnswer, question: Question): PackedReply {
  const { rcode, extendedErrors } = answer;
  return packMessage(toMessage(answer, question), { rcode, extendedErrors, authenticData: false });
}

/** Ends a resolution without an answer, with this reason. */
type Abandon = (text: string) => void;

/** A resolution in flight. */
interface Resolving {
  /** The generation of the cache when it was begun. */
  readonly begun: number;
  readonly outcome: Promise<Outcome>;
}

/** The result of a resolution. */
interface Resolution extends ReplyOrigin {
  readonly reply: PackedReply;
  /** A temporary failure of our own, which says nothing about the name and is not cached. */
  readonly isPassing: boolean;
}

function pack(answer: Answer, { question }: Query, trustAuthenticData: boolean): PackedReply {
  if (answer.kind === 'records') {
    try {
      return packRecords(answer, question);
    } catch (error) {
      // An answer combined from several servers can be too long.
      if (!(error instanceof WireError)) throw error;
      throw new ResolveError('upstream-malformed', 'The answer does not fit into a DNS message.', {
        cause: error,
      });
    }
  }
  // The forwarder may share the octets with others.
  return packForwarded(answer.reply, new Uint8Array(answer.reply.bytes), trustAuthenticData);
}

/** An upstream's reply, packed. `bytes` are its octets or a copy, and are modified. */
export function packForwarded(
  reply: UpstreamReply,
  bytes: Uint8Array,
  trustAuthenticData: boolean,
): PackedReply {
  const { layout, rcode, extendedErrors } = reply;
  const authenticData = reply.authenticData && trustAuthenticData;
  // AA=0 for forwarded answers: the upstream may be an authority, we are not.
  bytes[2] = (bytes[2] as number) & ~0x04;
  return packReply(bytes, layout, { rcode, extendedErrors, authenticData });
}

function packFailure(error: ResolveError, { question }: Query): PackedReply {
  const { rcode, extendedError } = failureReply(error);
  const extendedErrors = [extendedError];
  const message = toMessage(recordsAnswer({ rcode, authoritative: false, extendedErrors }), question);
  return packMessage(message, { rcode, extendedErrors, authenticData: false });
}
