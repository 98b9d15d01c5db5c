import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hashes, Point, verify as strictVerify } from '@noble/ed25519';
import { signatureCheck } from '../../src/bep44/ed25519.ts';
import { signatureCheck as checkOfBrowsers } from '../../src/bep44/ed25519-noble.ts';
import { fc } from '../support/property.ts';

hashes.sha512 = (message) => Uint8Array.from(createHash('sha512').update(message).digest());

/** The order of the base point (RFC 8032 §5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** All points of small order: multiples of one of order 8. */
const order8 = Point.fromBytes(
  Uint8Array.from(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex')),
);
const torsion = Array.from({ length: 8 }, (_, i) => (i === 0 ? Point.ZERO : times(order8, i)));

/** `point` added up `count` times: the package multiplies by secrets only, and refuses small orders. */
function times(point: Point, count: number): Point {
  let sum = Point.ZERO;
  for (let i = 0; i < count; i++) sum = sum.add(point);
  return sum;
}

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());

const challenge = (r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint => {
  const digest = createHash('sha512').update(r).update(key).update(message).digest();
  return BigInt(`0x${Buffer.from(digest.reverse()).toString('hex')}`) % L;
};

const scalar = fc.bigInt({ min: 1n, max: L - 1n });

/** Keys and signatures as somebody makes them who knows every trick: with parts of small order, S over L, odd spellings. */
const forged = fc
  .record({
    secret: scalar,
    nonce: fc.oneof({ arbitrary: scalar, weight: 4 }, fc.constant(0n)),
    keyTorsion: fc.nat(7),
    nonceTorsion: fc.nat(7),
    message: fc.uint8Array({ maxLength: 64 }),
    /** Added to S, in multiples of L. */
    over: fc.constantFrom(0n, 0n, 0n, 1n, 2n),
    /** Uses the small-order part of kA so that the equation holds without the cofactor, where k allows it. */
    tries: fc.nat(16),
    highBit: fc.constantFrom(0, 0, 0, 0x80),
  })
  .map(({ secret, nonce, keyTorsion, nonceTorsion, message, over, tries, highBit }) => {
    const key = Point.BASE.multiply(secret)
      .add(torsion[keyTorsion] as Point)
      .toBytes();
    const bare = nonce === 0n ? Point.ZERO : Point.BASE.multiply(nonce);
    let text = message;
    let r = bare.add(torsion[nonceTorsion] as Point).toBytes();
    let k = challenge(r, key, text);
    for (let i = 0; i < tries; i++) {
      // R = nonce B - k T makes SB - kA equal R exactly; k depends on R, so it takes some messages.
      if (Number((BigInt(keyTorsion) * k + BigInt(nonceTorsion)) % 8n) === 0) break;
      text = Uint8Array.from([...message, i]);
      r = bare.add(torsion[nonceTorsion] as Point).toBytes();
      k = challenge(r, key, text);
    }
    const s = littleEndian(((nonce + k * secret) % L) + over * L);
    const signature = Uint8Array.from([...r, ...s]);
    signature[31] = (signature[31] as number) ^ highBit;
    return { key, message: text, signature };
  });

test('whatever key and signature are made of, what passes also passes the strict check of noble, and the check of browsers judges alike', () => {
  let passed = 0;
  let mixed = 0;
  fc.assert(
    fc.property(forged, ({ key, message, signature }) => {
      const passes = signatureCheck(key)(message, signature);
      assert.equal(checkOfBrowsers(key)(message, signature), passes, 'the check of browsers');
      if (!passes) return;
      passed++;
      if (!Point.fromBytes(key).isTorsionFree()) mixed++;
      assert.ok(strictVerify(signature, message, key, { zip215: false }));
    }),
    { numRuns: 500 },
  );
  assert.ok(passed > 40, `only ${passed} passed`);
  assert.ok(mixed > 10, `only ${mixed} of them with a key that has a part of small order`);
});
