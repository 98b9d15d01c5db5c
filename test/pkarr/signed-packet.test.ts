import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signedBytes } from '../../src/bep44/mutable-item.ts';
import { Class, Type } from '../../src/dns/codes.ts';
import { decodeMessage, encodeMessage, noFlags } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { recordToText } from '../../src/dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import {
  encodePacketMessage,
  MAX_PUBLISH_BYTES,
  MAX_READ_BYTES,
  PacketTooLargeError,
} from '../../src/pkarr/packet-message.ts';
import { PublicKey } from '../../src/pkarr/public-key.ts';
import { compareRecency, SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { packetTimeToLive } from '../../src/pkarr/time-to-live.ts';
import { MAX_TIMESTAMP, nextTimestamp } from '../../src/pkarr/timestamp.ts';
import { fc } from '../support/property.ts';
import { packetOf, testKeyPair } from './packets.ts';
import { readVectors } from './vectors.ts';

const pair = testKeyPair();
const key = pair.publicKey;

test('packets of other programs are read and hold what they say', () => {
  const vectors =
    readVectors<
      (Record<'source' | 'seed' | 'key' | 'timestamp' | 'relayPayload', string> & { records: string[] })[]
    >('signed-packets');
  assert.ok(vectors.length > 0);
  for (const vector of vectors) {
    const author = KeyPair.fromSeed(Buffer.from(vector.seed, 'hex'));
    assert.equal(author.publicKey.text, vector.key);
    const payload = Buffer.from(vector.relayPayload, 'hex');
    const verdict = SignedPacket.fromRelayPayload(author.publicKey, payload);
    assert.ok(verdict.ok, vector.source);
    assert.equal(String(verdict.packet.timestamp), vector.timestamp);
    assert.deepEqual(verdict.packet.records.map(recordToText), vector.records);
    assert.deepEqual(verdict.packet.toRelayPayload(), Uint8Array.from(payload));
    // Signing the same bytes gives the same signature: Ed25519 has no randomness.
    const again = SignedPacket.sign(author, verdict.packet.message, BigInt(vector.timestamp));
    assert.deepEqual(again.toRelayPayload(), verdict.packet.toRelayPayload());
  }
});

test('a packet survives the way over bytes, as a whole and as a relay sends it', () => {
  const packet = packetOf('@ A 192.0.2.1\nwww CNAME @');
  const whole = SignedPacket.fromBytes(packet.toBytes());
  const relayed = SignedPacket.fromRelayPayload(key, packet.toRelayPayload());
  assert.ok(whole.ok && relayed.ok);
  assert.deepEqual(whole.packet.records, packet.records);
  assert.deepEqual(relayed.packet.toBytes(), packet.toBytes());
  assert.equal(packet.toBytes().length, 104 + packet.size);
});

test('flipping any bit of a signed packet closes it', () => {
  const bytes = packetOf('@ A 192.0.2.1').toBytes();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const verdict = SignedPacket.fromBytes(flipped);
    assert.ok(!verdict.ok, `bit ${bit}`);
    assert.ok(['bad-key', 'bad-signature', 'bad-timestamp'].includes(verdict.reason), verdict.reason);
  }
});

test('a packet of one key is none of another', () => {
  const payload = packetOf('@ A 192.0.2.1').toRelayPayload();
  assert.deepEqual(SignedPacket.fromRelayPayload(testKeyPair(2).publicKey, payload), {
    ok: false,
    reason: 'bad-signature',
  });
});

test('an item that was verified is read as it is, and only for the key that it was looked up with', () => {
  const packet = packetOf('@ A 192.0.2.1');
  assert.deepEqual(SignedPacket.fromItem(key, packet.item), { ok: true, packet });
  const other = testKeyPair(2).publicKey;
  assert.deepEqual(SignedPacket.fromItem(other, packet.item), { ok: false, reason: 'bad-key' });
});

test('no bytes make reading throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1200 }), fc.bigInt(), (bytes, seq) => {
      assert.equal(SignedPacket.fromBytes(bytes).ok, false);
      assert.equal(SignedPacket.fromRelayPayload(key, bytes).ok, false);
      const signed = { seq, signature: bytes.subarray(0, 70), value: bytes.subarray(70) };
      assert.equal(SignedPacket.verify(key, signed).ok, false);
    }),
  );
});

