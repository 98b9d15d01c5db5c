import type { ExtendedError } from '../dns/extended-error.ts';
import { type AnsweredWith, adviceOn, isOfSignature } from './advice.ts';
import { type Fact, isGiven } from './fact.ts';
import { sentenceOf } from './sentences.ts';

/** A way for people. */
export interface Explanation {
  /** What happened, in order. */
  readonly steps: readonly { readonly atMs: number; readonly sentence: string }[];
  /** What to do, if anything helps. */
  readonly advice: readonly string[];
}

/** The way of an answer, and what to do about it. `nowWall`: milliseconds since 1970. */
export function explain(answered: AnsweredWith, nowWall: number): Explanation {
  const steps = answered.facts.map((fact) => ({ atMs: fact.atMs, sentence: sentenceOf(fact, nowWall) }));
  const end = answered.facts.at(-1)?.atMs ?? 0;
  const told = new Set(steps.map(({ sentence }) => sentence));
  const isOfUpstream = answered.facts.some((fact) => fact.of === 'upstream' && fact.outcome === 'answered');
  const wasOfUpstream = answered.facts.some((fact) => fact.of === 'upstreams' && fact.isEarlier === true);
  // Our own say what the facts say, unless these are gone with the time in the cache.
  const isFromCache = answered.facts.some((fact) => fact.of === 'cache' && isGiven(fact));
  const isAlone = answered.facts.every(
    ({ of }) => of === 'question' || of === 'cache' || (isFromCache && !saysWhy.has(of)),
  );
  const errors = answered.extendedErrors
    .filter(({ text }) => ![...told].some((sentence) => text !== '' && sentence.includes(bare(text))))
    .filter(() => isOfUpstream || isAlone)
    .map((error) => {
      const isTheirs = isOfUpstream || wasOfUpstream || isOfSignature(error.code);
      return { atMs: end, sentence: errorSentence(error, isTheirs) };
    });
  return { steps: [...steps, ...errors], advice: adviceOn(answered) };
}

/** Facts with which an answer of our own was made now, and not taken from the cache. */
const saysWhy: ReadonlySet<Fact['of']> = new Set([
  ...(['refused', 'bad-key', 'stray-key', 'zone', 'name-server', 'upstream', 'failure'] as const),
]);

/** An extended error as a sentence. */
function errorSentence({ code, text }: ExtendedError, isOfUpstream: boolean): string {
  if (!isOfUpstream && text !== '') return `${bare(text)}.`;
  const meaning = meanings[code];
  const what = meaning === undefined ? `Extended error ${code}` : `${meaning} (extended error ${code})`;
  return text === '' ? `${what}.` : `${what}: ${bare(text)}.`;
}

function bare(text: string): string {
  return text.replace(/\.$/, '');
}

/** What INFO-CODEs mean: RFC 8914 §4 and its registry. */
const meanings: Readonly<Record<number, string>> = {
  1: 'The domain is signed with an algorithm that the upstream does not know',
  2: 'The domain is signed with a digest that the upstream does not know',
  3: 'The answer is stale',
  4: 'The answer is forged on purpose',
  5: 'Whether the answer is genuine could not be found out (DNSSEC)',
  6: 'The answer is not genuine (DNSSEC)',
  7: 'The signatures of the domain have expired (DNSSEC)',
  8: 'The signatures of the domain are not valid yet (DNSSEC)',
  9: 'A key of the domain is missing (DNSSEC)',
  10: 'Signatures of the domain are missing (DNSSEC)',
  11: 'No key of the domain may sign zones (DNSSEC)',
  12: 'The proof that there is no such name is missing (DNSSEC)',
  13: 'An earlier failure is repeated',
  14: 'The resolver was not ready',
  15: 'The name is blocked by the resolver',
  16: 'The name is blocked by law or order',
  17: 'The answer is filtered, as somebody asked for',
  18: 'The resolver does not serve this client',
  19: 'That the name does not exist is what was known earlier',
  20: 'The server does not have the name',
  21: 'The server does not support this',
  22: 'None of the name servers of the domain answered',
  23: 'The name servers of the domain cannot be reached',
  24: 'The data of the domain is not valid',
};
