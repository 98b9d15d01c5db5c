import type { CachedAnswer } from '../cache/cached-answer.ts';
import { rcodeToText, typeToText } from '../dns/codes.ts';
import { type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';
import type { CacheFact, Fact, RefusalReason } from '../way/fact.ts';
import type { Trace } from '../way/trace.ts';
import { type RejectedRequest, type Request, requestQuestion } from './request.ts';

const stranger: ExtendedError = {
  code: ExtendedErrorCode.PROHIBITED,
  text: 'Queries from this address are not allowed.',
};

const loop: ExtendedError = {
  code: ExtendedErrorCode.OTHER,
  text: 'Forwarding loop: an upstream sent our own query back to us.',
};

const notCached: ExtendedError = {
  code: ExtendedErrorCode.NOT_AUTHORITATIVE,
  text: 'Not in the cache, and recursion was not desired.',
};

/** Why a query is refused without a lookup, for the client; malformed ones have only their RCODE. */
export const refusals: Readonly<Record<RefusalReason, ExtendedError | undefined>> = {
  stranger,
  loop,
  'no-recursion': notCached,
  'too-often': undefined,
  malformed: undefined,
};

/** A client that has too many queries, and gets none of its answers over UDP. */
export const tooOften: Fact = {
  of: 'refused',
  why: 'too-often',
  text: 'The client asks too often, and was told to ask again over TCP.',
};

/** Why a query is not answered that breaks the rules of the protocol. */
export function malformed(rcode: number): string {
  return `The query is not one that is answered: ${rcodeToText(rcode)}.`;
}

/** Tells `trace` what was asked; nothing when it cannot be read. */
export function tellQuestion(trace: Trace, request: Request | RejectedRequest): void {
  if (request.kind === 'rejected') return;
  const { name, type } = requestQuestion(request);
  trace.tell({ of: 'question', name: String(name), type: typeToText(type), why: 'asked' });
}

/** What the cache had, which is given out or is first tried to be renewed. */
export function cacheFact(answer: CachedAnswer, now: number, isGiven: boolean): CacheFact {
  const isFresh = answer.isFresh(now);
  // As TTLs have it: the age is rounded up.
  const leftSeconds = Math.max(0, Math.floor((answer.expiresAt - now) / 1000));
  return {
    of: 'cache',
    state: isFresh ? (answer.failures > 0 ? 'failure' : 'fresh') : isGiven ? 'stale' : 'expired',
    ageSeconds: answer.age(now),
    ...(isFresh && { leftSeconds }),
  };
}
