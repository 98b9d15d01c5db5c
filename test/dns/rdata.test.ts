import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, typeFromText } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { HEADER_LENGTH } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { isWellFormed } from '../../src/dns/rdata.ts';
import { WireError } from '../../src/dns/wire-error.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';

/** Whether a reply for `a.example` that answers with RDATA in hexadecimal, names possibly compressed, is accepted. */
function isAccepted(type: string, rdata: string): boolean {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[2] = 0x80;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 6);
  const octets = Buffer.from(rdata.replaceAll(/\s/g, ''), 'hex');
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(typeFromText(type) ?? 0, 0);
  fixed.writeUInt16BE(Class.IN, 2);
  fixed.writeUInt16BE(octets.length, 8);
  const question = Buffer.from([...Name.parse('a.example').toWire(), 0, 1, 0, 1]);
  const bytes = Buffer.concat([header, question, Buffer.of(0xc0, HEADER_LENGTH), fixed, octets]);
  try {
    readLayout(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return false;
  }
}

const bitmap = '00 06 40 01 00 00 00 03';
const long = 'ab'.repeat(255);

test('RDATA that no reader of its type could make sense of is refused', () => {
  const malformed: Readonly<Record<string, readonly string[]>> = {
    A: ['', '030405', '0102030405'],
    AAAA: ['20'.repeat(15), '20'.repeat(17), ''],
    NS: ['', 'c0', '00ff', '0161', '4061', 'ffff'],
    CNAME: ['', 'c0', 'c00c00'],
    SOA: ['0000', `c00cc00c${'00'.repeat(19)}`, `c00cc00c${'00'.repeat(21)}`],
    PTR: ['c0', '0161'],
    MX: ['00', '000a', '000a c00c 00'],
    TXT: ['', 'ff41', '0901', '01 61 05'],
    HINFO: ['', '0161', '0161 01', '0161 0162 00'],
    SRV: ['0000', '0001 0002 0003', '0001 0002 0003 00 00'],
    PX: ['000a00'],
    RP: ['00'],
    NAPTR: ['0001 0002 0153 0161 00', '0001 0002 05 00'],
    DNAME: ['c0'],
    DS: ['0001 08'],
    DNSKEY: ['0100 03'],
    RRSIG: ['00'.repeat(18), '00'.repeat(10)],
    NSEC: ['', `00 ${bitmap} 00`, '00 00 00', '00 00 21', '00 01 01 40 00 01 40', '00 00 05 40'],
    NSEC3: ['01 00 000a 00', '01 00 000a 05 00', `01 00 000a 00 02aabb ${bitmap} 01`],
    NSEC3PARAM: ['01 00 000a', '01 00 000a 01', '01 00 000a 00 00'],
    TLSA: ['0301'],
    SSHFP: ['01'],
    CAA: ['00', '00 05 69', ''],
    URI: ['000a00'],
    EUI48: ['0102030405'],
    HTTPS: ['', '0001', '000109 01', '0001 00 0001', '0001 00 0001 0003 0268', '0001 00 0001 0000 0001 0000'],
    SVCB: ['0001 00 0003 0002 01bb 0001 0003 026832', '0001 00 0001 0003 026832 0001 0003 026833'],
  };
  for (const [type, list] of Object.entries(malformed)) {
    for (const rdata of list) assert.equal(isAccepted(type, rdata), false, `${type} ${rdata}`);
  }
});

test('RDATA of odd and legal forms is accepted, and of types that nobody knows in any form', () => {
  const legal: Readonly<Record<string, readonly string[]>> = {
    A: ['00000000'],
    NS: ['00', 'c00c', '0161c00c', '012e00'],
    SOA: [`0000${'ff'.repeat(20)}`],
    MX: ['0000 00', 'ffff c00e'],
    TXT: ['00', '00 00 00', `ff ${long} 00 ff ${long}`],
    SPF: ['00'],
    HINFO: ['0000', '07 52464338343832 00'],
    SRV: ['0000 0000 0000 00', '0001 0002 0003 c00c'],
    NAPTR: ['0001 0002 00 00 00 00', '0001 0002 0153 00 00 c00c'],
    KX: ['0001 c00c'],
    DS: ['0000 00 00 00', '0000 00 00'],
    DNSKEY: ['0101 03 0d'],
    RRSIG: [`${'00'.repeat(18)} 00`, `${'00'.repeat(18)} c00c ff`],
    NSEC: ['00', `c00c ${bitmap}`, '00 00 01 40 01 20'.concat('ff'.repeat(32))],
    NSEC3: ['01 00 000a 00 02aabb', `01 00 000a 02aabb 02aabb ${bitmap}`],
    NSEC3PARAM: ['01 00 0000 00'],
    CAA: ['00 00', '80 05 6973737565', '00 05 6973737565 3b'],
    HTTPS: ['0000 00', '0001 00', '0001 c00c 0001 0003 026832', '0001 00 0000 0000 029b 0000'],
    SVCB: ['0001 00 0001 0000'],
    NULL: ['', 'ff'],
    LOC: ['01'],
    APL: [''],
    TYPE65400: ['', '00', long],
  };
  for (const [type, list] of Object.entries(legal)) {
    for (const rdata of list) assert.equal(isAccepted(type, rdata), true, `${type} ${rdata}`);
  }
});

test('what a zone file can say is of its type’s form', () => {
  const { records } = parseZoneFile(
    [
      '$TTL 60',
      '@ A 192.0.2.1',
      '@ AAAA ::1',
      '@ MX 0 .',
      '@ TXT "" "x"',
      '@ SRV 0 0 0 .',
      '@ NAPTR 1 1 "" "" "" .',
      '@ CAA 0 issue ";"',
      '@ HTTPS 1 . alpn=h2 port=1 ipv4hint=192.0.2.1',
      '@ TLSA 3 1 1 aa',
      '@ DS 1 8 2 aa',
      '@ URI 1 1 "x"',
      '@ HINFO a b',
    ].join('\n'),
    { origin: Name.parse('example') },
  );
  for (const { type, rdata } of records) assert.ok(isWellFormed(type, rdata), String(type));
});
