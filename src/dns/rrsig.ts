import { Type } from './codes.ts';
import type { ResourceRecord } from './record.ts';

/** Whether a record is an RRSIG over records of `type`, which its first two octets name (RFC 4034 §3.1.1). */
export function isSignatureOver({ type, rdata }: ResourceRecord, covered: number): boolean {
  return type === Type.RRSIG && (((rdata[0] ?? 0) << 8) | (rdata[1] ?? 0)) === covered;
}

/** The RRSIG records of `records` over the RRset that `record` is one of. */
export function signaturesOver(
  record: ResourceRecord,
  records: readonly ResourceRecord[],
): readonly ResourceRecord[] {
  return records.filter((other) => isSignatureOver(other, record.type) && other.name.equals(record.name));
}
