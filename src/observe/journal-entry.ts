import { type LogEntry, priorities } from './log.ts';

/** Characters of a field's name, at most (systemd's journal-file limits). */
const MAX_NAME = 64;

/**
 * An event in the native protocol of the journal (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): one datagram of fields. The fields of the
 * event are `PKARRD_…`, so that `journalctl PKARRD_UPSTREAM=9.9.9.9` finds them.
 */
export function journalEntry({ level, text, fields }: LogEntry): Uint8Array {
  return Buffer.concat([
    field('MESSAGE', text),
    field('PRIORITY', String(priorities[level])),
    field('SYSLOG_IDENTIFIER', 'pkarrd'),
    ...Object.entries(fields).map(([key, value]) => field(fieldName(key), value)),
  ]);
}

/** "Field names consist of uppercase letters, numbers and underscores": `afterSeconds` is `PKARRD_AFTER_SECONDS`. */
function fieldName(key: string): string {
  const words = key.replace(/([a-z\d])([A-Z])/g, '$1_$2').replace(/[^A-Za-z\d]+/g, '_');
  return `PKARRD_${words.toUpperCase()}`.slice(0, MAX_NAME);
}

/** `NAME=value`, or where the value has a line feed: the name, its length in 64 bits little endian, and the value. */
function field(name: string, value: string): Uint8Array {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const octets = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(octets.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, octets, Buffer.from('\n')]);
}
