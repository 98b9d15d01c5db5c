import { Type } from '../dns/codes.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { readServiceParameters, ServiceParameter } from '../dns/service-parameters.ts';
import { WireError } from '../dns/wire-error.ts';
import { WireReader } from '../dns/wire-reader.ts';

/**
 * The addresses that a record gives to its reader, each of 4 or 16 octets: an A or AAAA record's, and the hints of an
 * HTTPS or SVCB record (RFC 9460 §7.3). Empty for other types. `unreadable` when it should hold addresses and cannot
 * be read: RFC 9460 §2.2 makes clients refuse such a record, but not all are strict, and nobody needs it.
 */
export function recordAddresses(record: ResourceRecord): readonly Uint8Array[] | 'unreadable' {
  switch (record.type) {
    case Type.A:
    case Type.AAAA:
      return record.rdata.length === (record.type === Type.A ? 4 : 16) ? [record.rdata] : 'unreadable';
    case Type.HTTPS:
    case Type.SVCB:
      return hints(record.rdata);
    default:
      return [];
  }
}

const hintSizes: ReadonlyMap<number, number> = new Map([
  [ServiceParameter.ipv4hint, 4],
  [ServiceParameter.ipv6hint, 16],
]);

function hints(rdata: Uint8Array): readonly Uint8Array[] | 'unreadable' {
  try {
    const reader = new WireReader(rdata);
    reader.u16('SvcPriority');
    reader.name('TargetName');
    const parameters = readServiceParameters(reader);
    if (parameters === undefined) return 'unreadable';
    const addresses: Uint8Array[] = [];
    for (const { key, value } of parameters) {
      const size = hintSizes.get(key);
      if (size === undefined) continue;
      if (value.length % size !== 0) return 'unreadable';
      for (let at = 0; at < value.length; at += size) addresses.push(value.subarray(at, at + size));
    }
    return addresses;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return 'unreadable';
  }
}
