import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { isStorable, signedBytes } from '../../../src/bep44/mutable-item.ts';
import { targetOf } from '../../../src/bep44/target.ts';
import { VerifiedItem } from '../../../src/bep44/verified-item.ts';
import { lowerCase } from '../../../src/dns/name.ts';
import { presentationFields } from '../../../src/dns/rdata/form.ts';
import type { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { parsePastedKey } from '../../../src/pkarr/pasted-key.ts';
import { classifyLabel, PublicKeyError } from '../../../src/pkarr/public-key.ts';
import { compareRecency, SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { same, sameOctets, sameRecords } from '../check.ts';
import { mutate, mutateText } from '../mutate.ts';
import { fuzzKeys, packetMessage, signAnything } from '../packets.ts';
import type { Random } from '../random.ts';
import { isMeta } from '../reference/forms.ts';
import { type PlainMessage, plainMessage, plainRdata } from '../reference/message.ts';
import { forgedSignature } from '../reference/small-order.ts';
import type { FuzzTarget } from '../target.ts';

/**
 * A packet is what its key signed, and nothing else is; its records are those that the key may speak for; a key has one
 * spelling; what is signed, where it lives and which is newer is as BEP 44 says.
 */
export const signedPackets: FuzzTarget = {
  name: 'signed-packet',
  run(random) {
    checkKeyText(random);
    checkItem(random);
    const keyPair = random.pick(fuzzKeys);
    const { publicKey } = keyPair;
    const message = withLength(packetMessage(keyPair, random), random);
    const seq = timestamp(random);
    const signature = keyPair.sign(signedBytes(seq, message));
    const verdict = SignedPacket.verify(publicKey, { seq, signature, value: message });
    const plain = plainMessage(message, false);
    const isValid = message.length <= 1000 && seq >= 0n && seq < 2n ** 63n && isReadable(plain);
    same(verdict.ok, isValid, `a packet of ${message.length} octets at ${seq}`);
    if (!verdict.ok || plain === undefined) return;
    const { packet } = verdict;
    checkRecords(packet, plain);
    checkChanged(packet, random);
    const other = sibling(keyPair, packet, random);
    if (other !== undefined) checkRecency(packet, other);
  },
};

const TIMESTAMPS = [
  0n,
  1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 2n,
  2n ** 63n - 1n,
  2n ** 63n,
  -1n,
] as const;

function timestamp(random: Random): bigint {
  return random.chance(0.5) ? random.pick(TIMESTAMPS) : BigInt(random.u32()) * 1_000_003n;
}

/** The message with octets behind it, now and then, up to one of the limits of a packet. */
function withLength(message: Uint8Array, random: Random): Uint8Array {
  if (message.length > 990 || random.chance(0.9)) return message;
  const longer = new Uint8Array(random.pick([994, 995, 996, 999, 1000, 1001]));
  longer.set(message);
  return longer;
}

/** What follows the records is not looked at. */
function isReadable(plain: PlainMessage | undefined): boolean {
  if (plain === undefined) return false;
  return plain.sections.every((section) => section.every((record) => record.isReadable));
}

/** In the answer section, under the key, of class IN, of a type of zones, well-formed, with data. */
function checkRecords(packet: SignedPacket, plain: PlainMessage): void {
  const expected = plain.sections[0].filter(({ labels, type, class: rrClass, rdata }) => {
    if (rdata === undefined || rrClass !== 1 || isMeta(type)) return false;
    if (plainRdata(rdata, type, 0, rdata.length).rdata === undefined) return false;
    if (rdata.length === 0 && type !== 42 && presentationFields(type) !== undefined) return false;
    return lowerCase(labels.at(-1) ?? '') === packet.key.text;
  });
  sameRecords(packet.records, expected, 'records');
}

/** Bytes that are not what was signed are no packet. */
function checkChanged(packet: SignedPacket, random: Random): void {
  const bytes = packet.toBytes();
  sameOctets(bytes.subarray(0, 32), packet.key.toBytes(), 'key of the bytes');
  sameOctets(bytes.subarray(32, 96), packet.signature, 'signature of the bytes');
  same(Buffer.from(bytes).readBigUInt64BE(96), packet.timestamp, 'timestamp of the bytes');
  sameOctets(bytes.subarray(104), packet.message, 'message of the bytes');
  const changed = mutate(bytes, random, 1);
  const verdict = SignedPacket.fromBytes(changed);
  same(verdict.ok, Buffer.compare(changed, bytes) === 0, 'a changed packet');
}

/** Another packet of the same key, about as old. */
function sibling(keyPair: KeyPair, packet: SignedPacket, random: Random): SignedPacket | undefined {
  if (random.chance(0.5)) return undefined;
  return signAnything(
    keyPair,
    new Uint8Array(12 + random.int(2)),
    packet.timestamp + random.pick([-1n, 0n, 1n]),
  );
}

function checkRecency(one: SignedPacket, other: SignedPacket): void {
  const a = one.toRelayPayload().subarray(64);
  const b = other.toRelayPayload().subarray(64);
  // The timestamp is big endian, so octets compare as numbers do.
  same(Math.sign(compareRecency(one, other)), Buffer.compare(a, b), 'recency');
  same(Math.sign(compareRecency(other, one)), Buffer.compare(b, a), 'recency the other way');
}

/** BEP 44's bytes to sign, with and without salt, the place of an item, and what may be stored. */
function checkItem(random: Random): void {
  const value = random.octets(random.chance(0.9) ? random.int(30) : random.pick([999, 1000, 1001]));
  const salt = random.octets(random.pick([0, 0, 1, 64, 65]));
  const seq = timestamp(random);
  const latin1 = (octets: Uint8Array) => Buffer.from(octets).toString('latin1');
  const salted = salt.length === 0 ? '' : `4:salt${salt.length}:${latin1(salt)}`;
  const text = `${salted}3:seqi${seq}e1:v${value.length}:${latin1(value)}`;
  sameOctets(signedBytes(seq, value, salt), Buffer.from(text, 'latin1'), 'bytes to sign');
  const keyPair = random.pick(fuzzKeys);
  const key = keyPair.publicKey.toBytes();
  const place = createHash('sha1')
    .update(Buffer.concat([key, salt]))
    .digest();
  sameOctets(targetOf(key, salt), place, 'target');
  const signature = new Uint8Array(random.pick([64, 64, 64, 63, 65]));
  const isAllowed = seq >= 0n && seq < 2n ** 63n && value.length <= 1000 && signature.length === 64;
  same(isStorable({ seq, value, signature }), isAllowed, 'storable');
  if (random.chance(0.9)) return;
  // A point of small order as R holds for whoever has the secret: others refuse it, so we do.
  const verify = VerifiedItem.verifierOf(key);
  const forged = forgedSignature(keyPair.exportSeed(), key, signedBytes(1n, value));
  same(verify({ seq: 1n, value, signature: forged }), undefined, 'a signature with a small R');
  const good = value.length <= 1000 ? keyPair.sign(signedBytes(1n, value)) : undefined;
  if (good !== undefined) assert.ok(verify({ seq: 1n, value, signature: good }) !== undefined);
}

const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769';

/** A label is a key when it is 52 characters of z-base32 and the last four of their 260 bits are zero. */
function checkKeyText(random: Random): void {
  const { text } = random.pick(fuzzKeys).publicKey;
  const pieces = ['y', 'o', '0', 'l', 'Y', ...ALPHABET];
  const changed = random.chance(0.6)
    ? text.slice(0, 51) + random.pick([...ALPHABET])
    : mutateText(random.chance(0.5) ? text : text.toUpperCase(), pieces, random, 1);
  const hasShape =
    /^[a-z0-9]{52}$/i.test(changed) && [...lowerCase(changed)].every((c) => ALPHABET.includes(c));
  const verdict = classifyLabel(changed);
  same(verdict.kind !== 'not-a-key', hasShape, `the shape of a key: ${changed}`);
  if (!hasShape) return;
  const isCanonical = ALPHABET.indexOf(lowerCase(changed).charAt(51)) % 16 === 0;
  same(verdict.kind === 'refused' && verdict.reason === 'non-canonical', !isCanonical, `spelled ${changed}`);
  const pasted = `${random.pick(['', 'pk:', 'pk://', 'https://a.'])}${changed}${random.pick(['', '.', '/x', '.key'])}`;
  try {
    const key = parsePastedKey(pasted);
    same(verdict.kind === 'key' && key.text === lowerCase(changed), true, `pasted ${pasted}`);
    let bits = 0n;
    for (const char of key.text) bits = bits * 32n + BigInt(ALPHABET.indexOf(char));
    same(BigInt(`0x${Buffer.from(key.toBytes()).toString('hex')}`), bits >> 4n, 'the number of a key');
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
    same(verdict.kind, 'refused', `pasted ${pasted}`);
  }
}
