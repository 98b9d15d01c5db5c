import assert from 'node:assert/strict';
import { Class, typeToText } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { rdataToText, recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { ZoneFileError } from '../../../src/pkarr/zone/file/error.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { same, sameLabels, sameOctets } from '../check.ts';
import { recordTexts } from '../corpus.ts';
import { labels, randomRdata, zoneType } from '../dns-bytes.ts';
import { mutateText } from '../mutate.ts';
import { fuzzKeys } from '../packets.ts';
import type { Random } from '../random.ts';
import { plainRdata } from '../reference/message.ts';
import type { FuzzTarget } from '../target.ts';

const origin = fuzzKeys[0]?.publicKey.name ?? Name.root;

/**
 * A zone file says the records that it was written from, however they are written, and an error where one was put; whatever
 * text it is, it gives records, which are printed and read as the same, or its own error.
 */
export const zoneFiles: FuzzTarget = {
  name: 'zone-file',
  run(random) {
    if (random.chance(0.5)) checkWritten(random);
    else checkText(random);
  },
};

/** Octets as a word, each written in one of its ways. */
function word(octets: Uint8Array, random: Random): string {
  let text = '';
  for (const octet of octets) {
    const char = String.fromCharCode(octet);
    if (/[a-zA-Z0-9]/.test(char) && random.chance(0.9)) text += char;
    else if (/[!-/:-~]/.test(char) && random.chance(0.5)) text += `\\${char}`;
    else text += `\\${String(octet).padStart(3, '0')}`;
  }
  return text;
}

function nameText(name: Name, random: Random): string {
  const parts = name.labels.map((label) => word(Buffer.from(label, 'latin1'), random));
  return `${parts.join('.')}.`;
}

/** The same name relative to the origin, if it can be written so. */
function ownerText(name: Name, random: Random): string {
  if (random.chance(0.3)) return nameText(name, random);
  if (name.labels.length === 1) return '@';
  return nameText(Name.fromLabels(name.labels.slice(0, -1)), random).slice(0, -1);
}

const UNITS = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** Seconds, as a number or with units. */
function duration(seconds: number, random: Random): string {
  if (random.chance(0.4)) return String(seconds);
  let left = seconds;
  let text = '';
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count === 0 || (random.chance(0.3) && size !== 1)) continue;
    left -= count * size;
    text += `${count}${random.chance(0.5) ? unit : unit.toUpperCase()}`;
  }
  return text === '' ? '0' : text;
}

const TTLS = [0, 1, 59, 60, 3600, 90_061, 604_800, 2 ** 31 - 2, 2 ** 31 - 1] as const;

function randomRecord(random: Random): ResourceRecord {
  let own = labels(random, []);
  while (own.reduce((sum, label) => sum + label.length + 1, 54) > 255) own = own.slice(1);
  const type = zoneType(random);
  const rdata = randomRdata(type, random, [...origin.labels]);
  const isUsable = rdata.length > 0 && plainRdata(rdata, type, 0, rdata.length).rdata !== undefined;
  const ttl = random.chance(0.5) ? random.int(100_000) : random.pick(TTLS);
  return {
    name: Name.fromLabels([...own, ...origin.labels]),
    class: Class.IN,
    ttl,
    ...(isUsable ? { type, rdata } : { type: 16, rdata: Uint8Array.of(1, 0x61) }),
  };
}

/** Errors that nobody may take for something else, in place of a record. */
const FLAWS = [
  '@ 2147483648 A 192.0.2.1',
  '@ 35792395m A 192.0.2.1',
  '@ A 192.0.2.256',
  '@ A 192.0.2',
  '@ A 192.0.2.1 1',
  '@ A',
  '@ CH A 192.0.2.1',
  '@ TXT \\256',
  '@ TXT a\\25',
  '@ TXT "a',
  '@ TXT (a',
  '@ TXT a)',
  `@ CAA 0 ${'a'.repeat(256)} x`,
  '@ MX 65536 a',
  '@ MX -1 a',
  '@ TYPE65400 \\# 3 abcd',
  '@ TYPE65400 \\# 1 abcd',
  '@ TYPE65400 \\# 2 abc',
  '@ TYPE65536 \\# 0',
  '@ A \\# 3 c00002',
  '@ AAAA \\# 15 000000000000000000000000000000',
  `${'a'.repeat(64)} A 192.0.2.1`,
  'a..b A 192.0.2.1',
  `${'a.'.repeat(102)}a A 192.0.2.1`,
  '@ OPT \\# 0',
  '@ HTTPS 1 . port=65536',
  '@ HTTPS 1 . key65536=a',
  '@ HTTPS 1 . no-default-alpn',
  '@ SOA a b 1 2 3 4 4294967296',
  '@ NSEC',
  '@ DS 1 2 3 abc',
  '$TTL 2147483648',
] as const;

