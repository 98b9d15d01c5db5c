import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Type } from '../../../src/dns/codes.ts';
import { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { zoneOf } from '../../../src/pkarr/zone/decoded-zone.ts';
import { lookupZone } from '../../../src/pkarr/zone/zone.ts';
import { liveBytes } from '../../support/heap-used.ts';
import { aRecord } from '../../support/packets.ts';
import { packetOf } from '../packets.ts';

/** As many records as fit, each with a name of 66 labels of its own, nearly all of it a pointer to the first name. */
function largeWhenDecoded(keyPair: KeyPair): SignedPacket {
  const apex = Buffer.from(keyPair.publicKey.name.toWire());
  const labels = Buffer.concat(Array.from({ length: 65 }, (_, i) => Buffer.from([2, 97 + (i % 26), 98])));
  const record = (name: Buffer) =>
    Buffer.concat([name, Buffer.from([0xff, 0x00, 0, Class.IN, 0, 1, 0x51, 0x80, 0, 0])]);
  const records = [record(Buffer.concat([labels, apex]))];
  // Behind the first label of the first name, which stands after the 12 octets of the header.
  const pointer = [0xc0, 12 + 3];
  for (let i = 0; i < 51; i++) records.push(record(Buffer.from([1, i, ...pointer])));
  const header = Buffer.from([0, 0, 0x80, 0, 0, 0, 0, records.length, 0, 0, 0, 0]);
  return SignedPacket.sign(keyPair, Buffer.concat([header, ...records]), 1n);
}

const plain = (keyPair: KeyPair) => SignedPacket.sign(keyPair, [aRecord(keyPair.publicKey.text)], 1n);

/** Live bytes for each of 150 packets that were made so, and looked into. */
async function bytesEach(make: (keyPair: KeyPair) => SignedPacket): Promise<number> {
  const keyPairs = Array.from({ length: 150 }, () => KeyPair.generate());
  const before = await liveBytes();
  const packets = keyPairs.map(make);
  for (const packet of packets) zoneOf(packet);
  const after = await liveBytes();
  return (after - before - packets.reduce((sum, { size }) => sum + size, 0)) / packets.length;
}

test('packets take no more memory than their bytes say, whatever they decode to', async () => {
  assert.ok(largeWhenDecoded(KeyPair.generate()).records.length > 50);
  await bytesEach(plain); // what is compiled and cached at first use is not counted
  const large = await bytesEach(largeWhenDecoded);
  // All of it together is what may be kept decoded; one such packet alone is over 60 kB.
  assert.ok(large * 150 < 10_000_000, `${large} bytes each`);
});

test('a zone that was dropped to make room is decoded again, and answers the same', () => {
  const packet = packetOf('@ A 192.0.2.1\nwww CNAME @\n*.x TXT "a"\n');
  const question = { name: packet.key.name.child('www'), type: Type.A, class: Class.IN };
  const before = lookupZone(packet, question);
  for (let i = 0; i < 120; i++) zoneOf(largeWhenDecoded(KeyPair.generate()));
  assert.deepEqual(lookupZone(packet, question), before);
});

test('a zone in use is decoded once', () => {
  const packet = packetOf('@ A 192.0.2.1\n');
  assert.equal(zoneOf(packet), zoneOf(packet));
});
