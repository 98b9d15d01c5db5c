import { Type } from '../dns/codes.ts';
import { readServiceParameters, ServiceParameter } from '../dns/rdata/service-parameters.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import { WireReader } from '../dns/wire-reader.ts';

/**
 * The addresses in a record, each of 4 or 16 octets: the address of an A or AAAA record, and the hints of an HTTPS or
 * SVCB record (RFC 9460 §7.3). Empty for other types. `malformed` when the record should contain addresses and cannot be
 * parsed: RFC 9460 §2.2 makes clients reject such a record, but not all clients are strict.
 */
export function recordAddresses(record: ResourceRecord): readonly Uint8Array[] | 'malformed' {
  switch (record.type) {
    case Type.A:
    case Type.AAAA:
      return record.rdata.length === (record.type === Type.A ? 4 : 16) ? [record.rdata] : 'malformed';
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

function hints(rdata: Uint8Array): readonly Uint8Array[] | 'malformed' {
  try {
    const reader = new WireReader(rdata);
    reader.u16('SvcPriority');
    reader.name('TargetName');
    const parameters = readServiceParameters(reader);
    if (parameters === undefined) return 'malformed';
    const addresses: Uint8Array[] = [];
    for (const { key, value } of parameters) {
      const size = hintSizes.get(key);
      if (size === undefined) continue;
      if (value.length % size !== 0) return 'malformed';
      for (let at = 0; at < value.length; at += size) addresses.push(value.subarray(at, at + size));
    }
    return addresses;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return 'malformed';
  }
}
