import { Class, Type } from '../../dns/codes.ts';
import { ExtendedErrorCode } from '../../dns/extended-error.ts';
import type { Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import type { FilterReason } from '../../way/fact.ts';
import type { Trace } from '../../way/trace.ts';
import { type RecordsAnswer, toRecords } from '../answer.ts';
import { type LocalAddress, localAddressIn, localAddressToText } from '../rebinding.ts';
import type { Routes } from '../router.ts';

/** Which addresses a key's records may contain. */
export interface PacketAddressPolicy {
  /** Private and link-local addresses: wanted by whoever names a machine at home by a key. */
  readonly allowPrivate: boolean;
  /** Loopback addresses: nobody else has a reason to point at the client's own machine. */
  readonly allowLoopback: boolean;
  /** Seconds that the negative answer may be cached when nothing is left of an answer. */
  readonly negativeTtl: number;
}

/**
 * Removes records with addresses that `policy` does not allow from every answer for a Pkarr name, wherever its aliases
 * led. When everything is allowed it is `inner` itself.
 */
export function limitPacketAddresses(inner: Routes['pkarr'], policy: PacketAddressPolicy): Routes['pkarr'] {
  if (policy.allowPrivate && policy.allowLoopback) return inner;
  return {
    async resolve(key, query, context) {
      const answer = toRecords(await inner.resolve(key, query, context));
      return withoutLocalAddresses(answer, key.name, policy, context.trace);
    },
  };
}

/**
 * `answer` without such records, and with an extended error when some were removed, which `trace` is told. `apex` is the name
 * of the key. An answer that becomes empty is NODATA.
 */
function withoutLocalAddresses(
  answer: RecordsAnswer,
  apex: Name,
  policy: PacketAddressPolicy,
  trace: Trace | undefined,
): RecordsAnswer {
  const denied: LocalAddress[] = [];
  const keep = (record: ResourceRecord) => {
    const found = localAddressIn(record, (addressClass) =>
      addressClass === 'loopback' ? !policy.allowLoopback : !policy.allowPrivate,
    );
    if (found !== undefined) denied.push(found);
    return found === undefined;
  };
  const answers = answer.answers.filter(keep);
  const additionals = answer.additionals.filter(keep);
  const [first] = denied;
  if (first === undefined) return answer;
  const text = `${FILTERED}${localAddressToText(first)}.`;
  trace?.tell({ of: 'filtered', why: filterReason(first), text });
  const isEmptied = answers.length < answer.answers.length && answers.every(isAlias);
  return {
    ...answer,
    answers,
    additionals,
    // RFC 2308 §2.2: NODATA is told from a referral by its SOA, which also says how long it may be kept.
    authorities: isEmptied ? [syntheticSoa(apex, 1, policy.negativeTtl)] : answer.authorities,
    extendedErrors: [...answer.extendedErrors, { code: ExtendedErrorCode.BLOCKED, text }],
  };
}

const FILTERED = 'Filtered: a record with ';

/** Why something was taken out of an answer with an extended error of this text; undefined for any other text. */
export function filterReasonOf(text: string): FilterReason | undefined {
  if (!text.startsWith(FILTERED)) return undefined;
  const found = text.slice(FILTERED.length);
  if (found.startsWith('a malformed')) return 'packet-malformed';
  return found.startsWith('the loopback') ? 'packet-loopback' : 'packet-private';
}

function filterReason({ class: addressClass }: LocalAddress): FilterReason {
  if (addressClass === 'malformed') return 'packet-malformed';
  return addressClass === 'loopback' ? 'packet-loopback' : 'packet-private';
}

function isAlias({ type, class: recordClass }: ResourceRecord): boolean {
  return recordClass === Class.IN && (type === Type.CNAME || type === Type.DNAME);
}
