import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { NameBook, NameError } from '../../../src/app/names/name-book.ts';
import type { Petname } from '../../../src/config/petnames.ts';
import { createLog } from '../../../src/observe/log.ts';
import { testKey } from '../../support/packets.ts';

const [key, other] = [testKey(1).publicKey.text, testKey(2).publicKey.text] as const;
let directory = '';
let path = '';
let lines: string[] = [];
let changes: (readonly Petname[])[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pkarrd-names-'));
  path = join(directory, 'state', 'names.toml');
  [lines, changes] = [[], []];
});
afterEach(() => rmSync(directory, { recursive: true }));

const log = createLog({ level: 'info', write: (line) => lines.push(line), now: () => 0, journal: false });
const open = (...configured: readonly Petname[]) =>
  NameBook.open(configured, {
    path,
    log,
    onChange: async (names) => {
      changes.push(names);
    },
  });
const write = (text: string | Uint8Array) => {
  mkdirSync(join(directory, 'state'), { recursive: true });
  writeFileSync(path, text);
};
const refusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof NameError);
  assert.match(error.message, pattern);
  return true;
};

test('names are added, changed and removed, and the file has them for the next start', async () => {
  const book = await open();
  assert.deepEqual(book.current, []);
  assert.equal(await book.add('Bob', other), undefined);
  assert.equal(await book.add('alice', key), undefined);
  assert.equal(await book.add('bob', key), other);
  assert.match(
    readFileSync(path, 'utf8'),
    new RegExp(`^# .*\n\\[names\\]\nalice = "${key}"\nbob = "${key}"\n$`),
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(await book.remove('bob'), key);
  assert.deepEqual(
    changes.map((names) => names.map(({ label }) => label).join(' ')),
    ['bob', 'bob alice', 'alice bob', 'alice'],
  );
  assert.deepEqual((await open()).current, [{ label: 'alice', key }]);
  assert.deepEqual(readdirSync(join(directory, 'state')), ['names.toml']);
  await assert.rejects(book.remove('bob'), refusal(/^There is no name bob\./));
});

test('the configuration wins, and its names are not changed by command', async () => {
  write(`[names]\nalice = "${other}"\ncarol = "${other}"\n`);
  const book = await open({ label: 'alice', key });
  assert.deepEqual(book.current, [
    { label: 'alice', key },
    { label: 'carol', key: other },
  ]);
  assert.deepEqual(
    book.list().map(({ name, from, isHidden }) => [name, from, isHidden]),
    [
      ['alice', 'configuration', false],
      ['alice', 'added', true],
      ['carol', 'added', false],
    ],
  );
  const before = readFileSync(path, 'utf8');
  await assert.rejects(book.add('alice', other), refusal(/^The configuration has the name alice, and wins/));
  await assert.rejects(book.remove('alice'), refusal(/^The configuration has the name alice/));
  assert.equal(readFileSync(path, 'utf8'), before);
  await book.reload([]);
  assert.deepEqual(
    book.current.map((name) => name.key),
    [other, other],
  );
  assert.equal(changes.length, 1);
});

test('a file that cannot be written is told in words, and the name is not in force', async () => {
  const book = await NameBook.open([], { path: '/proc/names.toml', log, onChange: async () => {} });
  await assert.rejects(
    book.add('alice', key),
    refusal(/^Cannot write \/proc\/names\.toml: there is no such file or directory\. Nothing has changed\.$/),
  );
  assert.deepEqual(book.current, []);
});

test('what is no name or no key is refused with what is accepted', async () => {
  const book = await open();
  for (const typed of ['', 'www', 'a.b', key, 'x'.repeat(200)])
    await assert.rejects(book.add(typed, key), refusal(/cannot be a name; expected one label of letters/));
  await assert.rejects(book.add('a', 'KEY'), refusal(/^"KEY" is not a public key\.$/));
  await assert.rejects(book.add('a', `${'n'.repeat(51)}y`), refusal(/is not a public key: .*\.$/));
  assert.equal(existsSync(path), false);
});

test('a file that somebody damaged is told, used as far as it goes, and left as it is', async () => {
  const whole = '1'.repeat(3);
  const cases: readonly (readonly [content: string | Uint8Array, told: RegExp, names: number])[] = [
    ['[names', /names\.toml:1:\d+.*invalid TOML/, 0],
    [Uint8Array.of(0xff, 0xfe, 0), /not valid UTF-8/, 0],
    ['names = 3\n', /names\.toml:1.*is not a name with a key/, 0],
    [`[names]\nalice = "${key}"\nwww = "${key}"\n`, /\\"www=[a-z0-9]+…?\\" is not a name|www=/, 1],
    [`[names]\nalice = "${key}"\nbob = "${'n'.repeat(51)}y"\n`, /the key of bob is not valid/, 1],
    [`other = ${whole}\n[names]\nalice = "${key}"\n`, /other.* is not expected here/, 1],
    [`[names]\n${'a'.repeat(2 ** 20)} = 1\n`, /cannot read/, 0],
    [`[names]\nalice = "${key}"\nalice = "${key}"\n`, /invalid TOML/, 0],
    [`[names]\n__proto__ = "${key}"\nalice = "${key}"\n`, /__proto__/, 1],
  ];
  for (const [content, told, names] of cases) {
    write(content);
    lines = [];
    const book = await open();
    assert.match(lines.join(''), told);
    assert.equal(book.current.length, names, String(told));
    await assert.rejects(book.add('dora', key), refusal(/The file is left as it is/));
    assert.deepEqual(readFileSync(path), Buffer.from(content));
    assert.deepEqual(readdirSync(join(directory, 'state')), ['names.toml']);
  }
});

test('what somebody wrote into the file meanwhile is kept', async () => {
  const book = await open();
  await book.add('alice', key);
  write(`[names]\nalice = "${key}"\nedited = "${other}"\n`);
  await book.add('bob', key);
  assert.deepEqual(book.current.map(({ label }) => label).sort(), ['alice', 'bob', 'edited']);
});

test('a file that is broken while the program runs takes no name away', async () => {
  const book = await open();
  await book.add('alice', key);
  write('[names\n');
  await book.reload([]);
  assert.deepEqual(book.current, [{ label: 'alice', key }]);
  assert.equal(lines.length, 1);
  await book.reload([]);
  assert.equal(lines.length, 1, 'told once');
});

test('where the file cannot be written, nothing changes', async () => {
  path = '/dev/null/names.toml';
  const book = await open();
  await assert.rejects(book.add('bob', key), refusal(/^Cannot write .*Nothing has changed/));
  assert.deepEqual([book.current, changes], [[], []]);
});

test('changes at the same time are made one after another', async () => {
  const book = await open();
  await Promise.all(Array.from({ length: 20 }, (_, n) => book.add(`n${n}`, key)));
  assert.equal((await open()).current.length, 20);
});
