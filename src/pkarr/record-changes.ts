import { recordToText } from '../dns/presentation/rdata-text.ts';
import type { SignedPacket } from './signed-packet.ts';

/** The records by which two packets differ, as lines of a zone file. */
export interface RecordChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What changed from the packet before to the one after it; without one before, all is added. */
export function recordChanges(before: SignedPacket | undefined, after: SignedPacket): RecordChanges {
  const [old, now] = [before?.records ?? [], after.records].map((records) => records.map(recordToText));
  return {
    added: (now ?? []).filter((line) => !old?.includes(line)),
    removed: (old ?? []).filter((line) => !now?.includes(line)),
  };
}
