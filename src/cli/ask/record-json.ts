import { decode } from 'dns-packet';
import { Opcode, Type, typeToText } from '../../dns/codes.ts';
import { encodeMessage, noFlags } from '../../dns/message.ts';
import { Name } from '../../dns/name.ts';
import { rdataToText } from '../../dns/presentation.ts';
import type { ResourceRecord } from '../../dns/record.ts';

/** A record as JSON shows it: in presentation form, and where its type has fields, these too. */
export interface RecordJson {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
  readonly class: 'IN';
  /** `MX`, `TYPE65400`. */
  readonly type: string;
  /** RDATA in presentation form (RFC 1035 §5.1, or RFC 3597 §5). */
  readonly rdata: string;
  /** RDATA as named fields, for the types whose fields programs ask for; octets are in hexadecimal. */
  readonly fields?: unknown;
}

/**
 * Types whose fields are taken apart. Those that are a name or an address alone are whole in `rdata`, and the others
 * of the package come out of it with something lost.
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

/** The record for `--json`. Never throws: RDATA that has no fields is shown without. */
export function recordToJson(record: ResourceRecord): RecordJson {
  const { name, ttl, type, rdata } = record;
  const text = rdataToText(type, rdata);
  // RDATA that is not of its type's form is printed as octets, and the package would read fields into it.
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
