import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalEntry } from '../../src/observe/journal-entry.ts';
import { createLog, Private } from '../../src/observe/log.ts';
import { fc } from '../support/property.ts';

/** The fields of a datagram of the native protocol, by its rules. */
function fieldsOf(octets: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let rest = Buffer.from(octets);
  while (rest.length > 0) {
    const end = rest.indexOf('\n');
    const line = rest.subarray(0, end).toString();
    rest = rest.subarray(end + 1);
    const equals = line.indexOf('=');
    if (equals >= 0) fields.set(line.slice(0, equals), line.slice(equals + 1));
    else {
      const length = Number(rest.readBigUInt64LE());
      fields.set(line, rest.subarray(8, 8 + length).toString());
      assert.equal(rest[8 + length], 0x0a);
      rest = rest.subarray(9 + length);
    }
  }
  return fields;
}

test('an event is a message that reads as the line does, a priority, and fields that can be searched for', () => {
  const entries: ReadonlyMap<string, string>[] = [];
  const write = (_: string, entry: Parameters<typeof journalEntry>[0]) =>
    entries.push(fieldsOf(journalEntry(entry)));
  const log = createLog({ level: 'info', write, now: () => 0, journal: true });
  log.warn('An upstream does not answer.', {
    upstream: '9.9.9.9',
    afterSeconds: 3,
    name: new Private('secret'),
  });
  assert.deepEqual(Object.fromEntries(entries[0] ?? []), {
    MESSAGE: 'An upstream does not answer. upstream=9.9.9.9 afterSeconds=3 name=redacted',
    PRIORITY: '4',
    SYSLOG_IDENTIFIER: 'pkarrd',
    PKARRD_UPSTREAM: '9.9.9.9',
    PKARRD_AFTER_SECONDS: '3',
    PKARRD_NAME: 'redacted',
  });
});

test('a value of any characters and lines is one field, whole, and makes no other', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, value) => {
      let octets: Uint8Array = new Uint8Array();
      const log = createLog({
        level: 'info',
        write: (_, entry) => {
          octets = journalEntry(entry);
        },
        now: () => 0,
        journal: true,
      });
      log.info(message, { error: `${value}\nMESSAGE=faked` });
      const fields = fieldsOf(octets);
      assert.deepEqual([...fields.keys()], ['MESSAGE', 'PRIORITY', 'SYSLOG_IDENTIFIER', 'PKARRD_ERROR']);
      assert.equal(fields.get('PKARRD_ERROR'), Buffer.from(`${value}\nMESSAGE=faked`).toString());
    }),
  );
});
