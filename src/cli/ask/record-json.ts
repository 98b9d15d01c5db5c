import { decode } from 'dns-packet';
import { Opcode, Type, typeToText } from '../../dns/codes.ts';
import { encodeMessage, noFlags } from '../../dns/message.ts';
import { Name } from '../../dns/name.ts';
import { rdataToText } from '../../dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../dns/record.ts';

/** A record as JSON: in presentation form, and for some types also with separate fields. */
export interface RecordJson {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
  readonly class: 'IN';
  /** `MX`, `TYPE65400`. */
  readonly type: string;
  /** RDATA in presentation form (RFC 1035 §5.1, or RFC 3597 §5). */
  readonly rdata: string;
  /** RDATA as named fields, for the types where this helps programs; octets are in hexadecimal. */
  readonly fields?: unknown;
}

/**
 * Types with separate fields. A type that is a single name or address needs none, and for the others the package loses
 * information.
 */
const typesWithFields: ReadonlySet<number> = new Set([
  Type.SOA,
  Type.MX,
  Type.SRV,
  Type.CAA,
  Type.DS,
  Type.DNSKEY,
  Type.SSHFP,
  Type.TLSA,
  Type.NAPTR,
  Type.HINFO,
]);

/** The record for `--json`. Never throws: invalid RDATA has no `fields`. */
export function recordToJson(record: ResourceRecord): RecordJson {
  const { name, ttl, type, rdata } = record;
  const text = rdataToText(type, rdata);
  // Invalid RDATA is printed as octets; the package would misread it.
  const fields = typesWithFields.has(type) && !text.startsWith('\\#') ? fieldsOf(record) : undefined;
  return {
    name: String(name),
    ttl,
    class: 'IN',
    type: typeToText(type),
    rdata: text,
    ...(fields !== undefined && { fields }),
  };
}

function fieldsOf(record: ResourceRecord): unknown {
  const answers = [{ ...record, name: Name.root }];
  const message = { id: 0, opcode: Opcode.QUERY, flags: { ...noFlags, response: true }, rcode: 0 };
  const bytes = encodeMessage({ ...message, questions: [], answers, authorities: [], additionals: [] });
  const [answer] = decode(Buffer.from(bytes)).answers ?? [];
  return answer !== undefined && 'data' in answer ? withoutBuffers(answer.data) : undefined;
}

function withoutBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(withoutBuffers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutBuffers(item)]));
}
