import { type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';
import type { Name } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { syntheticSoa } from '../dns/soa.ts';
import { addressToText } from '../ip/address.ts';
import { ipClass, isLocalClass, type LocalIpClass } from '../ip/address-class.ts';
import { type Answer, type RecordsAnswer, recordsAnswer, toRecords } from './answer.ts';
import { DomainSet } from './domain-set.ts';
import type { Layer } from './query.ts';
import { recordAddresses } from './record-addresses.ts';

/** Which upstream answers may contain addresses that are not public. */
export interface RebindingOptions {
  /** Exempt domains, including all names below them. */
  readonly allowed: readonly Name[];
  /** Whether a route exists for this name: the user chose that resolver, so it may return private addresses. */
  readonly hasRoute: (name: Name) => boolean;
}

/** Seconds that a blocked answer may be cached: the next one may be fine. */
const REFUSED_TTL = 60;

/**
 * Protects against DNS rebinding: when a public name suddenly resolves to an address of this machine or network, a web
 * page under that name can talk to the services there. The whole answer is replaced, because attackers mix public and
 * private addresses. To turn the protection off, leave the layer out.
 *
 * The replacement is NODATA, as in dnsmasq and Unbound, and not REFUSED: a stub resolver that gets REFUSED asks the
 * next server in its list (resolv.conf(5)), and would get the address there.
 */
export function rebindingProtection({ allowed, hasRoute }: RebindingOptions): Layer {
  const exempt = new DomainSet(allowed);
  return (inner) => ({
    async resolve(query, context) {
      const { name } = query.question;
      if (exempt.covers(name) || hasRoute(name)) return await inner.resolve(query, context);
      const answer = await inner.resolve(query, context);
      const found = findLocalAddress(answer);
      if (found === undefined) return answer;
      context.trace?.tell({ of: 'filtered', why: 'rebinding', text: blockedText(found) });
      return refusedAnswer(name, found);
    },
  });
}

/** An address in an answer that leads into the client's own machine or network. */
export interface LocalAddress {
  readonly record: ResourceRecord;
  /** `malformed`: the record should contain addresses and cannot be parsed, so nothing is known about them. */
  readonly class: LocalIpClass | 'malformed';
  /** 4 or 16 octets; absent when malformed. */
  readonly address?: Uint8Array;
}

/**
 * The first address in an answer, in A and AAAA records and in the hints of HTTPS and SVCB records of any section,
 * that leads to this machine or its network.
 * @throws ResolveError `upstream-malformed` when the answer cannot be read: what cannot be checked is not passed on.
 */
export function findLocalAddress(answer: Answer): LocalAddress | undefined {
  const { answers, authorities, additionals } = toRecords(answer);
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) {
      const found = localAddressIn(record, isLocal);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The first address in `record` whose class `matches` accepts. */
export function localAddressIn(
  record: ResourceRecord,
  matches: (addressClass: LocalIpClass) => boolean,
): LocalAddress | undefined {
  const addresses = recordAddresses(record);
  if (addresses === 'malformed') return { record, class: 'malformed' };
  for (const address of addresses) {
    const addressClass = ipClass(address);
    if (isLocalClass(addressClass) && matches(addressClass)) return { record, class: addressClass, address };
  }
  return undefined;
}

/** `the loopback address 127.0.0.1`, `a malformed address`. */
export function localAddressToText({ class: addressClass, address }: LocalAddress): string {
  if (address === undefined) return 'a malformed address';
  return `the ${addressClass} address ${addressToText(address)}`;
}

function isLocal(): boolean {
  return true;
}

const BLOCKED = 'Blocked by rebinding protection: the answer for a public name contains ';

function blockedText(found: LocalAddress): string {
  return `${BLOCKED}${localAddressToText(found)}.`;
}

/** Whether that is the text of the extended error of a blocked answer. */
export function isBlockedText(text: string): boolean {
  return text.startsWith(BLOCKED);
}

function refusedAnswer(name: Name, found: LocalAddress): RecordsAnswer {
  // RFC 8914 §4.16, Blocked: a policy of whoever runs the server.
  const blocked: ExtendedError = {
    code: ExtendedErrorCode.BLOCKED,
    text: blockedText(found),
  };
  return recordsAnswer({
    authoritative: false,
    authorities: [syntheticSoa(name, 1, REFUSED_TTL)],
    extendedErrors: [blocked],
  });
}
