import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Type, typeFromText } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
import {
  decodeMessage,
  encodeMessage,
  HEADER_LENGTH,
  type Message,
  queryMessage,
} from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { WireError } from '../../src/dns/wire-error.ts';
import { processorTime } from '../support/processor-time.ts';
import { fc } from '../support/property.ts';
import { emptyReply, message, plain } from './arbitraries.ts';

/** Decodes, letting nothing but the decoder's own error pass for a refusal. */
function tryDecode(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return undefined;
  }
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

function addressRecord(name: Name, last: number): ResourceRecord {
  return { name, type: Type.A, class: Class.IN, ttl: 60, rdata: Uint8Array.of(192, 0, 2, last) };
}

const www = Name.parse('www.example.com');

test('what was encoded decodes to the same, compressed and not', () => {
  fc.assert(
    fc.property(message, fc.boolean(), (one, compress) => {
      // Without OPT there is no room for the upper bits of an RCODE, and the generator makes none.
      assert.deepEqual(plain(decodeMessage(encodeMessage(one, { compress }))), plain(one));
    }),
    { numRuns: 500 },
  );
});

test('compression only shortens', () => {
  fc.assert(
    fc.property(message, (one) => {
      assert.ok(encodeMessage(one).length <= encodeMessage(one, { compress: false }).length);
    }),
    { numRuns: 200 },
  );
});

test('encoding what was decoded gives a message that says the same', () => {
  fc.assert(
    fc.property(message, fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 3 }), (one, changes) => {
      const bytes = encodeMessage(one);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      const first = tryDecode(bytes);
      if (first !== undefined) assert.deepEqual(plain(decodeMessage(encodeMessage(first))), plain(first));
    }),
    { numRuns: 500 },
  );
});

test('a decoded message does not change with the bytes it came from', () => {
  const bytes = Buffer.from(
    encodeMessage({
      ...emptyReply,
      answers: [addressRecord(www, 1), { ...addressRecord(www, 1), type: Type.TXT, rdata: hex('0161') }],
      edns: { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [{ code: 3, data: hex('0102') }] },
    }),
  );
  const decoded = decodeMessage(bytes);
  const before = plain(decoded);
  bytes.fill(0xff);
  assert.deepEqual(plain(decoded), before);
});

test('random bytes give a message or the decoder’s error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      tryDecode(bytes);
    }),
    { numRuns: 2000 },
  );
  const counts = fc
    .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3))
    .map((four) => four.flatMap((count) => [0, count]));
  fc.assert(
    fc.property(counts, fc.uint8Array({ maxLength: 300 }), (header, body) => {
      tryDecode(Uint8Array.from([0, 0, 0, 0, ...header, ...body]));
    }),
    { numRuns: 2000 },
  );
});

test('every two-byte change and every cut of a valid message gives a message or the decoder’s error', () => {
  const question = { name: Name.parse('a.b'), type: Type.A, class: Class.IN };
  const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: true, options: [] };
  const bytes = encodeMessage(queryMessage(question, edns));
  // Two million errors: collecting their stacks would take most of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    for (let at = 0; at + 1 < bytes.length; at++) {
      const changed = bytes.slice();
      for (let value = 0; value <= 0xffff; value++) {
        changed[at] = value >> 8;
        changed[at + 1] = value;
        tryDecode(changed);
      }
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  for (let length = 0; length < bytes.length; length++)
    assert.equal(tryDecode(bytes.subarray(0, length)), undefined);
  assert.equal(tryDecode(Uint8Array.from([...bytes, 0])), undefined);
});

test('what the layout accepts and what decoding accepts have the same records', () => {
  fc.assert(
    fc.property(message, (one) => {
      const bytes = encodeMessage(one);
      const layout = readLayout(bytes);
      const records = [...one.answers, ...one.authorities, ...one.additionals];
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      assert.deepEqual(
        layout.ttlOffsets.map((offset) => view.getUint32(offset)),
        records.map(({ ttl }) => ttl),
      );
      assert.equal(layout.opt?.udpPayloadSize, one.edns?.udpPayloadSize);
    }),
    { numRuns: 200 },
  );
});

test('the layout refuses a name that leads into a TTL, with which it would change', () => {
  const header = '000081800001000200000000';
  const question = '016100' + '00010001';
  // Its TTL is the name x and an octet more; so is the RDATA.
  const first = 'c00c' + '00010001' + '01780000' + '0004' + '01780000';
  const ttlAt = (header.length + question.length) / 2 + 6;
  for (const [target, isAccepted] of [
    [ttlAt, false],
    [ttlAt + 6, true],
    [12, true],
  ] as const) {
    for (const [owner, type, rdata] of [
      ['c00c', '0005', (0xc000 | target).toString(16)],
      [(0xc000 | target).toString(16), '0005', 'c00c'],
    ]) {
      const bytes = Buffer.from(`${header}${question}${first}${owner}${type}0001000000050002${rdata}`, 'hex');
      const read = () => readLayout(bytes);
      if (isAccepted) read();
      else assert.throws(read, { code: 'bad-pointer' });
      decodeMessage(bytes);
    }
  }
});

