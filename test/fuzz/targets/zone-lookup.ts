import { Class, Type } from '../../../src/dns/codes.ts';
import { lowerCase, Name } from '../../../src/dns/name.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { rdataName } from '../../../src/dns/record.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { lookupZone } from '../../../src/pkarr/zone/zone.ts';
import { orWireError, same, sameLabels } from '../check.ts';
import { labels } from '../dns-bytes.ts';
import { evilPacket, fuzzKeys } from '../packets.ts';
import type { Random } from '../random.ts';
import { findInZone, type ZoneRecord } from '../reference/zone.ts';
import type { FuzzTarget } from '../target.ts';

/** Questions that one packet is asked: verifying it takes longest. */
const QUESTIONS = 8;

/** Whatever a key signed, its zone answers every question as another plain look-up does. */
export const zoneLookups: FuzzTarget = {
  name: 'zone-lookup',
  run(random) {
    const packet = random.chance(0.7) ? zonePacket(random) : evilPacket(random.pick(fuzzKeys), random);
    if (packet === undefined) return;
    const { key, records } = packet;
    const plain = records.map(plainRecord);
    for (let left = QUESTIONS; left > 0; left--) {
      const type = random.chance(0.7)
        ? random.pick(TYPES)
        : records.length > 0
          ? random.pick(records).type
          : Type.A;
      const owner = records.length > 0 && random.chance(0.5) ? random.pick(records).name : undefined;
      const own =
        owner === undefined ? shortLabels(random) : [...below(random), ...owner.labels.slice(0, -1)];
      const name = orWireError(() => Name.fromLabels([...own, key.text]));
      if (name === undefined) continue;
      const answer = lookupZone(packet, { name, type, class: Class.IN });
      const expected = findInZone(plain, key.text, name.labels.map(lowerCase), type);
      same<string>(answer.kind, expected.kind, `${name} ${type}`);
      if (answer.kind === 'answer' || answer.kind === 'referral') {
        const found = answer.kind === 'answer' ? answer.records : answer.servers;
        // The apex has an SOA record of its own making when the packet has none.
        if (expected.ttl === undefined) continue;
        same(found.length, expected.data.length, `records of ${name} ${type}`);
        for (const [index, record] of found.entries()) {
          same(dataOf(record), expected.data[index], `record of ${name}`);
          same(record.ttl, expected.ttl, `TTL of ${name}`);
        }
        if (answer.kind === 'answer') sameLabels(lower(found[0].name), expected.name, 'owner');
      }
    }
  },
};

const TYPES = [1, 2, 5, 6, 15, 28, 39, 43, 65, 255] as const;

/** Few labels, so that names meet. */
const LABELS = ['a', 'b', '*', 'A', 'c'] as const;

function shortLabels(random: Random): string[] {
  return random.chance(0.9) ? random.some(3, () => random.pick(LABELS)) : labels(random, []);
}

function below(random: Random): string[] {
  return random.chance(0.6) ? [] : random.some(2, () => random.pick(LABELS));
}

/** A packet with aliases, wildcards, delegations and names below names. */
function zonePacket(random: Random): SignedPacket | undefined {
  const keyPair = random.pick(fuzzKeys);
  const apex = keyPair.publicKey.text;
  const name = () => Name.fromLabels([...random.some(3, () => random.pick(LABELS)), apex]);
  const records = random.some(8, (): ResourceRecord => {
    const type = random.pick([1, 1, 1, 2, 5, 5, 6, 16, 28, 39, 43]);
    const target = random.chance(0.8)
      ? name()
      : Name.fromLabels([random.pick(['elsewhere', 'https://elsewhere']), 'example']);
    return {
      name: name(),
      type,
      class: Class.IN,
      ttl: random.int(1000),
      rdata: rdataOf(type, target, random),
    };
  });
  return SignedPacket.sign(keyPair, records, 1n);
}

function rdataOf(type: number, target: Name, random: Random): Uint8Array {
  if (type === Type.A) return Uint8Array.of(192, 0, 2, random.int(4));
  if (type === Type.AAAA) return new Uint8Array(16);
  if (type === Type.TXT) return Uint8Array.of(1, 0x61 + random.int(2));
  if (type === Type.DS) return random.octets(6);
  if (type !== Type.SOA) return target.toWire();
  return Uint8Array.from(Buffer.concat([target.toWire(), target.toWire(), new Uint8Array(20)]));
}

function plainRecord(record: ResourceRecord): ZoneRecord {
  const { name, type, ttl, rdata } = record;
  const hasTarget = type === Type.CNAME || type === Type.DNAME || type === Type.NS;
  return {
    owner: name.labels.map(lowerCase),
    type,
    ttl,
    target: hasTarget ? rdataName(rdata).labels.map(lowerCase) : undefined,
    data: dataOf(record),
  };
}

function dataOf({ type, rdata }: ResourceRecord): string {
  return `${type} ${Buffer.from(rdata).toString('hex')}`;
}

function lower(name: Name): Name {
  return Name.fromLabels(name.labels.map(lowerCase));
}
