import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareOctets, concatOctets, equalOctets } from '../../src/octets/octets.ts';
import { base64Of, hexOf, latin1Of, octetsFromBase64, octetsFromHex } from '../../src/octets/text.ts';
import { fc } from '../support/property.ts';

const octets = fc.uint8Array({ maxLength: 40 });

test('octets are joined, compared and written as Buffer does', () => {
  fc.assert(
    fc.property(octets, octets, (a, b) => {
      assert.deepEqual(concatOctets([a, b]), new Uint8Array(Buffer.concat([a, b])));
      assert.equal(Math.sign(compareOctets(a, b)), Buffer.compare(a, b));
      assert.equal(equalOctets(a, b), Buffer.compare(a, b) === 0);
      assert.ok(equalOctets(a, a.slice()));
      assert.equal(hexOf(a), Buffer.from(a).toString('hex'));
      assert.deepEqual(octetsFromHex(hexOf(a).toUpperCase()), a);
      assert.equal(base64Of(a), Buffer.from(a).toString('base64'));
      assert.deepEqual(octetsFromBase64(base64Of(a)), a);
      assert.equal(latin1Of(a), Buffer.from(a).toString('latin1'));
    }),
  );
});

test('base64 has one spelling: what comes out otherwise than it went in is none', () => {
  const text = fc.string({ unit: fc.constantFrom(...'AQgw+/_-= \n9é'), maxLength: 9 });
  fc.assert(
    fc.property(text, (each) => {
      const octetsOfNode = Buffer.from(each, 'base64');
      const expected = octetsOfNode.toString('base64') === each ? new Uint8Array(octetsOfNode) : undefined;
      assert.deepEqual(octetsFromBase64(each), expected);
    }),
    { numRuns: 2_000 },
  );
});
