import { Class, Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';

/** A fixed key pair: its seed is 32 octets with the value `n`, 1 to 255. */
export function testKey(n: number): KeyPair {
  return KeyPair.fromSeed(new Uint8Array(32).fill(n));
}

/** An A record; `name` is a name in presentation form. */
export function aRecord(name: string, address = '192.0.2.1', ttl = 600): ResourceRecord {
  const rdata = Uint8Array.from(address.split('.').map(Number));
  return { name: Name.parse(name), type: Type.A, class: Class.IN, ttl, rdata };
}

/** A CNAME record; both are names in presentation form. */
export function cnameRecord(name: string, target: string, ttl = 600): ResourceRecord {
  return {
    name: Name.parse(name),
    type: Type.CNAME,
    class: Class.IN,
    ttl,
    rdata: Name.parse(target).toWire(),
  };
}

/** A packet of `key` signed at `seconds` since 1970. */
export function signedPacket(
  key: KeyPair,
  seconds: number,
  records: readonly ResourceRecord[] = [aRecord(key.publicKey.text)],
): SignedPacket {
  return SignedPacket.sign(key, records, BigInt(seconds) * 1_000_000n);
}
