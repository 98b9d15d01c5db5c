import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordToText } from '../../../../src/dns/presentation/rdata-text.ts';
import { MAX_ZONE_FILE_LENGTH } from '../../../../src/pkarr/zone/file/entry-reader.ts';
import { messageToText, ZoneFileError } from '../../../../src/pkarr/zone/file/error.ts';
import { type Include, includedNames, includeFrom } from '../../../../src/pkarr/zone/file/include.ts';
import { parseZoneFile } from '../../../../src/pkarr/zone/file/zone-file.ts';
import { testKeyPair } from '../../packets.ts';

const { name: origin, text: key } = testKeyPair().publicKey;

/** Files by name, wherever they are included from. */
const from = (files: Readonly<Record<string, string>>): Include =>
  includeFrom((name) =>
    files[name] === undefined ? { problem: 'there is no such file' } : { path: name, text: files[name] },
  );

function read(text: string, files: Readonly<Record<string, string>>): readonly string[] {
  return parseZoneFile(text, { origin, include: from(files) }).records.map((record) =>
    recordToText(record).replaceAll(key, 'KEY').replace(' IN ', ' '),
  );
}

function errorsOf(text: string, files: Readonly<Record<string, string>>): readonly string[] {
  try {
    read(text, files);
  } catch (error) {
    assert.ok(error instanceof ZoneFileError);
    return error.errors.map(messageToText);
  }
  assert.fail('no error');
}

test('an included file stands in the place of its $INCLUDE, with an origin of its own if one is given', () => {
  assert.deepEqual(
    read('$TTL 60\n$INCLUDE hosts\n$include "more hosts" sub\nwww A 192.0.2.3', {
      hosts: 'www A 192.0.2.1\n',
      'more hosts': '@ A 192.0.2.2\n$ORIGIN deep\nwww A 192.0.2.2',
    }),
    [
      'www.KEY. 60 A 192.0.2.1',
      'sub.KEY. 60 A 192.0.2.2',
      'www.deep.sub.KEY. 60 A 192.0.2.2',
      'www.KEY. 60 A 192.0.2.3',
    ],
  );
});

test('an included file begins with the owner before it, and leaves that and the origin as they were', () => {
  assert.deepEqual(
    read('a 60 A 192.0.2.1\n$INCLUDE file\n  A 192.0.2.4\nb A 192.0.2.5', {
      file: '  A 192.0.2.2\n$ORIGIN x\nc A 192.0.2.3',
    }),
    [
      'a.KEY. 60 A 192.0.2.1',
      'a.KEY. 60 A 192.0.2.2',
      'c.x.KEY. 60 A 192.0.2.3',
      'a.KEY. 60 A 192.0.2.4',
      'b.KEY. 60 A 192.0.2.5',
    ],
  );
});

test('$INCLUDE takes a file name, and possibly an origin', () => {
  assert.deepEqual(errorsOf('$INCLUDE\n$include a b c', {}), [
    'line 1, column 1: The file name after $INCLUDE is missing.',
    'line 2, column 14: "c" is not expected: $INCLUDE takes a file name and an origin.',
  ]);
});

test('errors and warnings in an included file name it', () => {
  assert.deepEqual(errorsOf('$INCLUDE one\nx A x\n$INCLUDE absent', { one: 'a A 192.0.2.1\nb A (\n' }), [
    'line 2, column 5: "x" is not an IPv4 address such as 192.0.2.1.',
    'line 3, column 10: Cannot include "absent": there is no such file.',
    'one, line 2, column 5: This parenthesis is never closed.',
  ]);
  const { warnings } = parseZoneFile('$INCLUDE one', {
    origin,
    include: from({ one: '\na CNAME b\na A 192.0.2.1' }),
  });
  assert.deepEqual(
    warnings.map((warning) => messageToText(warning).replaceAll(key, 'KEY')),
    ['one, line 3, column 1: a.KEY. has a CNAME record, which hides its A record.'],
  );
});

test('files that include each other end with an error', () => {
  assert.deepEqual(errorsOf('$INCLUDE a', { a: '$INCLUDE b', b: '$INCLUDE a' }), [
    'b, line 1, column 1: Files include each other more than 8 levels deep.',
  ]);
});

test('the number of inclusions and the length of all together are bounded', () => {
  const many = errorsOf('$INCLUDE a\n'.repeat(102), { a: '; nothing' });
  assert.equal(many.length, 2);
  assert.match(many[0] ?? '', /^line 101, column 1: More than 100 files are included\.$/);
  const half = ';'.repeat(MAX_ZONE_FILE_LENGTH / 2);
  assert.deepEqual(read('$INCLUDE a\n', { a: half }), []);
  assert.match(
    errorsOf('$INCLUDE a\n$INCLUDE a', { a: half })[0] ?? '',
    /^line 2, column 10: .* longer than 262144/,
  );
  // Each file includes the next twice: without a bound, 2^40 files.
  const files = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`f${i}`, `$INCLUDE f${i + 1}\n$INCLUDE f${i + 1}\n`]),
  );
  assert.ok(errorsOf('$INCLUDE f0', files).length > 0);
});

test('the names of included files are found without reading the records', () => {
  assert.deepEqual(
    includedNames(
      '$INCLUDE a\n$INCLUDE "b c" x\n$INCLUDE d\\032e\n $INCLUDE no\n; $INCLUDE no\n@ TXT (\n$INCLUDE no\n)\n$INCLUDE a',
    ),
    ['a', 'b c', 'd e'],
  );
  for (const name of ['""', 'a\\000b', 'a\\']) {
    assert.deepEqual(includedNames(`$INCLUDE ${name}`), []);
    assert.equal(errorsOf(`$INCLUDE ${name}`, {}).length, 1);
  }
});
