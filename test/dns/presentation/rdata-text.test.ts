import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import { isMetaType, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { rdataToText, recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import { isWellFormed } from '../../../src/dns/rdata/check.ts';
import { readRdata } from '../../../src/dns/rdata/copy.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { WireError } from '../../../src/dns/wire-error.ts';
import { WireReader } from '../../../src/dns/wire-reader.ts';
import { ipv4FromText, ipv6FromText, ipv6ToText } from '../../../src/ip/text.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { fc } from '../../support/property.ts';
import { name, octets, recordBelow } from './rdata.ts';

const zone = Name.parse('zone.');
const record = recordBelow(zone);

function reread(text: string): ResourceRecord {
  const { records } = parseZoneFile(text, { origin: zone });
  assert.equal(records.length, 1, text);
  return records[0] as ResourceRecord;
}

test('reading what was printed gives the same record', () => {
  fc.assert(
    fc.property(record, (one) => {
      const text = recordToText(one);
      const again = reread(text);
      assert.deepEqual(again.name.labels, one.name.labels, text);
      assert.deepEqual({ ...again, name: 0 }, { ...one, name: 0 }, text);
    }),
    { numRuns: 2000 },
  );
});

test('reading what was printed gives the same octets, whatever a message can hold', () => {
  const any = fc.record({
    type: fc
      .oneof(fc.constantFrom(...Object.values(Type)), fc.nat(0xffff))
      .filter((type) => !isMetaType(type)),
    rdata: octets(60),
  });
  fc.assert(
    fc.property(any, ({ type, rdata }) => {
      const text = recordToText({ name: zone, type, class: 1, ttl: 1, rdata });
      let held: Uint8Array;
      try {
        held = readRdata(new WireReader(rdata), type, rdata.length);
      } catch (error) {
        assert.ok(error instanceof WireError);
        return;
      }
      if (Buffer.compare(held, rdata) !== 0 || rdata.length === 0 || !isWellFormed(type, rdata)) return;
      assert.deepEqual(reread(text).rdata, rdata, text);
    }),
    { numRuns: 3000 },
  );
});

test('printing never throws and is one line of printable ASCII', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), name, octets(300), (type, rrClass, owner, rdata) => {
      const text = recordToText({ name: owner, type, class: rrClass, ttl: 1, rdata });
      assert.match(text, /^[ -~]+$/);
    }),
    { numRuns: 3000 },
  );
});

test('RDATA that is not of its type’s form is printed as octets', () => {
  const cases: [number, number[], string][] = [
    [Type.A, [1, 2, 3], '\\# 3 010203'],
    [Type.A, [1, 2, 3, 4, 5], '\\# 5 0102030405'],
    [Type.TXT, [], '\\# 0'],
    [Type.TXT, [5, 1], '\\# 2 0501'],
    [Type.CNAME, [0xc0, 0x00], '\\# 2 c000'],
    [Type.HTTPS, [0, 1, 0, 0, 3, 0, 1, 1], '\\# 8 0001000003000101'],
    [Type.HTTPS, [0, 1, 0, 0, 9, 0, 0, 0, 3, 0, 2, 0, 1], '\\# 13 00010000090000000300020001'],
    [Type.CAA, [0, 1, 0x2d], '\\# 3 00012d'],
    [65400, [], '\\# 0'],
  ];
  for (const [type, rdata, text] of cases) assert.equal(rdataToText(type, Uint8Array.from(rdata)), text);
});

test('IPv6 addresses are read as Node reads them and written as RFC 5952 says', () => {
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
  const address = fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => Uint8Array.from(groups.flatMap((g) => [g >> 8, g & 255])));
  fc.assert(
    fc.property(address, (value) => {
      const text = ipv6ToText(value);
      assert.ok(isIPv6(text), text);
      assert.deepEqual(ipv6FromText(text), value, text);
      assert.deepEqual(ipv6FromText(text.toUpperCase()), value, text);
    }),
  );
  const pieces = fc.array(
    fc.constantFrom(':', '::', '0', '1', 'ffff', 'F', '12345', '192.0.2.1', '.', '%', 'g'),
    { maxLength: 18 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      assert.equal(ipv6FromText(text) !== undefined, isIPv6(text) && !text.includes('%'), text);
    }),
    { numRuns: 3000 },
  );
  const written: [string, string][] = [
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::192.0.2.1', '::c000:201'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
  ];
  for (const [text, canonical] of written)
    assert.equal(ipv6ToText(ipv6FromText(text) ?? new Uint8Array(16)), canonical);
});

test('an IPv4 address is four decimal numbers without leading zeros', () => {
  assert.deepEqual(ipv4FromText('192.0.2.255'), Uint8Array.of(192, 0, 2, 255));
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1.2.3.-4',
    '１.2.3.4',
  ]) {
    assert.equal(ipv4FromText(text), undefined, text);
  }
});
