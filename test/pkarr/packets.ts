import { Name } from '../../src/dns/name.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import type { PublicKey } from '../../src/pkarr/public-key.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';

/** A key pair that is the same in every run: its seed is 32 times `octet`. */
export function testKeyPair(octet = 1): KeyPair {
  return KeyPair.fromSeed(new Uint8Array(32).fill(octet));
}

/** A packet with the records of a zone file, KEY standing for the signer's key. */
export function packetOf(
  zone: string,
  keyPair = testKeyPair(),
  timestamp = 1_700_000_000_000_000n,
): SignedPacket {
  const text = zone.replaceAll(/\bKEY\b/g, keyPair.publicKey.text);
  const { records } = parseZoneFile(text, { origin: keyPair.publicKey.name });
  return SignedPacket.sign(keyPair, records, timestamp);
}

/** A name under `key`, in presentation form with KEY for the key. */
export function nameUnder(key: PublicKey, text: string): Name {
  return Name.parse(text.replaceAll('KEY', key.text));
}
