import type { ResourceRecord } from '../../../dns/record.ts';
import { packetMessageLength } from '../../packet-message.ts';

/** The most records for which savings are found: each takes the length of a message. A packet holds some dozens. */
export const MAX_MEASURED_RECORDS = 500;

/**
 * The octets that a packet would have fewer without each record. Names are compressed, so they differ from the octets of the
 * record: the first of several names costs the most. Undefined for more than `MAX_MEASURED_RECORDS`.
 */
export function recordSavings(records: readonly ResourceRecord[]): readonly number[] | undefined {
  if (records.length > MAX_MEASURED_RECORDS) return undefined;
  const length = packetMessageLength(records);
  return records.map((_, at) => length - packetMessageLength(records.toSpliced(at, 1)));
}
