import { Class, Type } from '../../dns/codes.ts';
import { ExtendedErrorCode } from '../../dns/extended-error.ts';
import type { Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import { type RecordsAnswer, toRecords } from '../answer.ts';
import { type LocalAddress, localAddressIn, localAddressToText } from '../rebinding.ts';
import type { Routes } from '../router.ts';

/** Which addresses the owner of a key may give out. */
export interface PacketAddressPolicy {
  /** Addresses of private networks and links: whoever names a machine at home by a key wants them. */
  readonly allowPrivate: boolean;
  /** Addresses of the asker's own machine: nobody else has a reason to point there. */
  readonly allowLoopback: boolean;
  /** Seconds that it is remembered that nothing was left of an answer. */
  readonly negativeTtl: number;
}

/**
 * Leaves out of every answer for a Pkarr name the records with addresses that `policy` does not allow, wherever an
 * alias of the packet led. With everything allowed it is `inner` itself.
 */
export function limitPacketAddresses(inner: Routes['pkarr'], policy: PacketAddressPolicy): Routes['pkarr'] {
  if (policy.allowPrivate && policy.allowLoopback) return inner;
  return {
    async resolve(key, query, context) {
      const answer = toRecords(await inner.resolve(key, query, context));
      return withoutLocalAddresses(answer, key.name, policy);
    },
  };
}

/**
 * `answer` without such records, and with an extended error when there were some. `apex` is the name of the key. When
 * no data are left, what remains is NODATA.
 */
function withoutLocalAddresses(
  answer: RecordsAnswer,
  apex: Name,
  policy: PacketAddressPolicy,
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
  const text = `Left out: a record with ${localAddressToText(first)}.`;
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

function isAlias({ type, class: recordClass }: ResourceRecord): boolean {
  return recordClass === Class.IN && (type === Type.CNAME || type === Type.DNAME);
}
