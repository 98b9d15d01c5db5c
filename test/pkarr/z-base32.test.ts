import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromZBase32, toZBase32 } from '../../src/pkarr/z-base32.ts';
import * as ofPages from '../../src/pkarr/z-base32-pages.ts';
import { fc } from '../support/property.ts';

test('pages write and read z-base32 as the package z32 does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (octets) => {
      const text = toZBase32(octets);
      assert.equal(ofPages.toZBase32(octets), text);
      assert.deepEqual(fromZBase32(text), octets);
      assert.deepEqual(ofPages.fromZBase32(text), octets);
    }),
  );
  // Bits behind the last octet are dropped, whatever they are.
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'ybndrfg8ejkmcpqxot1uwisza345h769'), maxLength: 70 }),
      (text) => {
        assert.deepEqual(ofPages.fromZBase32(text), fromZBase32(text));
      },
    ),
  );
});
