import assert from 'node:assert/strict';
import { test } from 'node:test';
import packaged from 'bencode';
import {
  type Bencoded,
  BencodeError,
  decodeBencode,
  MAX_VALUES,
} from '../../../src/mainline/wire/bencode-read.ts';
import { type Encodable, encodeBencode } from '../../../src/mainline/wire/bencode-write.ts';
import { fc } from '../../support/property.ts';

const text = (bencoded: string) => Buffer.from(bencoded, 'latin1');

const { value: anyValue } = fc.letrec<{ value: Encodable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.uint8Array({ maxLength: 40 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,8}$/), tie('value'), { maxKeys: 5 }),
  ),
}));

/** The same value as the reader gives it. */
function asRead(value: Encodable | undefined): Bencoded {
  if (value instanceof Uint8Array || typeof value === 'bigint') return value;
  if (Array.isArray(value)) return value.map(asRead);
  return new Map(Object.entries(Object(value)).map(([key, member]) => [key, asRead(member as Encodable)]));
}

test('decoding what was encoded gives the same value', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepEqual(normal(decodeBencode(encodeBencode(value))), normal(asRead(value)));
    }),
  );
});

/** Buffers and plain byte arrays count as equal, and the order of keys does not matter. */
function normal(value: Bencoded): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Map) return new Map([...value].sort().map(([key, member]) => [key, normal(member)]));
  return Array.isArray(value) ? value.map(normal) : value;
}

test('decoding any bytes gives a value or a BencodeError, never another exception', () => {
  const bencodeLike = fc.array(fc.constantFrom('d', 'l', 'i', 'e', '0', '1', '9', ':', '-', 'x'), {
    maxLength: 40,
  });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    bencodeLike.map((characters) => text(characters.join(''))),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      try {
        decodeBencode(input);
      } catch (error) {
        assert.ok(error instanceof BencodeError);
        assert.ok(error.offset >= 0 && error.offset <= input.length);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what is encoded is what the bencode package reads', () => {
  const value = { b: Buffer.from([0, 255, 128]), a: 7, l: [1, Buffer.from('x')], d: { z: 'ü' } };
  assert.deepEqual(packaged.decode(encodeBencode(value)), {
    a: 7,
    b: Buffer.from([0, 255, 128]),
    d: { z: Buffer.from('ü') },
    l: [1, Buffer.from('x')],
  });
  assert.deepEqual(encodeBencode(value), packaged.encode(value));
});

test('integers are exact to the last digit of 64 bits', () => {
  for (const number of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 0n]) {
    assert.equal(decodeBencode(encodeBencode(number)), number);
  }
});

const refused: readonly (readonly [input: string, code: string])[] = [
  ['', 'truncated'],
  ['i1', 'truncated'],
  ['5:abc', 'truncated'],
  ['d1:a', 'truncated'],
  ['li1e', 'truncated'],
  ['99', 'truncated'],
  ['x', 'bad-byte'],
  ['1x', 'bad-byte'],
  ['i1.5e', 'bad-byte'],
  ['i+1e', 'bad-byte'],
  ['di1ei2ee', 'bad-byte'],
  ['ie', 'bad-number'],
  ['i-e', 'bad-number'],
  ['i-0e', 'bad-number'],
  ['i03e', 'bad-number'],
  ['01:a', 'bad-number'],
  ['000000000001:a', 'bad-number'],
  [`i${'1'.repeat(21)}e`, 'bad-number'],
  ['d1:ai1e1:ai2ee', 'duplicate-key'],
  [`${'l'.repeat(50)}${'e'.repeat(50)}`, 'too-deep'],
  [`l${'0:'.repeat(MAX_VALUES)}e`, 'too-many-values'],
];
for (const [input, code] of refused) {
  test(`${input.length > 30 ? `${input.slice(0, 30)}…` : JSON.stringify(input)} is refused as ${code}`, () => {
    assert.throws(() => decodeBencode(text(input)), { name: 'BencodeError', code });
  });
}

test('bytes behind a value are ignored, because programs in use send them', () => {
  for (const behind of ['i2e', 'e', '\0', 'x'.repeat(100)])
    assert.deepEqual(decodeBencode(text(`d1:ai1ee${behind}`)), new Map([['a', 1n]]));
});

test('keys may come in any order, because programs in use send them so', () => {
  assert.deepEqual(
    decodeBencode(text('d1:bi1e1:ai2ee')),
    new Map([
      ['b', 1n],
      ['a', 2n],
    ]),
  );
});

test('a number that is no safe integer is not written', () => {
  for (const number of [1.5, Number.NaN, 2 ** 53]) assert.throws(() => encodeBencode(number), RangeError);
});
