import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, typeFromText } from '../../../src/dns/codes.ts';
import { readLayout } from '../../../src/dns/layout.ts';
import { HEADER_LENGTH } from '../../../src/dns/message.ts';
import { Name } from '../../../src/dns/name.ts';
import { isWellFormed } from '../../../src/dns/rdata/check.ts';
import { WireError } from '../../../src/dns/wire-error.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';

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

/** 42°21′54″ N 71°6′18″ W, 1 m above the reference. */
const place = '00121613892d9f0070be15f000988d20';
/** HIT and public key. */
const host = '04020001 aabbccdd ee';
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
    CAA: ['00', '00 05 69', '', '00 00', '00 00 3b'],
    URI: ['000a00', '000a0001'],
    EUI48: ['0102030405', '01020304050607', ''],
    EUI64: ['01020304050607', '010203040506070809'],
    LOC: [
      '',
      '00',
      place.slice(0, -2),
      `${place}00`,
      `00a21613${place.slice(8)}`,
      `00121a13${place.slice(8)}`,
      `00121613 6cb026ff${place.slice(16)}`,
      `00121613${place.slice(8, 16)} a69fb201${place.slice(24)}`,
    ],
    APL: [
      '00',
      '0001 18',
      '0001 18 03 0a00',
      '0001 21 01 0a',
      '0001 18 05 0a00000000',
      '0002 81 00',
      '0001 08 81',
    ],
    IPSECKEY: [
      '',
      '0a',
      '0a00',
      '0a0102',
      '0a0102 c00002',
      `0a0202 ${'20'.repeat(15)}`,
      '0a0302 0161',
      '0a0302 c00c',
    ],
    HIP: [
      '',
      '0402',
      '04020001 aabbccdd',
      '00020001 ee',
      '04020000 aabbccdd',
      `${host} c00c`,
      `${host} 0161`,
    ],
    AMTRELAY: [
      '',
      '0a',
      '0a00 00',
      '0a01 c00002',
      '0a81 c00002',
      '0a01 c000020100',
      '0a02 c0000201',
      '0a03 c00c',
      '0a03 0161',
    ],
    DHCID: ['', '0000'],
    OPENPGPKEY: [''],
    CERT: ['', '0001 0000'],
    CSYNC: ['', '0000004200', '00000042 0003 00', '00000042 0003 00 00', `00000042 0003 ${bitmap} ${bitmap}`],
    ZONEMD: ['', '0000000101', '00000001 01 01', `00000001 01 01 ${'aa'.repeat(11)}`],
    DSYNC: ['', '003b 01 00', '003b 01 0035', '003b 01 0035 c00c', '003b 01 0035 0161', '003b 01 0035 00 00'],
    HHIT: [''],
    BRID: [''],
    NID: ['', '000a 0014aabbccddee', '000a 0014aabbccddeeff00'],
    L32: ['', '000a c00002', '000a c000020100'],
    L64: ['', '000a 20010db8000000', '000a 20010db80000000100'],
    LP: ['', '00', '000a', '000a 0161', '000a 00 00'],
    RESINFO: ['', '05', '01 61 05'],
    WALLET: ['', '0361'],
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
    CAA: ['80 05 6973737565', '00 05 6973737565 3b'],
    URI: ['000a0001 61'],
    HTTPS: ['0000 00', '0001 00', '0001 c00c 0001 0003 026832', '0001 00 029b 0000'],
    NULL: ['', 'ff'],
    LOC: [place, '01', '01ff', `00000000${place.slice(8)}`, `00999999 6cb02700 a69fb200 ${'ff'.repeat(4)}`],
    APL: [
      '',
      '0001 18 03 0a0000',
      '0001 00 00',
      '0001 20 84 c0000201',
      `0002 80 10 ${'20'.repeat(16)}`,
      '0003 ff 02 aabb',
    ],
    IPSECKEY: [
      '0a0001',
      '0a0000',
      '0a0102 c0000201 aa',
      `0a0202 ${'20'.repeat(16)}`,
      '0a0302 0161 00 aabb',
      '0a0402 aa',
      '0a0402',
    ],
    HIP: [host, `${host} 00`, `${host} 0161 00 0162 00`],
    AMTRELAY: ['0a00', '0a80', '0a01 c0000201', `0a82 ${'20'.repeat(16)}`, '0a03 0161 00', '0a04 aa'],
    DHCID: ['0000 01', '0000 01 aabb'],
    OPENPGPKEY: ['00'],
    CERT: ['0001 0000 05'],
    CSYNC: ['00000042 0003', `00000042 0003 ${bitmap}`],
    ZONEMD: [`00000001 01 f0 ${'aa'.repeat(12)}`, `00000001 01 01 ${'aa'.repeat(48)}`],
    DSYNC: ['003b 01 0035 00', '003b 01 0035 0161 00'],
    LP: ['000a 00', '000a c00c'],
    RESINFO: ['00', '00 0161'],
    WALLET: ['00'],
    TYPE65400: ['', '00', long],
  };
  for (const [type, list] of Object.entries(legal)) {
    for (const rdata of list) assert.equal(isAccepted(type, rdata), true, `${type} ${rdata}`);
  }
});