function checkWritten(random: Random): void {
  const records = random.some(4, () => randomRecord(random));
  const lines = records.map((record, index) => {
    const { name, ttl, type, rdata } = record;
    const isSameOwner = records[index - 1]?.name.toString() === name.toString();
    const owner = isSameOwner && random.chance(0.5) ? ' ' : ownerText(name, random);
    const time = duration(ttl, random);
    const middle = random.pick([`${time} IN`, `IN ${time}`, `${time}`, `${time} in`, `${time} CLASS1`]);
    const mnemonic = random.chance(0.5) ? typeToText(type) : `TYPE${type}`;
    const hex = Buffer.from(rdata).toString('hex');
    const data = random.chance(0.5) ? rdataToText(type, rdata) : `\\# ${rdata.length} ${hex}`;
    const line = random.pick([
      `${middle} ${mnemonic} ${data}`,
      `( ${middle}\n${mnemonic} ; a comment\n ${data})`,
    ]);
    return `${owner} ${line}${random.pick(['', ' ; (comment', ' '])}`;
  });
  const flaw = random.chance(0.4) ? random.pick(FLAWS) : undefined;
  if (flaw !== undefined) lines.splice(random.int(lines.length + 1), 0, flaw);
  const text = lines.join(random.pick(['\n', '\r\n', '\n\n']));
  const read = orZoneFileError(text);
  same(read !== undefined, flaw === undefined, `a valid file: ${text}`);
  if (read === undefined) return;
  const expected = withoutRepeated(records);
  same(read.length, expected.length, `records of ${text}`);
  for (const [index, record] of read.entries()) {
    const other = expected[index];
    if (other === undefined) continue;
    sameLabels(record.name, other.name.labels, 'owner');
    same(record.ttl, other.ttl, `TTL in ${lines[index]}`);
    same(record.type, other.type, 'type');
    sameOctets(record.rdata, other.rdata, `RDATA of ${lines[index]}`);
  }
}

/** The first of records that differ in their TTL or case alone. */
function withoutRepeated(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  return records.filter(
    (one, index) =>
      !records
        .slice(0, index)
        .some(
          ({ name, type, rdata }) =>
            name.equals(one.name) && type === one.type && Buffer.compare(rdata, one.rdata) === 0,
        ),
  );
}

function orZoneFileError(text: string): readonly ResourceRecord[] | undefined {
  try {
    return parseZoneFile(text, { origin }).records;
  } catch (error) {
    if (error instanceof ZoneFileError) return undefined;
    throw error;
  }
}

const DATA = [
  ...recordTexts.map(({ type, text }) => `${type} ${text}`),
  'A 192.0.2.1',
  'AAAA 2001:db8::1',
  'MX 10 mail',
  'TXT "a b" c\\032d',
  'SRV 1 2 3 @',
  'CAA 0 issue "ca.example"',
  'HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1',
  'SVCB 0 a.b.',
  'SOA ns me 1 2h 3 4 5',
  'TYPE65400 \\# 3 abcdef',
  'NAPTR 1 2 "u" "E2U+sip" "!^.*$!x!" .',
];
const OWNERS = ['@', 'www', '*', 'a.b', '', '\\@', 'x.'] as const;
const PIECES = '" ( ) ; \\ \n \t \\000 $TTL\t1h\n $ORIGIN\tx\n @ . = \\# “ \r IN 0 9 w'
  .split(' ')
  .concat(' ');

function checkText(random: Random): void {
  const lines = random.some(
    4,
    () => `${random.pick(OWNERS)} ${random.pick(['', '60', 'IN', '1h IN'])} ${random.pick(DATA)}\n`,
  );
  const text = mutateText(lines.join(''), PIECES, random);
  const records = orZoneFileError(text);
  if (records === undefined) return;
  const printed = records.map((record) => `${recordToText(record)}\n`).join('');
  assert.deepEqual(parseZoneFile(printed, { origin }).records, records);
}