test('what the layout accepts can be decoded, whatever was done to it, without the octets behind it', () => {
  const changes = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 4 });
  let accepted = 0;
  fc.assert(
    fc.property(message, changes, fc.uint8Array({ maxLength: 20 }), (one, list, tail) => {
      const bytes = Uint8Array.from([...encodeMessage(one), ...tail]);
      for (const [at, value] of list) if (at < bytes.length) bytes[at] = value;
      let end: number;
      try {
        ({ end } = readLayout(bytes));
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
        return;
      }
      accepted++;
      decodeMessage(bytes.subarray(0, end));
    }),
    { numRuns: 2000 },
  );
  assert.ok(accepted > 400, `only ${accepted} were accepted`);
});

test('decoding takes time in proportion to the length', () => {
  const chain = (length: number): Uint8Array => {
    // Names of 127 labels, then as many records as fit whose name is a pointer to the longest.
    const name = Buffer.concat([...Array.from({ length: 126 }, () => hex('0161')), hex('00')]);
    const one = hex(`c00c ff00 0001 00000000 0000`);
    const count = Math.floor((length - 12 - name.length - 4) / one.length);
    const header = Buffer.alloc(HEADER_LENGTH);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(count, 6);
    return Buffer.concat([header, name, hex('00010001'), ...Array.from({ length: count }, () => one)]);
  };
  const pointers = (length: number): Uint8Array => {
    // Pointers to pointers: each name leads to the one before.
    const bytes = Buffer.alloc(length);
    bytes.writeUInt16BE(Math.floor((length - 17) / 6), 4);
    for (let at = 17, before = 12; at + 6 <= length; before = at, at += 6) {
      bytes.writeUInt16BE(0xc000 | Math.min(before, 0x3fff), at);
    }
    return bytes;
  };
  for (const make of [chain, pointers]) {
    const best = (length: number) => {
      const bytes = make(length);
      return processorTime(() => tryDecode(bytes));
    };
    best(6000);
    const short = Math.max(best(6000), 200_000);
    const long = best(60_000);
    assert.ok(long < short * 60, `${make.name}: ${short} ns, ${long} ns for ten times the bytes`);
  }
});

test('a reply that does not fit keeps its question and OPT, sets TC and has no record', () => {
  fc.assert(
    fc.property(message, fc.integer({ min: 0, max: 1500 }), (one, limit) => {
      const whole = encodeMessage(one);
      const bare = { ...one, answers: [], authorities: [], additionals: [] };
      if (encodeMessage(bare).length > limit) {
        assert.throws(
          () => encodeMessage(one, { limit }),
          (error) => error instanceof WireError && error.code === 'message-too-long',
        );
        return;
      }
      const bytes = encodeMessage(one, { limit });
      assert.ok(bytes.length <= limit);
      const decoded = decodeMessage(bytes);
      assert.deepEqual(plain(decoded.questions), plain(one.questions));
      assert.deepEqual(plain(decoded.edns), plain(one.edns));
      if (whole.length <= limit) {
        assert.deepEqual(bytes, whole);
      } else if (!decoded.flags.truncated || one.flags.truncated) {
        // Only what was extra is gone.
        if (decoded.answers.length > 0 || one.answers.length === 0) {
          assert.deepEqual(plain(decoded.answers), plain(one.answers));
        }
        assert.equal(decoded.additionals.length, 0);
      } else {
        assert.equal(decoded.answers.length + decoded.authorities.length + decoded.additionals.length, 0);
      }
    }),
    { numRuns: 500 },
  );
});

test('additional records are left out without TC, answers never', () => {
  const answers = [addressRecord(www, 1)];
  const additionals = Array.from({ length: 40 }, (_, i) => addressRecord(Name.parse(`n${i}.example.com`), i));
  const cut = decodeMessage(encodeMessage({ ...emptyReply, answers, additionals }, { limit: 200 }));
  assert.deepEqual([cut.flags.truncated, cut.answers.length, cut.additionals.length], [false, 1, 0]);
  const many = decodeMessage(encodeMessage({ ...emptyReply, answers: additionals }, { limit: 200 }));
  assert.deepEqual([many.flags.truncated, many.answers.length], [true, 0]);
});

