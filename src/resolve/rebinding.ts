import { type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';
import type { Name } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { syntheticSoa } from '../dns/soa.ts';
import { WireError } from '../dns/wire-error.ts';
import { addressToText } from '../ip/address.ts';
import { ipClass, isLocalClass, type LocalIpClass } from '../ip/address-class.ts';
import { type Answer, type RecordsAnswer, recordsAnswer, toRecords } from './answer.ts';
import { DomainSet } from './domain-set.ts';
import { ResolveError } from './errors.ts';
import type { Layer } from './query.ts';
import { recordAddresses } from './record-addresses.ts';

/** Which answers of upstreams may hold addresses that are not public. */
export interface RebindingOptions {
  /** Domains that may, with all below them. */
  readonly allowed: readonly Name[];
  /** Whether the user said where this name goes; that resolver is trusted with private addresses. */
  readonly hasRoute: (name: Name) => boolean;
}

/** Seconds that a refused answer may be remembered: the next one may be clean. */
const REFUSED_TTL = 60;

/**
 * Protects against DNS rebinding: a public name that suddenly stands for an address of this machine or network lets
 * a web page of that name talk to what is there. Such an answer is replaced as a whole, for an attacker mixes a
 * public address with a private one. To have the protection off, leave the layer out.
 *
 * The answer instead is NODATA, as dnsmasq and Unbound have it, and not REFUSED: a stub resolver that is refused asks
 * the next server of its list (resolv.conf(5)), and would get the address there.
 */
export function rebindingProtection({ allowed, hasRoute }: RebindingOptions): Layer {
  const exempt = new DomainSet(allowed);
  return (inner) => ({
    async resolve(query, context) {
      const { name } = query.question;
      if (exempt.covers(name) || hasRoute(name)) return await inner.resolve(query, context);
      const answer = await inner.resolve(query, context);
      const found = findLocalAddress(answer);
      return found === undefined ? answer : refusedAnswer(name, found);
    },
  });
}

/** Something in an answer that leads into the asker's own machine or network. */
export interface LocalAddress {
  readonly record: ResourceRecord;
  /** `unreadable`: a record that holds addresses and cannot be read, which is trusted no more. */
  readonly class: LocalIpClass | 'unreadable';
  /** 4 or 16 octets; absent when unreadable. */
  readonly address?: Uint8Array;
}

/**
 * The first address in an answer, in A and AAAA records and in the hints of HTTPS and SVCB records of any section,
 * that leads to this machine or its network.
 * @throws ResolveError `upstream-malformed` when the answer cannot be read: what cannot be checked is not passed on.
 */
export function findLocalAddress(answer: Answer): LocalAddress | undefined {
  const { answers, authorities, additionals } = readable(answer);
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) {
      const found = localAddressIn(record, isLocal);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The first address of `record` whose class `isMeant` accepts. */
export function localAddressIn(
  record: ResourceRecord,
  isMeant: (addressClass: LocalIpClass) => boolean,
): LocalAddress | undefined {
  const addresses = recordAddresses(record);
  if (addresses === 'unreadable') return { record, class: 'unreadable' };
  for (const address of addresses) {
    const addressClass = ipClass(address);
    if (isLocalClass(addressClass) && isMeant(addressClass)) return { record, class: addressClass, address };
  }
  return undefined;
}

/** `the loopback address 127.0.0.1`, `addresses that cannot be read`. */
export function localAddressToText({ class: addressClass, address }: LocalAddress): string {
  if (address === undefined) return 'addresses that cannot be read';
  return `the ${addressClass} address ${addressToText(address)}`;
}

function isLocal(): boolean {
  return true;
}

function refusedAnswer(name: Name, found: LocalAddress): RecordsAnswer {
  // RFC 8914 §4.16, Blocked: a policy of whoever runs the server.
  const blocked: ExtendedError = {
    code: ExtendedErrorCode.BLOCKED,
    text: `Blocked: the answer for a public name had ${localAddressToText(found)}.`,
  };
  return recordsAnswer({
    authoritative: false,
    authorities: [syntheticSoa(name, 1, REFUSED_TTL)],
    extendedErrors: [blocked],
  });
}

function readable(answer: Answer): RecordsAnswer {
  try {
    return toRecords(answer);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ResolveError(
      'upstream-malformed',
      'The answer of the upstream has records that cannot be read.',
      {
        cause: error,
      },
    );
  }
}
