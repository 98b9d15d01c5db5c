import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { type ResourceRecord, rdataName } from '../../../src/dns/record.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { lookupZone } from '../../../src/pkarr/zone/zone.ts';
import { fc } from '../../support/property.ts';
import { testKeyPair } from '../packets.ts';

const pair = testKeyPair();
const apex = pair.publicKey.name;

/**
 * The rules told once more, as definitions over the list of records, without an index and without walking down:
 * slow and plain. Gives the kind of the outcome, the name it is about, and how many records answer.
 */
function reference(
  records: readonly ResourceRecord[],
  name: Name,
  type: number,
  steps = 0,
  seen: Name[] = [],
): string {
  const at = (owner: Name, ...types: number[]) =>
    records.filter((record) => record.name.equals(owner) && types.includes(record.type));
  const exists = (owner: Name) => owner.equals(apex) || records.some((record) => record.name.isWithin(owner));
  const ancestors: Name[] = [];
  for (let count = apex.labels.length; count <= name.labels.length; count++)
    ancestors.push(name.ancestor(count));

  const follow = (target: Name): string => {
    if (steps >= 16) return 'loop';
    if (!target.isWithin(apex)) return `alias ${target}`;
    if ([...seen, name].some((known) => known.equals(target))) return 'loop';
    return reference(records, target, type, steps + 1, [...seen, name]);
  };

  for (const ancestor of ancestors) {
    const isSelf = ancestor.equals(name);
    const servers = at(ancestor, Type.NS).map(({ rdata }) => rdataName(rdata));
    const canServe = servers.some(({ labels }) => !/[\0-,./:-@[-^`{-\x7f]/.test(labels.join('')));
    const cut = !ancestor.equals(apex) && canServe && !(isSelf && type === Type.DS);
    if (cut) return `referral ${name} at ${ancestor}`;
    const [dname] = at(ancestor, Type.DNAME);
    if (dname !== undefined && !isSelf) {
      if (steps >= 16) return 'loop';
      let target: Name;
      try {
        target = name.replaceSuffix(ancestor, rdataName(dname.rdata));
      } catch {
        return 'name-too-long';
      }
      return follow(target);
    }
  }
  const encloser = ancestors.filter(exists).at(-1) ?? apex;
  const source = exists(name) ? name : encloser.child('*');
  if (!exists(source)) return `name-error ${name}`;
  const [cname] = at(source, Type.CNAME);
  if (cname !== undefined && type !== Type.CNAME) return follow(rdataName(cname.rdata));
  const found = at(source, type);
  const distinct = new Set(found.map(({ rdata }) => Buffer.from(rdata).toString('hex'))).size;
  if (distinct === 0) return `no-data ${name}`;
  return `answer ${name} ${type === Type.CNAME || type === Type.DNAME ? 1 : distinct}`;
}

function actual(records: readonly ResourceRecord[], name: Name, type: number): string {
  const packet = SignedPacket.sign(pair, records, 1n);
  const answer = lookupZone(packet, { name, type, class: Class.IN });
  const last = answer.chain.at(-1);
  const final = last === undefined ? name : rdataName(last.rdata);
  switch (answer.kind) {
    case 'answer':
      assert.ok(answer.records.every((record) => record.name.equals(final) && record.type === type));
      return `answer ${final} ${answer.records.length}`;
    case 'no-data':
    case 'name-error':
      assert.ok(answer.soa.name.equals(apex));
      return `${answer.kind} ${final}`;
    case 'alias':
      return `alias ${answer.target}`;
    case 'referral':
      assert.ok(answer.name.equals(final));
      return `referral ${answer.name} at ${answer.servers[0].name}`;
    default:
      return answer.kind;
  }
}

const label = fc.constantFrom('a', 'b', '*');
const inZone = fc
  .array(label, { maxLength: 4 })
  .map((labels) => Name.fromLabels([...labels, ...apex.labels]));
const target = fc.oneof(
  { weight: 5, arbitrary: inZone },
  { weight: 1, arbitrary: fc.constantFrom(Name.root, Name.parse('example.com')) },
);
const data = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.nat(2).map((last) => ({ type: Type.A as number, rdata: Uint8Array.of(192, 0, 2, last) })),
  },
  fc.constant({ type: Type.DS as number, rdata: Uint8Array.of(0, 1, 13, 2, 0xab) }),
  { weight: 2, arbitrary: target.map((name) => ({ type: Type.CNAME as number, rdata: name.toWire() })) },
  target.map((name) => ({ type: Type.NS as number, rdata: name.toWire() })),
  target.map((name) => ({ type: Type.DNAME as number, rdata: name.toWire() })),
);
const zone = fc.array(
  fc.record({ name: inZone, data }).map(({ name, data: { type, rdata } }) => ({
    name,
    type,
    class: Class.IN,
    ttl: 60,
    rdata,
  })),
  { maxLength: 9 },
);

test('in random zones every question has the outcome that the plain definitions give', () => {
  const asked = fc.array(
    fc.tuple(inZone, fc.constantFrom(Type.A, Type.DS, Type.CNAME, Type.NS, Type.DNAME)),
    {
      minLength: 1,
      maxLength: 8,
    },
  );
  const kinds = new Set<string>();
  fc.assert(
    fc.property(zone, asked, (records, questions) => {
      for (const [name, type] of questions) {
        const outcome = actual(records, name, type);
        assert.equal(outcome, reference(records, name, type), `${name} TYPE${type}`);
        kinds.add(outcome.split(' ')[0] ?? '');
      }
    }),
    { numRuns: 1500 },
  );
  assert.deepEqual([...kinds].sort(), ['alias', 'answer', 'loop', 'name-error', 'no-data', 'referral']);
});
