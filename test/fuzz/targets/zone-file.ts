import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import { ZoneFileError } from '../../../src/pkarr/zone/file/error.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { testKey } from '../../support/packets.ts';
import { mutateText } from '../mutate.ts';
import type { FuzzTarget } from '../target.ts';

const origin = testKey(1).publicKey.name;

const { vectors } = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/record-types.json', import.meta.url), 'utf8'),
) as { readonly vectors: readonly { readonly type: string; readonly text: string }[] };

const DATA = [
  ...vectors.map(({ type, text }) => `${type} ${text}`),
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
const PIECES = [
  '"',
  '(',
  ')',
  ';',
  '\\',
  '\n',
  ' ',
  '\t',
  '\\000',
  '$TTL 1h\n',
  '$ORIGIN x\n',
  '@',
  '.',
  '=',
  '\\#',
  '“',
  '\r',
];

/** A zone file gives records or its own error, and what is printed of the records is read as the same records. */
export const zoneFiles: FuzzTarget = {
  name: 'zone-file',
  run(random) {
    const lines = random.some(
      5,
      () => `${random.pick(OWNERS)} ${random.pick(['', '60', 'IN', '1h IN'])} ${random.pick(DATA)}\n`,
    );
    const text = mutateText(lines.join(''), PIECES, random);
    try {
      const { records } = parseZoneFile(text, { origin });
      const printed = records.map((record) => `${recordToText(record)}\n`).join('');
      assert.deepEqual(parseZoneFile(printed, { origin }).records, records);
    } catch (error) {
      if (!(error instanceof ZoneFileError)) throw error;
    }
  },
};
