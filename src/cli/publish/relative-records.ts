import { recordToText } from '../../dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';

/** A record as a zone file of the key has it, `www 300 IN CNAME @`: 52 characters that are everywhere the same say nothing. */
export function relativeRecord(record: ResourceRecord, { text: key }: PublicKey): string {
  return recordToText(record)
    .replace(new RegExp(`^${key}\\.`), '@')
    .replaceAll(`.${key}.`, '')
    .replaceAll(` ${key}.`, ' @');
}
