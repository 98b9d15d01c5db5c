import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PETNAMES, petnameLabel, petnames } from '../../src/config/petnames.ts';
import { testKey } from '../support/packets.ts';

const key = testKey(1).publicKey.text;
const other = testKey(2).publicKey.text;

test('a petname is one label of letters, digits and hyphens', () => {
  for (const [typed, label] of [
    ['alice', 'alice'],
    ['Alice-2', 'alice-2'],
    ['7', '7'],
    ['alice.', 'alice'],
    ['Alice.internal', 'alice'],
    ['alice.INTERNAL.', 'alice'],
    ['internal', 'internal'],
    ['Zoë', 'xn--zo-ija'],
    ['v'.repeat(63), 'v'.repeat(63)],
  ] as const)
    assert.equal(petnameLabel(typed), label, typed);
});

test('no other text is a petname: no second label, no reserved word, no key', () => {
  for (const typed of [
    ...[
      '',
      '.',
      'a.b',
      'a.b.internal',
      '.internal',
      'www.internal',
      '-a',
      'a-',
      'a_b',
      'a b',
      'a\\.b',
      'a\n',
      '*',
      'v'.repeat(64),
    ],
    ...['www', 'WWW', 'localhost', key, key.toUpperCase(), `x${key}`, `${'y'.repeat(52)}`],
  ])
    assert.equal(petnameLabel(typed), undefined, JSON.stringify(typed));
});

test('names are read from a table and from words, and are written as words', () => {
  const expected = [
    { label: 'alice', key },
    { label: 'bob', key: other },
  ];
  const reading = petnames.read({ Alice: key, bob: `pk:${other.toUpperCase()}` });
  assert.deepEqual(reading, { ok: true, value: expected });
  assert.deepEqual(petnames.read([`alice=${key}`, `bob=${other}`]), { ok: true, value: expected });
  assert.equal(petnames.toText(expected), `alice=${key} bob=${other}`);
  for (const none of [{}, [], 'none', ['none']])
    assert.deepEqual(petnames.read(none), { ok: true, value: [] }, JSON.stringify(none));
  assert.equal(petnames.toText([]), 'none');
});

test('each entry that is not valid is refused by itself, with the reason, those of a table with their name', () => {
  const noKey = 'the key is not a public key: 52 characters of z-base32';
  const nothing = 'expected a name and a key, as in alice = "KEY"';
  for (const [raw, refused, reasons, fields] of [
    [
      { alice: key, www: key, bob: 'KEY', c: 3, 'a.b': { x: 1 }, 'd e': key, [`x${key}`]: key },
      [`www=${key}`, 'bob=KEY', 'c=3', 'a.b={"x":1}', `d e=${key}`, `x${key}=${key}`],
      [
        ...['www means something else', noKey, noKey, 'the name has more than one label'],
        'the name is not one label of letters, digits and hyphens',
        'the name has a key in it',
      ],
      ['www', 'bob', 'c', 'a.b', 'd e', `x${key}`],
    ],
    [{ a: key, A: other }, [`A=${other}`], ['the name comes twice'], ['A']],
    [
      ['alice', 7],
      ['alice', '7'],
      [nothing, nothing],
    ],
    ['', [''], [nothing]],
    [new Date(0), ['"1970-01-01T00:00:00.000Z"'], [nothing]],
  ] as const)
    assert.deepEqual(
      petnames.read(raw),
      { ok: false, refused, reasons, ...(fields !== undefined && { fields }) },
      JSON.stringify(raw),
    );
});

test('a table has a bounded number of names', () => {
  const raw = Object.fromEntries(Array.from({ length: MAX_PETNAMES + 2 }, (_, n) => [`n${n}`, key]));
  const reading = petnames.read(raw);
  assert.ok(!reading.ok);
  assert.deepEqual(reading.refused, [`n${MAX_PETNAMES}=${key}`, `n${MAX_PETNAMES + 1}=${key}`]);
});
