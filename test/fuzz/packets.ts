import { signedBytes } from '../../src/bep44/mutable-item.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { testKey } from '../support/packets.ts';
import { packetMessages } from './corpus.ts';
import { labels, structuredMessage } from './dns-bytes.ts';
import { mutateField } from './mutate.ts';
import type { Random } from './random.ts';

/** Keys whose packets are fuzzed; making one takes longer than a packet. */
export const fuzzKeys = Array.from({ length: 8 }, (_, i) => testKey(i + 1));

/** So many that the program asks the DHT for them again and again: its caches do not hold them all. */
export function manyKeys(): readonly KeyPair[] {
  return Array.from({ length: 255 }, (_, i) => testKey(i + 1));
}

/** A DNS message for a packet of the key: mostly well-formed, its records mostly under the key. */
export function packetMessage({ publicKey }: KeyPair, random: Random): Uint8Array {
  if (random.chance(0.02)) return random.pick(packetMessages);
  const zone = [random.chance(0.9) ? publicKey.text : publicKey.text.toUpperCase()];
  const shape = {
    id: 0,
    flags: 0x8400,
    question: labels(random, zone),
    type: random.pick([1, 2, 5, 16, 28, 39, 65]),
    zone,
    records: random.chance(0.7) ? 4 : 9,
    isBare: random.chance(0.8),
    hasOpt: random.chance(0.05),
  };
  return mutateField(structuredMessage(shape, random), random);
}

/** The packet of a message that need not be one of DNS, as somebody signs it who keeps to no rule; undefined for none. */
export function signAnything(
  keyPair: KeyPair,
  message: Uint8Array,
  timestamp: bigint,
): SignedPacket | undefined {
  const signature = keyPair.sign(signedBytes(timestamp, message));
  const verdict = SignedPacket.verify(keyPair.publicKey, { seq: timestamp, signature, value: message });
  return verdict.ok ? verdict.packet : undefined;
}

/** A packet of odd records; undefined if there can be none. */
export function evilPacket(keyPair: KeyPair, random: Random, timestamp = 1n): SignedPacket | undefined {
  const message = packetMessage(keyPair, random);
  return message.length > 995 ? undefined : signAnything(keyPair, message, timestamp);
}
