import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { getPublicKey, sign } from '@noble/ed25519';
import { signatureCheckFor } from '../../src/mainline/wire/ed25519.ts';
import { pointFault, signatureCheck } from '../../src/pkarr/ed25519.ts';

// Runtimes have different libraries below node:crypto (OpenSSL, BoringSSL), and must judge alike.

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

const verdicts = (signature: Uint8Array) => [
  signatureCheck(key)(message, signature),
  signatureCheckFor(key).holds(signature, message),
];

test('a signature holds, and one whose S is raised by the order of the group does not', () => {
  const signature = Buffer.from(sign(message, seed));
  assert.deepEqual(verdicts(signature), [true, true]);
  // RFC 8032 §5.1.7: S has to be "in the range 0 <= s < L".
  const raised = toNumber(signature.subarray(32)) + L;
  assert.deepEqual(verdicts(Buffer.concat([signature.subarray(0, 32), toOctets(raised)])), [false, false]);
});

test('a signature whose R is written in another way than RFC 8032 writes it does not hold', () => {
  const identity = Buffer.alloc(32);
  identity[0] = 1;
  // Holds by its equation, so that what refuses the next two is how R is written.
  assert.equal(signatureCheckFor(key).holds(signatureWithIdentity(identity), message), true);
  const raised = Buffer.alloc(32, 0xff); // p + 1, that is 1 again
  raised[0] = 0xee;
  raised[31] = 0x7f;
  const minusZero = Buffer.from(identity); // the sign of an x that is 0
  minusZero[31] = 0x80;
  for (const r of [raised, minusZero]) assert.deepEqual(verdicts(signatureWithIdentity(r)), [false, false]);
});

test('a key of small order holds for nothing, and one that is no point is no error', () => {
  const small = Buffer.alloc(32);
  small[0] = 1;
  assert.equal(pointFault(small), 'small-order');
  // R = S·B − k·A with A = 1 is R = S·B: good for any message.
  const forged = Buffer.concat([small, Buffer.alloc(32)]);
  assert.equal(signatureCheckFor(small).holds(forged, message), false);
  const noPoint = Buffer.alloc(32);
  noPoint[0] = 2;
  assert.equal(pointFault(noPoint), 'not-on-curve');
  assert.equal(signatureCheckFor(noPoint).holds(sign(message, seed), message), false);
});

function toNumber(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).reverse().toString('hex')}`);
}

function toOctets(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}
