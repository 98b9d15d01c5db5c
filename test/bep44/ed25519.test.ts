import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { getPublicKey, hashes, Point, sign } from '@noble/ed25519';
import * as ofRuntime from '../../src/bep44/ed25519.ts';
import * as ofBrowsers from '../../src/bep44/ed25519-noble.ts';
import { pointFault } from '../../src/pkarr/curve-point.ts';
import { readVectors } from '../pkarr/vectors.ts';
import { fc } from '../support/property.ts';

hashes.sha512 = (message) => Uint8Array.from(createHash('sha512').update(message).digest());

// Runtimes have different libraries below node:crypto, of different strictness, and must judge alike.

/** RFC 8032 §5.1: the order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const message = Buffer.from('what was signed');
const seed = Buffer.alloc(32, 7);

/** The secret scalar of the seed (RFC 8032 §5.1.5). */
const secret = (() => {
  const digest = createHash('sha512').update(seed).digest().subarray(0, 32);
  digest[0] = (digest[0] as number) & 0xf8;
  digest[31] = ((digest[31] as number) & 0x7f) | 0x40;
  return toNumber(digest);
})();
const key = getPublicKey(seed);

/** A signature with the identity for R, as it is written in `r`: S is k times the secret. */
function signatureWithIdentity(r: Buffer): Buffer {
  const k = toNumber(createHash('sha512').update(r).update(key).update(message).digest()) % L;
  return Buffer.concat([r, toOctets((k * secret) % L)]);
}

/** The y-coordinates of the points of order 1, 2, 4 and 8, with those that are not reduced modulo p. */
const SMALL_ORDER = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ...['ec', 'ed', 'ee'].map((first) => `${first}${'ff'.repeat(30)}7f`),
];

for (const [where, { signatureCheck, signerOf }] of [
  ['on servers', ofRuntime],
  ['in browsers', ofBrowsers],
] as const) {
  const holds = signatureCheck(key);

  test(`${where}: the vectors of RFC 8032 sign and verify`, () => {
    const { vectors } = readVectors<{
      vectors: Record<'seed' | 'publicKey' | 'message' | 'signature', string>[];
    }>('ed25519-rfc8032');
    assert.equal(vectors.length, 3);
    for (const vector of vectors) {
      const signer = signerOf(Buffer.from(vector.seed, 'hex'));
      const signed = Buffer.from(vector.message, 'hex');
      assert.equal(Buffer.from(signer.publicKey).toString('hex'), vector.publicKey);
      assert.equal(Buffer.from(signer.sign(signed)).toString('hex'), vector.signature);
      assert.ok(signatureCheck(signer.publicKey)(signed, Buffer.from(vector.signature, 'hex')));
    }
  });

  test(`${where}: a signature holds, and one whose S is raised by the order of the group does not`, () => {
    const signature = Buffer.from(sign(message, seed));
    assert.equal(holds(message, signature), true);
    // RFC 8032 §5.1.7: S has to be "in the range 0 <= s < L".
    const raised = toNumber(signature.subarray(32)) + L;
    assert.equal(holds(message, Buffer.concat([signature.subarray(0, 32), toOctets(raised)])), false);
  });

  test(`${where}: a signature with a changed bit or of another length does not hold`, () => {
    const signature = Buffer.from(sign(message, seed));
    for (let bit = 0; bit < 512; bit++) {
      const flipped = Buffer.from(signature);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(holds(message, flipped), false, `bit ${bit}`);
    }
    for (const other of [signature.subarray(1), Buffer.concat([signature, Buffer.alloc(1)]), Buffer.alloc(0)])
      assert.equal(holds(message, other), false);
  });

  test(`${where}: a signature whose R is of small order does not hold, however R is written`, () => {
    // Their equations hold for the key: the identity in its one spelling, as p + 1, and with the sign of an x that is 0.
    const identity = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
    const raised = Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex');
    const minusZero = Buffer.from(`01${'00'.repeat(30)}80`, 'hex');
    for (const r of [identity, raised, minusZero])
      assert.equal(holds(message, signatureWithIdentity(r)), false);
  });

  test(`${where}: nothing holds under a key of small order, though anybody can solve its equation`, () => {
    for (const hex of SMALL_ORDER) {
      for (const sign of [0, 0x80]) {
        const small = Buffer.from(hex, 'hex');
        small[31] = (small[31] ?? 0) | sign;
        assert.ok(Point.fromBytes(small, true).isSmallOrder(), hex);
        // S·B = R + k·A with S = 0 and R = -k·A: R is one of eight points, so one of the eight holds for any message.
        for (const r of SMALL_ORDER)
          assert.equal(signatureCheck(small)(message, Buffer.from(r + '00'.repeat(32), 'hex')), false, hex);
      }
    }
  });

  test(`${where}: nothing holds under a key that is no point or has another length`, () => {
    const noPoint = Buffer.from(`02${'00'.repeat(31)}`, 'hex');
    assert.equal(pointFault(noPoint), 'not-on-curve');
    for (const each of [noPoint, key.subarray(1), Buffer.concat([key, Buffer.alloc(1)])])
      assert.equal(signatureCheck(each)(message, sign(message, seed)), false);
  });

  test(`${where}: no bytes make a check throw or hold`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 70 }), (each, bytes) => {
        assert.equal(signatureCheck(each)(message, bytes), false);
      }),
    );
  });
}

function toNumber(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).reverse().toString('hex')}`);
}

function toOctets(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}