/** HTTPS in ServiceMode for its own name, with SvcParams written as key and value in hexadecimal. */
function withParameters(...parameters: readonly [key: number, value: string][]): string {
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  const octets = parameters.map(([key, value]) => {
    const plain = value.replaceAll(' ', '');
    return `${hex(key)} ${hex(plain.length / 2)} ${plain}`;
  });
  return ['0001 00', ...octets].join(' ');
}

test('a SvcParam whose value has not the format of its key, or that requires another, makes its record malformed', () => {
  const malformed = [
    withParameters([1, '']),
    withParameters([1, '00']),
    withParameters([1, '03 6832']),
    withParameters([1, '02 6832 05 6833']),
    withParameters([1, '02 6832 00']),
    withParameters([3, '']),
    withParameters([3, '50']),
    withParameters([3, '0001bb']),
    withParameters([4, '']),
    withParameters([4, 'c00002']),
    withParameters([4, 'c000020101']),
    withParameters([6, '']),
    withParameters([6, 'c0000201']),
    withParameters([6, '20'.repeat(17)]),
    withParameters([10, '01']),
    withParameters([8, '00']),
    withParameters([1, '02 6832'], [2, '00']),
    // no-default-alpn without alpn.
    withParameters([2, '']),
    withParameters([0, '0003'], [2, ''], [3, '01bb']),
    withParameters([0, '']),
    withParameters([0, '00']),
    withParameters([0, '000100'], [1, '02 6832']),
    withParameters([0, '0000'], [1, '02 6832']),
    // Out of order, twice, and absent.
    withParameters([0, '0003 0001'], [1, '02 6832'], [3, '01bb']),
    withParameters([0, '0001 0001'], [1, '02 6832']),
    withParameters([0, '0001']),
    withParameters([0, '0001 0003'], [1, '02 6832']),
    withParameters([0, '0003 0004'], [1, '02 6832'], [4, 'c0000201']),
    withParameters([0, '0001 ffff'], [1, '02 6832'], [0xfffe, '']),
  ];
  for (const rdata of malformed) {
    for (const type of ['HTTPS', 'SVCB']) assert.equal(isAccepted(type, rdata), false, rdata);
  }
});

test('a SvcParam of an unknown key, a value that only experts judge, and any in AliasMode are accepted', () => {
  const legal = [
    withParameters([0, '0001 0003 0004'], [1, '02 6832 02 6833'], [2, ''], [3, '01bb'], [4, 'c0000201']),
    withParameters([0, '029b'], [0x29b, 'aa']),
    withParameters([4, 'c0000201 c0000202'], [6, '20'.repeat(32)]),
    withParameters([1, `ff ${'61'.repeat(255)}`]),
    withParameters([5, ''], [7, '61'], [8, ''], [9, 'aa'], [10, '']),
    withParameters([10, '01 61']),
    withParameters([0xffff, '']),
    // RFC 9460 §2.4.2: in AliasMode "recipients MUST ignore any SvcParams that are present".
    withParameters([3, '50']).replace(/^0001/, '0000'),
    withParameters([0, '0001']).replace(/^0001/, '0000'),
  ];
  for (const rdata of legal) {
    for (const type of ['HTTPS', 'SVCB']) assert.equal(isAccepted(type, rdata), true, rdata);
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