test('rightly signed bytes that are no DNS message are told apart from a bad signature', () => {
  for (const value of [new Uint8Array(0), Buffer.from('hello world, this is not DNS'), new Uint8Array(11)]) {
    const signature = pair.sign(signedBytes(5n, value));
    assert.deepEqual(SignedPacket.verify(key, { seq: 5n, signature, value }), {
      ok: false,
      reason: 'bad-dns-message',
    });
  }
});

test('no rightly signed value makes reading throw', () => {
  const valid = packetOf('@ A 192.0.2.1\nwww CNAME @\n@ MX 5 mail\n@ HTTPS 1 . alpn=h2').message;
  const broken = fc
    .tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 0xffff }))
    .map(([at, value]) => {
      const bytes = valid.slice();
      bytes[at] = value >> 8;
      if (at + 1 < bytes.length) bytes[at + 1] = value;
      return bytes;
    });
  fc.assert(
    fc.property(broken, (value) => {
      const verdict = SignedPacket.verify(key, {
        seq: 1n,
        signature: pair.sign(signedBytes(1n, value)),
        value,
      });
      if (!verdict.ok) assert.equal(verdict.reason, 'bad-dns-message');
    }),
    { numRuns: 200 },
  );
});

test('a value of 1000 bytes is read, one of 1001 is not', () => {
  for (const [size, ok] of [
    [MAX_READ_BYTES, true],
    [MAX_READ_BYTES + 1, false],
  ] as const) {
    const value = new Uint8Array(size);
    value.set(packetOf('@ A 192.0.2.1').message);
    const verdict = SignedPacket.verify(key, {
      seq: 1n,
      signature: pair.sign(signedBytes(1n, value)),
      value,
    });
    assert.equal(verdict.ok, ok);
    if (!verdict.ok) assert.equal(verdict.reason, 'too-large');
  }
});

test('a sequence number outside of 0 to 2^63 − 1 is refused, the far future is not', () => {
  const { message: value } = packetOf('@ A 192.0.2.1');
  for (const [seq, ok] of [
    [-1n, false],
    [0n, true],
    [MAX_TIMESTAMP, true],
    [MAX_TIMESTAMP + 1n, false],
  ] as const) {
    const verdict = SignedPacket.verify(key, { seq, signature: pair.sign(signedBytes(seq, value)), value });
    assert.equal(verdict.ok, ok, String(seq));
  }
});

test('any id, any flags, a question and octets after the message are tolerated', () => {
  const { records } = packetOf('@ A 192.0.2.1');
  const message = encodeMessage({
    id: 0xbeef,
    opcode: 0,
    flags: { ...noFlags, recursionDesired: true },
    rcode: 0,
    questions: [{ name: key.name, type: Type.A, class: Class.IN }],
    answers: records,
    authorities: [],
    additionals: [],
  });
  const packet = SignedPacket.sign(pair, Uint8Array.from([...message, 1, 2, 3]), 1n);
  assert.deepEqual(packet.records, records);
});

test('records that the key may not speak for, and malformed ones, are dropped before anything reads them', () => {
  const record = (
    name: string,
    type: number,
    rrClass = 1,
    rdata = Uint8Array.of(192, 0, 2, 1),
  ): ResourceRecord => ({
    name: Name.parse(name),
    type,
    class: rrClass,
    ttl: 30,
    rdata,
  });
  const other = testKeyPair(2).publicKey.text;
  const packet = SignedPacket.sign(
    pair,
    encodePacketMessage([
      record('example.com', Type.A),
      record('.', Type.A),
      record(other, Type.A),
      record(`${key.text}.com`, Type.A),
      record(`${key.text}.${other}`, Type.A),
      record(`www.${key.text}`, Type.A, Class.CH),
      record(key.text, Type.OPT),
      record(key.text, Type.ANY),
      record(key.text, Type.TSIG),
      record(key.text, 0),
      record(`empty.${key.text}`, Type.TXT, 1, new Uint8Array(0)),
      record(`broken.${key.text}`, Type.TXT, 1, Uint8Array.of(9, 1)),
      record(`broken.${key.text}`, Type.HTTPS, 1, Uint8Array.of(0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0)),
      record(`mine.${key.text.toUpperCase()}`, Type.A),
      record(`unknown.${key.text}`, 65400, 1, new Uint8Array(0)),
      record(`list.${key.text}`, Type.APL, 1, new Uint8Array(0)),
    ]),
    1n,
  );
  assert.deepEqual(
    packet.records.map(({ name, type }) => [name.labels[0], type]),
    [
      ['mine', Type.A],
      ['unknown', 65400],
      ['list', Type.APL],
    ],
  );
});

