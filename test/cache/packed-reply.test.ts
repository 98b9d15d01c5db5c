import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packMessage, packReply } from '../../src/cache/packed-reply.ts';
import { Class, Opcode, Rcode, Type } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { decodeMessage, encodeMessage, type Message, noFlags } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { syntheticSoa } from '../../src/dns/soa.ts';
import { aRecord } from '../support/packets.ts';

const facts = { rcode: Rcode.NOERROR, extendedErrors: [], authenticData: false };

/** A reply to a question for A records of www.example, with these parts. */
function message(parts: Partial<Message> = {}): Message {
  return {
    id: 77,
    opcode: Opcode.QUERY,
    flags: { ...noFlags, response: true },
    rcode: Rcode.NOERROR,
    questions: [{ name: Name.parse('www.example'), type: Type.A, class: Class.IN }],
    answers: [],
    authorities: [],
    additionals: [],
    ...parts,
  };
}

function alias(owner: string, target: string, ttl: number): ResourceRecord {
  const rdata = Name.parse(target).toWire();
  return { name: Name.parse(owner), type: Type.CNAME, class: Class.IN, ttl, rdata };
}

function soa(ttl: number, minimum: number): ResourceRecord {
  return { ...syntheticSoa(Name.parse('example'), 1, minimum), ttl };
}

/** How long the packed message is kept, and the TTLs that are told. */
function packed(parts: Partial<Message>) {
  const { bytes, lifetime } = packMessage(message(parts), { ...facts, rcode: parts.rcode ?? Rcode.NOERROR });
  const { answers, authorities } = decodeMessage(bytes);
  const ttls = (records: readonly ResourceRecord[]) => records.map(({ ttl }) => ttl);
  return { lifetime, told: [ttls(answers), ttls(authorities)] };
}

test('an answer is kept for its smallest TTL, and a day at most, and is told with no more', () => {
  const answers = [aRecord('www.example', '192.0.2.1', 600), aRecord('www.example', '192.0.2.2', 90)];
  assert.deepEqual(packed({ answers }), { lifetime: 90, told: [[600, 90], []] });
  const long = [
    aRecord('www.example', '192.0.2.1', 86_401),
    aRecord('www.example', '192.0.2.2', 0x7fff_ffff),
  ];
  assert.deepEqual(packed({ answers: long }), { lifetime: 86_400, told: [[86_400, 86_400], []] });
});

test('a negative answer is kept for as long as its SOA says, 15 minutes at most, and the SOA is told with no more', () => {
  const cases: readonly (readonly [ttl: number, minimum: number, lifetime: number])[] = [
    [3600, 60, 60],
    [60, 3600, 60],
    [7200, 3600, 900],
    [0, 60, 0],
    [60, 0, 0],
  ];
  for (const [ttl, minimum, lifetime] of cases) {
    for (const rcode of [Rcode.NOERROR, Rcode.NXDOMAIN]) {
      const expected = { lifetime, told: [[], [lifetime]] };
      assert.deepEqual(packed({ rcode, authorities: [soa(ttl, minimum)] }), expected, `${ttl} ${minimum}`);
    }
  }
});

test('a negative answer without SOA is not kept', () => {
  assert.equal(packed({}).lifetime, 0);
  assert.equal(packed({ rcode: Rcode.NXDOMAIN }).lifetime, 0);
});

test('an alias whose target has no data or does not exist is kept and told for as long as its SOA says; without SOA it is not kept', () => {
  const answers = [alias('www.example', 'b.example', 3600)];
  for (const rcode of [Rcode.NOERROR, Rcode.NXDOMAIN]) {
    assert.deepEqual(packed({ rcode, answers }), { lifetime: 0, told: [[0], []] });
    const authorities = [soa(600, 60)];
    assert.deepEqual(packed({ rcode, answers, authorities }), { lifetime: 60, told: [[60], [60]] });
  }
  const short = [alias('www.example', 'b.example', 5)];
  assert.deepEqual(packed({ answers: short, authorities: [soa(600, 60)] }).lifetime, 5);
  const whole = [...answers, aRecord('b.example', '192.0.2.1', 90)];
  assert.deepEqual(packed({ answers: whole }), { lifetime: 90, told: [[3600, 90], []] });
});

test('an alias that was asked for itself is an answer, and so is anything to a question for any type', () => {
  for (const type of [Type.CNAME, Type.ANY]) {
    const questions = [{ name: Name.parse('www.example'), type, class: Class.IN }];
    assert.equal(packed({ questions, answers: [alias('www.example', 'b.example', 3600)] }).lifetime, 3600);
    assert.equal(
      packed({ questions, authorities: [soa(3600, 60)] }).lifetime,
      60,
      'none is a negative answer',
    );
  }
});

