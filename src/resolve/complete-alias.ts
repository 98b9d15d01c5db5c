import { Type } from '../dns/codes.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import type { Name } from '../dns/name.ts';
import { type ResourceRecord, rdataName } from '../dns/record.ts';
import { signaturesOver } from '../dns/rrsig.ts';
import { KEY_TEXT_LENGTH } from '../pkarr/public-key.ts';
import { aliasLoop, MAX_ALIASES } from './alias-limit.ts';
import { type Answer, type ForwardedAnswer, type RecordsAnswer, toRecords } from './answer.ts';
import type { Layer, Query, Resolver } from './query.ts';

/** What completing aliases works with. */
export interface CompleteAliasParts {
  /** Where an alias to a name of a key goes on: the router. */
  readonly follow: Resolver;
  /** Whether a name is a key's or below one, or has the shape of such a name: upstreams know nothing of it. */
  readonly isKeyName: (name: Name) => boolean;
}

/**
 * Completes ordinary names whose CNAME leads to the name of a key. An upstream follows the alias into the root zone and
 * says NXDOMAIN, since there is no such top-level domain. The aliases are kept, and the question goes on with their
 * target; whatever the upstream said of the target and behind it, the root's SOA too, is dropped.
 *
 * The upstream saw the key: it stands in the public zone of whoever wrote the alias. Nothing can be done about that.
 */
export function completeAliases({ follow, isKeyName }: CompleteAliasParts): Layer {
  return (inner) => ({
    async resolve(query, context) {
      const answer = await inner.resolve(query, context);
      if (answer.kind !== 'forwarded' || !mayLeadToKey(answer)) return answer;
      const alias = findAlias(answer, query, isKeyName);
      if (alias === undefined) return answer;
      const next = { ...context, aliasesFollowed: context.aliasesFollowed + alias.steps };
      if (next.aliasesFollowed > MAX_ALIASES) throw aliasLoop();
      const question = { ...query.question, name: alias.target };
      const rest = toRecords(await follow.resolve({ ...query, question }, next));
      return completed(alias.chain, rest);
    },
  });
}

/** AA of the whole is 0: it speaks of the first owner name (RFC 1035 §4.1.1), which an upstream told us of. */
function completed(chain: readonly ResourceRecord[], rest: RecordsAnswer): Answer {
  return { ...rest, authoritative: false, answers: [...chain, ...rest.answers] };
}

/**
 * Whether an answer has a CNAME, and a label that could be a key. It is looked at as it came, without making values,
 * because every ordinary answer passes here and hardly any needs more: that would cost 20 microseconds, this less than one.
 */
function mayLeadToKey({ reply: { bytes, layout } }: ForwardedAnswer): boolean {
  const answerCount = ((bytes[6] as number) << 8) | (bytes[7] as number);
  for (let i = 0; i < answerCount; i++) {
    // TYPE and CLASS stand right before the TTL (RFC 1035 §4.1.3); the answer section is the first.
    const typeAt = (layout.ttlOffsets[i] as number) - 4;
    if (bytes[typeAt] === 0 && bytes[typeAt + 1] === Type.CNAME) return hasKeyLikeLabel(bytes);
  }
  return false;
}

/** Whether anywhere 52 letters and digits follow an octet that says so. */
function hasKeyLikeLabel(bytes: Uint8Array): boolean {
  let at = bytes.indexOf(KEY_TEXT_LENGTH, HEADER_LENGTH);
  for (; at >= 0; at = bytes.indexOf(KEY_TEXT_LENGTH, at + 1)) {
    const end = at + 1 + KEY_TEXT_LENGTH;
    let next = at + 1;
    while (next < end && isLetterOrDigit(bytes[next])) next++;
    if (next === end) return true;
  }
  return false;
}

function isLetterOrDigit(octet: number | undefined): boolean {
  if (octet === undefined) return false;
  const lower = octet | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (octet >= 0x30 && octet <= 0x39);
}

interface AliasToKey {
  readonly chain: readonly ResourceRecord[];
  readonly target: Name;
  readonly steps: number;
}

/** The aliases from the question's name to the first name of a key; undefined when they do not lead to one. */
function findAlias(
  answer: ForwardedAnswer,
  { question, dnssecOk }: Query,
  isKeyName: (name: Name) => boolean,
): AliasToKey | undefined {
  // RFC 1034 §3.6.2: a question for the CNAME itself is answered by it.
  if (question.type === Type.CNAME || question.type === Type.ANY) return undefined;
  const { answers } = toRecords(answer);
  const chain: ResourceRecord[] = [];
  let name = question.name;
  for (let steps = 1; steps <= MAX_ALIASES; steps++) {
    const cname = answers.find((record) => record.type === Type.CNAME && record.name.equals(name));
    if (cname === undefined) return undefined;
    const dnames = answers.filter((record) => record.type === Type.DNAME && name.isWithin(record.name));
    for (const record of [...dnames, cname])
      chain.push(record, ...(dnssecOk ? signaturesOver(record, answers) : []));
    const target = rdataName(cname.rdata);
    if (isKeyName(target)) return { chain: [...new Set(chain)], target, steps };
    name = target;
  }
  return undefined;
}
