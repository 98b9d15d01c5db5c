import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordToText } from '../../../../src/dns/presentation/rdata-text.ts';
import { ZoneFileError } from '../../../../src/pkarr/zone/file/error.ts';
import { parseZoneFile } from '../../../../src/pkarr/zone/file/zone-file.ts';
import { testKey } from '../../../support/packets.ts';

const origin = testKey(61).publicKey.name;
const known = new Map([
  ['v4', '192.0.2.1'],
  ['v6', '2001:db8::1'],
  ['none', undefined],
]);

function read(text: string, placeholders: ReadonlyMap<string, string | undefined> = known) {
  const zone = parseZoneFile(text, { origin, placeholders });
  const lines = zone.records.map((record) => recordToText(record).replaceAll(`${origin}`, 'KEY.'));
  return { ...zone, lines };
}

test('a placeholder stands for its value in the data of any record', () => {
  const { lines, placeholders } = read('@ A {v4}\n@ AAAA {v6}\n@ TXT "v=spf1 ip4:{v4} -all"\n');
  assert.deepEqual(lines, [
    'KEY. 300 IN A 192.0.2.1',
    'KEY. 300 IN AAAA 2001:db8::1',
    'KEY. 300 IN TXT "v=spf1 ip4:192.0.2.1 -all"',
  ]);
  assert.deepEqual(placeholders, ['v4', 'v6']);
});

test('a record whose placeholder has no value is left out with a warning, and hands its owner and TTL on', () => {
  const { lines, warnings, placeholders } = read('a 60 A {none}\n  A 192.0.2.2\n');
  assert.deepEqual(lines, ['a.KEY. 60 IN A 192.0.2.2']);
  assert.deepEqual(warnings, [
    {
      line: 1,
      column: 8,
      message: 'The value of {none} is not known yet, so the record is left out.',
      path: undefined,
    },
  ]);
  assert.deepEqual(placeholders, ['none']);
});

test('other braces, and braces behind a backslash, are text', () => {
  const { lines, placeholders } = read('@ TXT "{other} {V4} {} \\{v4} \\\\{v4}"\n');
  assert.deepEqual(lines, ['KEY. 300 IN TXT "{other} {V4} {} {v4} \\\\192.0.2.1"']);
  assert.deepEqual(placeholders, ['v4']);
});

test('a value that does not fit its place is a fault of that place', () => {
  assert.throws(
    () => read('@ A {v6}\n'),
    (error) =>
      error instanceof ZoneFileError && /^line 1, column 5: .* is not an IPv4 address/.test(error.message),
  );
  assert.throws(() => read('@ A {v4}\n', new Map()), ZoneFileError);
});