test('a message over 65,535 octets is truncated, not broken', () => {
  const rdata = new Uint8Array(30_000);
  const answers = [1, 2, 3].map(() => ({ ...addressRecord(www, 1), type: 65400, rdata }));
  const decoded = decodeMessage(encodeMessage({ ...emptyReply, answers }));
  assert.deepEqual([decoded.flags.truncated, decoded.answers.length], [true, 0]);
});

test('names in the RDATA of known types are expanded, and compressed only where RFC 3597 allows it', () => {
  // An MX whose exchange is a pointer to the question's name, and an SRV with one, which a reader must still expand.
  const bytes = hex(`0000 8000 0001 0002 0000 0000  03777777 076578616d706c65 03636f6d 00 000f 0001
    c00c 000f 0001 0000003c 0004 000a c010
    c00c 0021 0001 0000003c 0008 0001 0002 0003 c010`);
  const [mx, srv] = decodeMessage(bytes).answers;
  const target = Buffer.from(Name.parse('example.com').toWire()).toString('hex');
  assert.equal(Buffer.from(mx?.rdata ?? []).toString('hex'), `000a${target}`);
  assert.equal(Buffer.from(srv?.rdata ?? []).toString('hex'), `000100020003${target}`);
  const again = encodeMessage(decodeMessage(bytes));
  assert.equal(again.length, bytes.length - 2 + target.length / 2);
});

test('only types of RFC 1035 have names in their RDATA compressed; the target of a DNAME is whole', () => {
  const target = Name.parse('target.example.com');
  const wire = target.toWire();
  const before: Readonly<Record<string, readonly number[]>> = {
    NS: [],
    CNAME: [],
    PTR: [],
    MX: [0, 10],
    DNAME: [],
    SRV: [0, 1, 0, 2, 0, 3],
    KX: [0, 10],
    AFSDB: [0, 1],
    HTTPS: [0, 0],
    RRSIG: new Array<number>(18).fill(1),
    NSEC: [],
  };
  for (const [mnemonic, octets] of Object.entries(before)) {
    const type = typeFromText(mnemonic) ?? 0;
    const rdata = Uint8Array.from([...octets, ...wire]);
    const record = { ...addressRecord(www, 1), type, rdata };
    const bytes = encodeMessage({ ...emptyReply, answers: [addressRecord(target, 1), record] });
    // RFC 3597 §4: the RDATA of other types "MUST NOT" be compressed.
    const isWhole = !['NS', 'CNAME', 'PTR', 'MX'].includes(mnemonic);
    const end = Buffer.from(bytes.subarray(bytes.length - rdata.length));
    assert.equal(end.equals(Buffer.from(rdata)), isWhole, mnemonic);
    assert.deepEqual(plain(decodeMessage(bytes).answers[1]?.rdata), plain(rdata), mnemonic);
  }
});

test('a name that stands behind the first 16 kB is not pointed at, and stays what it is', () => {
  // RFC 1035 §4.1.4: the OFFSET of a pointer has 14 bits.
  const filler = { ...addressRecord(www, 1), type: 65400, rdata: new Uint8Array(16_000) };
  const late = Array.from({ length: 60 }, (_, i) =>
    addressRecord(Name.parse(`n${i % 20}.late.example.org`), i),
  );
  const message = { ...emptyReply, answers: [filler, ...late] };
  const bytes = encodeMessage(message);
  assert.ok(bytes.length > 0x4000 + 500);
  assert.deepEqual(plain(decodeMessage(bytes).answers), plain(message.answers));
});

test('a second OPT, one that is not the root’s, and one in another section are refused', () => {
  const opt = '00 0029 04d0 00000000 0000';
  const accepted = hex(`0000 0000 0000 0000 0000 0001 ${opt}`);
  assert.equal(decodeMessage(accepted).edns?.udpPayloadSize, 1232);
  for (const bytes of [
    `0000 0000 0000 0000 0000 0002 ${opt} ${opt}`,
    `0000 0000 0000 0000 0000 0001 0161 ${opt}`,
    `0000 0000 0000 0001 0000 0000 ${opt}`,
    `0000 0000 0000 0000 0001 0000 ${opt}`,
  ]) {
    assert.throws(() => decodeMessage(hex(bytes)), { name: 'WireError', code: 'duplicate-opt' });
  }
});

test('a TTL with its highest bit set is 0', () => {
  const bytes = hex('0000 8000 0000 0001 0000 0000 00 0001 0001 80000000 0004 c0000201');
  assert.equal(decodeMessage(bytes).answers[0]?.ttl, 0);
});
