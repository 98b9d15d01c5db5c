import assert from 'node:assert/strict';
import { Class } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { WireError } from '../../../src/dns/wire-error.ts';
import type { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { PacketTooLargeError } from '../../../src/pkarr/packet-message.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { lookupZone } from '../../../src/pkarr/zone/zone.ts';
import { testKey } from '../../support/packets.ts';
import { dnsMessage, labels } from '../dns-bytes.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { FuzzTarget } from '../target.ts';

/** Keys whose packets are fuzzed; making one takes longer than a packet. */
export const fuzzKeys = Array.from({ length: 8 }, (_, i) => testKey(i + 1));

/** No changed packet verifies, and whatever a key signed, its zone answers every question. */
export const signedPackets: FuzzTarget = {
  name: 'signed-packet',
  run(random) {
    const packet = evilPacket(random.pick(fuzzKeys), random);
    if (packet === undefined) return;
    for (let count = 0; count < 4; count++) ask(packet, random);
    const bytes = packet.toBytes();
    const changed = mutate(bytes, random);
    const verdict = SignedPacket.fromBytes(changed);
    if (verdict.ok) assert.deepEqual(Buffer.from(changed), Buffer.from(bytes));
  },
};

/** A packet of a message that is odd, signed; undefined if it cannot be. */
export function evilPacket(keyPair: KeyPair, random: Random, timestamp = 1n): SignedPacket | undefined {
  const zone = [keyPair.publicKey.text];
  const shape = {
    id: 0,
    flags: 0x8400,
    question: labels(random, zone),
    type: random.int(300),
    zone,
    records: 9,
  };
  try {
    const message = mutate(dnsMessage(shape, random), random, 2);
    return SignedPacket.sign(keyPair, message, timestamp);
  } catch (error) {
    if (error instanceof WireError || error instanceof PacketTooLargeError) return undefined;
    throw error;
  }
}

function ask(packet: SignedPacket, random: Random): void {
  const zone = [packet.key.text];
  let name: Name;
  try {
    name = Name.fromLabels([...labels(random, []), ...zone]);
  } catch (error) {
    if (error instanceof WireError) return;
    throw error;
  }
  lookupZone(packet, { name, type: random.int(300), class: Class.IN });
}