test('what is neither an answer nor a negative one is not kept as one', () => {
  const answers = [aRecord('www.example', '192.0.2.1', 600)];
  for (const rcode of [Rcode.SERVFAIL, Rcode.REFUSED, Rcode.YXDOMAIN]) {
    assert.equal(packed({ rcode, answers }).lifetime, 0);
    assert.equal(packed({ rcode, authorities: [soa(600, 60)] }).lifetime, 0);
  }
});

test('a TTL of 2^31 or more counts as 0', () => {
  const octets = encodeMessage(message({ answers: [aRecord('www.example', '192.0.2.1', 0x8000_0000)] }));
  const { bytes, lifetime } = packReply(octets, readLayout(octets), facts);
  assert.deepEqual([lifetime, decodeMessage(bytes).answers[0]?.ttl], [0, 0]);
});

test('owners at and above the name of the question are in its case, though the upstream spelled them out in another', () => {
  const reply = message({
    answers: [
      alias('wWw.ExAmPlE', 'CdN.example', 60),
      aRecord('cDn.eXample', '192.0.2.1', 60),
      { ...aRecord('WWW.example', '192.0.2.2', 60), type: 65_400 },
    ],
    authorities: [{ ...soa(60, 60), name: Name.parse('EXAMPLE') }],
    additionals: [aRecord('a.root', '192.0.2.3', 60), aRecord('.', '192.0.2.4', 60)],
  });
  for (const compress of [true, false]) {
    const octets = encodeMessage(reply, { compress });
    for (const { bytes } of [packReply(octets, readLayout(octets), facts), packMessage(reply, facts)]) {
      // Each client's case is written over the question alone.
      const asked = Buffer.from('\x03wwW\x07exaMPle\0', 'latin1');
      Buffer.from(bytes.buffer, bytes.byteOffset).set(asked, 12);
      const { answers, authorities, additionals } = decodeMessage(bytes);
      const names = [...answers, ...authorities, ...additionals].map(({ name }) => name.toString());
      assert.deepEqual(names, ['wwW.exaMPle.', names[1], 'wwW.exaMPle.', 'exaMPle.', 'a.root.', '.']);
      assert.equal(names[1]?.toLowerCase(), 'cdn.example.');
      assert.deepEqual(
        answers.map(({ rdata }) => rdata.length),
        [13, 4, 4],
      );
    }
  }
});

test('a reply that already points at its question stays as it is, octet for octet', () => {
  const octets = encodeMessage(message({ answers: [aRecord('www.example', '192.0.2.1', 60)] }));
  const before = Buffer.from(octets);
  const { bytes } = packReply(octets, readLayout(octets), facts);
  assert.equal(bytes, octets);
  assert.deepEqual(Buffer.from(bytes.subarray(12)), before.subarray(12));
});

test('a message that is too long is refused as a value, and as octets stays as it is', () => {
  const service = (i: number): ResourceRecord => ({
    name: Name.parse('wWw.example'),
    type: Type.SRV,
    class: Class.IN,
    ttl: 60,
    rdata: Uint8Array.from([
      0,
      i & 255,
      0,
      i >> 8,
      0,
      53,
      ...Name.parse(`${'x'.repeat(60)}.`.repeat(3)).toWire(),
    ]),
  });
  const count = 330;
  const long = message({ answers: Array.from({ length: count }, (_, i) => service(i)) });
  assert.throws(() => packMessage(long, facts), { code: 'message-too-long' });
  // Written by somebody who compresses what may not be compressed (RFC 2782: "name compression is not to be used").
  const first = encodeMessage({ ...long, answers: [service(0)] });
  const target = 0xc000 | (first.length - 184);
  const pointing = Buffer.of(
    0xc0,
    12,
    0,
    Type.SRV,
    0,
    1,
    0,
    0,
    0,
    60,
    0,
    8,
    0,
    1,
    0,
    1,
    0,
    53,
    target >>> 8,
    target & 255,
  );
  const spelled = Buffer.concat([Buffer.from('\x03wWW\x07example\0', 'latin1'), pointing.subarray(2)]);
  const octets = new Uint8Array(Buffer.concat([first, ...Array(count).fill(pointing), spelled]));
  octets.set([(count + 2) >>> 8, (count + 2) & 255], 6);
  const { bytes } = packReply(octets, readLayout(octets), facts);
  assert.equal(bytes, octets);
});
