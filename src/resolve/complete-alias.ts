import { Rcode, Type } from '../dns/codes.ts';
import type { MessageLayout } from '../dns/layout.ts';
import type { Name } from '../dns/name.ts';
import { type ResourceRecord, rdataName } from '../dns/record.ts';
import { signaturesOver } from '../dns/rrsig.ts';
import { aliasLoop, MAX_ALIASES } from './alias-limit.ts';
import { type Answer, type ForwardedAnswer, type RecordsAnswer, toRecords } from './answer.ts';
import { hasKeyLikeLabel, withoutKeyRecords } from './key-records.ts';
import type { Layer, Query, Resolver } from './query.ts';

/** What completing aliases depends on. */
export interface CompleteAliasParts {
  /** Resolves the targets of aliases: the router. */
  readonly follow: Resolver;
  /** Whether a name is a key's or below one, or looks like such a name: upstreams know nothing of it. */
  readonly isKeyName: (name: Name) => boolean;
  /** Whether the same upstreams are asked for both names. */
  readonly shareUpstreams: (one: Name, other: Name) => boolean;
}

/**
 * Seconds that an alias is kept whose target the upstream left out although it would know it: RFC 2308 §5 wants no such
 * reply to be cached, for it may be whole the next time. A failure is remembered as long.
 */
const OPEN_ENDED_TTL = 5;

/**
 * Completes ordinary names whose aliases the upstream did not follow to their end:
 *
 * - An alias that leads to the name of a key. An upstream follows it into the root zone and says NXDOMAIN, since there is no
 *   such top-level domain. Whatever it says of the key is dropped, the root's SOA included.
 * - An alias whose target is missing, with no SOA record that says that it has no data: the upstream of a route may serve
 *   its own domain and nothing else, and the target belongs to another.
 *
 * The aliases are kept, and the resolution goes on with their target. In other answers, records that names of keys own are
 * dropped as well.
 *
 * The upstream saw the key: it stands in the public zone of whoever wrote the alias. Nothing can be done about that.
 */
export function completeAliases({ follow, isKeyName, shareUpstreams }: CompleteAliasParts): Layer {
  return (inner) => ({
    async resolve(query, context) {
      const answer = await inner.resolve(query, context);
      if (answer.kind !== 'forwarded') return answer;
      const mayHaveKey = hasKeyLikeLabel(answer.reply.bytes);
      const { bytes, layout, rcode } = answer.reply;
      const isOpenEnded = endsWithAlias(bytes, layout, rcode);
      if (!mayHaveKey && !isOpenEnded) return answer;
      const alias = followAliases(answer, query, isKeyName);
      const isToKey = alias !== undefined && isKeyName(alias.target);
      if (alias === undefined || !(isToKey || isOpenEnded)) {
        return mayHaveKey ? withoutKeyRecords(answer, isKeyName) : answer;
      }
      const next = { ...context, aliasesFollowed: context.aliasesFollowed + alias.steps };
      if (next.aliasesFollowed > MAX_ALIASES) throw aliasLoop();
      const question = { ...query.question, name: alias.target };
      context.trace?.tell({
        of: 'alias',
        from: String(query.question.name),
        target: String(alias.target),
      });
      const rest = toRecords(await follow.resolve({ ...query, question }, next));
      const isLeftOut = !isToKey && shareUpstreams(query.question.name, alias.target);
      return completed(isLeftOut ? alias.chain.map(keptShortly) : alias.chain, rest);
    },
  });
}

function keptShortly(record: ResourceRecord): ResourceRecord {
  return { ...record, ttl: Math.min(record.ttl, OPEN_ENDED_TTL) };
}

/** AA of the whole is 0: it speaks of the first owner name (RFC 1035 §4.1.1), which an upstream told us of. */
function completed(chain: readonly ResourceRecord[], rest: RecordsAnswer): Answer {
  return { ...rest, authoritative: false, answers: [...chain, ...rest.answers] };
}

/**
 * Whether an answer has a CNAME and nothing of what was asked for, and no SOA record that says why (RFC 2308 §2.2). It is
 * looked at as it came, without making values.
 */
export function endsWithAlias(bytes: Uint8Array, layout: MessageLayout, rcode: number): boolean {
  if (rcode !== Rcode.NOERROR || layout.negativeTtl !== undefined) return false;
  const asked = u16(bytes, layout.questionEnd - 4);
  if (asked === Type.CNAME || asked === Type.ANY) return false;
  const count = u16(bytes, 6);
  let hasAlias = false;
  for (let i = 0; i < count; i++) {
    // TYPE and CLASS stand right before the TTL (RFC 1035 §4.1.3); the answer section is the first.
    const type = u16(bytes, (layout.ttlOffsets[i] as number) - 4);
    if (type === asked) return false;
    hasAlias ||= type === Type.CNAME;
  }
  return hasAlias;
}

interface Chain {
  readonly chain: readonly ResourceRecord[];
  readonly target: Name;
  readonly steps: number;
}

/**
 * The aliases from the question's name on, to the first name of a key or to where they end; undefined when there are none.
 * @throws ResolveError `alias-loop`
 */
function followAliases(
  answer: ForwardedAnswer,
  { question, dnssecOk }: Query,
  isKeyName: (name: Name) => boolean,
): Chain | undefined {
  // RFC 1034 §3.6.2: a question for the CNAME itself is answered by it.
  if (question.type === Type.CNAME || question.type === Type.ANY) return undefined;
  const { answers } = toRecords(answer);
  const chain = new Set<ResourceRecord>();
  let target = question.name;
  for (let steps = 0; ; steps++) {
    const name = target;
    const cname = answers.find((record) => record.type === Type.CNAME && record.name.equals(name));
    if (cname === undefined || (steps > 0 && isKeyName(name))) {
      return steps === 0 ? undefined : { chain: [...chain], target, steps };
    }
    if (chain.has(cname) || steps === MAX_ALIASES) throw aliasLoop();
    const dnames = answers.filter((record) => record.type === Type.DNAME && name.isWithin(record.name));
    for (const record of [...dnames, cname]) {
      chain.add(record);
      for (const signature of dnssecOk ? signaturesOver(record, answers) : []) chain.add(signature);
    }
    target = rdataName(cname.rdata);
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
