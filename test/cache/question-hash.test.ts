import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashIndex, WAYS } from '../../src/cache/hash-index.ts';
import { QuestionHash } from '../../src/cache/question-hash.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { query } from '../support/dns-client.ts';

/** The octets 0, 1, 2 … where a message has its question. */
function counting(length: number): Uint8Array {
  return Uint8Array.from({ length: 12 + length }, (_, index) => Math.max(0, index - 12));
}

test('the hash is HalfSipHash-1-3', () => {
  // The first results of Linux for the octets 0, 1, 2 … and this key: lib/tests/siphash_kunit.c, for 32 bits.
  const expected = [
    ...[0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6],
    ...[0x577999b1, 0xc839caed, 0xe4fa32cf, 0x959246ee, 0x6b28096c, 0x66dd9cd6, 0x16658a7c, 0xd0257b04],
  ];
  const hash = new QuestionHash(0x03020100, 0x07060504);
  // The two octets behind the name belong to what is hashed.
  const hashes = expected.map((_, length) => hash.of(counting(length), 12 + length - 2) >>> 0);
  assert.deepEqual(hashes, expected);
});

test('the hash knows no case of letters, and every other difference', () => {
  const hash = new QuestionHash();
  const of = (name: string, type?: number) => {
    const message = encodeMessage(query(name, type));
    return hash.of(message, message.length - 4);
  };
  assert.equal(of('abcdefghijklmnopqrstuvwxyz.Test'), of('ABCDEFGHIJKLMNOPQRSTUVWXYZ.tESt'));
  const others = [
    'a.test',
    'b.test',
    '\\064.test',
    '\\096.test',
    '\\091.test',
    '\\123.test',
    'a_.test',
    'a\\127.test',
  ];
  const hashes = [...others.map((name) => of(name)), of('a.test', 28), of('\\193.test'), of('\\225.test')];
  assert.equal(new Set(hashes).size, hashes.length);
});

test('names that collide under one key are spread by another', () => {
  const [known, other] = [new QuestionHash(1, 2), new QuestionHash(3, 4)];
  const index = new HashIndex(1_000 * WAYS, 1_000_000);
  // Whoever knew the key could fill one bucket; under another key, those names go everywhere.
  const names: Uint8Array[] = [];
  for (let i = 0; names.length < 40; i++) {
    const message = encodeMessage(query(`n${i}.example`));
    if (index.firstBucket(known.of(message, message.length - 4)) === 0) names.push(message);
  }
  const buckets = new Set(names.map((message) => index.firstBucket(other.of(message, message.length - 4))));
  assert.ok(buckets.size >= 34, `${buckets.size} buckets for ${names.length} names`);
});