test('the message has id 0, flags 0x8000, no question, answers only, and compressed names', () => {
  const message = packetOf('@ A 192.0.2.1\nwww A 192.0.2.2').message;
  assert.deepEqual([...message.subarray(0, 12)], [0, 0, 0x80, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
  const whole = encodeMessage(decodeMessage(message), { compress: false });
  // Two records of 10 + 4 octets; the key's 54 once, then www and a pointer.
  assert.equal(message.length, 12 + 54 + 14 + 6 + 14);
  assert.equal(whole.length, 12 + 54 + 14 + 58 + 14);
});

test('over 995 bytes nothing is signed, and the error says how many are over', () => {
  const text = (length: number) => `@ TXT ${'"'}${'x'.repeat(length)}${'"'}`;
  // Header 12, name 54, fixed fields 10, and an octet of length for each 255.
  const fits = MAX_PUBLISH_BYTES - 12 - 54 - 10 - 4;
  assert.equal(packetOf(text(fits)).size, MAX_PUBLISH_BYTES);
  assert.throws(
    () => packetOf(text(fits + 3)),
    (error) =>
      error instanceof PacketTooLargeError && error.excess === 3 && /\b3 over the 995\b/.test(error.message),
  );
  const huge = Array.from({ length: 3 }, () => ({
    name: key.name,
    type: 65400,
    class: 1,
    ttl: 1,
    rdata: new Uint8Array(60_000),
  }));
  assert.throws(
    () => encodePacketMessage(huge),
    (error) => error instanceof PacketTooLargeError && error.size > 180_000,
  );
  assert.throws(() => SignedPacket.sign(pair, new Uint8Array(996), 1n), PacketTooLargeError);
});

test('recency is a total order: larger timestamp, on a tie the larger message', () => {
  const messages = ['@ A 192.0.2.1', '@ A 192.0.2.2', '@ AAAA 2001:db8::1', 'www A 192.0.2.1'];
  const packets = messages.flatMap((zone) => [1n, 2n, 300n].map((at) => packetOf(zone, pair, at)));
  const one = fc.constantFrom(...packets);
  fc.assert(
    fc.property(one, one, one, (a, b, c) => {
      assert.equal(Math.sign(compareRecency(a, b)), -Math.sign(compareRecency(b, a)) + 0);
      if (compareRecency(a, b) >= 0 && compareRecency(b, c) >= 0) assert.ok(compareRecency(a, c) >= 0);
      assert.equal(compareRecency(a, b) === 0, Buffer.compare(a.toBytes(), b.toBytes()) === 0);
      if (a.timestamp !== b.timestamp) assert.equal(compareRecency(a, b) > 0, a.timestamp > b.timestamp);
    }),
  );
});

test('a timestamp always follows the one before', () => {
  assert.equal(nextTimestamp(5n), 5n);
  assert.equal(nextTimestamp(5n, 4n), 5n);
  assert.equal(nextTimestamp(5n, 5n), 6n);
  assert.equal(nextTimestamp(5n, 90n), 91n);
  assert.throws(() => nextTimestamp(5n, MAX_TIMESTAMP), RangeError);
});

test('the time to live of a packet is its smallest TTL within bounds, and the minimum when it is empty', () => {
  const bounds = { minimum: 300, maximum: 86_400 };
  const cases: [string, number][] = [
    ['', 300],
    ['@ 60 A 192.0.2.1', 300],
    ['@ 7200 A 192.0.2.1\nwww 3600 A 192.0.2.1', 3600],
    ['@ 999999 A 192.0.2.1', 86_400],
  ];
  for (const [zone, expected] of cases)
    assert.equal(packetTimeToLive(packetOf(zone), bounds), expected, zone);
});

test('what a packet was made from can be overwritten without changing it', () => {
  // A Buffer, as sockets give: its slice() is a view.
  const bytes = Buffer.from(packetOf('@ A 192.0.2.1\n@ TXT text').toBytes());
  const verdict = SignedPacket.fromBytes(bytes);
  assert.ok(verdict.ok);
  const before = verdict.packet.toBytes();
  const texts = verdict.packet.records.map(recordToText);
  bytes.fill(0xff);
  verdict.packet.key.toBytes().fill(0);
  assert.deepEqual(verdict.packet.toBytes(), before);
  assert.deepEqual(verdict.packet.records.map(recordToText), texts);
  assert.ok(PublicKey.fromBytes(before.subarray(0, 32)).equals(key));
});
