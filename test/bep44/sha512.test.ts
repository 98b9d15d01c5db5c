import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sha512 } from '../../src/bep44/sha512.ts';
import { hexOf } from '../../src/octets/text.ts';
import { fc } from '../support/property.ts';

/** The hash by OpenSSL. */
function expected(message: Uint8Array): string {
  return createHash('sha512').update(message).digest('hex');
}

test('the hash of "abc" is that of FIPS 180-4', () => {
  // https://csrc.nist.gov/CSRC/media/Projects/Cryptographic-Standards-and-Guidelines/documents/examples/SHA512.pdf
  assert.equal(
    hexOf(sha512(new TextEncoder().encode('abc'))),
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  );
});

test('messages of every length around the ends of blocks have the hash that OpenSSL gives', () => {
  for (let length = 0; length <= 520; length++) {
    const message = Uint8Array.from({ length }, (_, at) => (at * 167 + length) & 0xff);
    assert.equal(hexOf(sha512(message)), expected(message), `${length} octets`);
  }
});

test('any message has the hash that OpenSSL gives, and is not written to', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1100 }), (message) => {
      const before = message.slice();
      assert.equal(hexOf(sha512(message)), expected(before));
      assert.deepEqual(message, before);
    }),
  );
});
