import assert from 'node:assert/strict';
import { Class, Type, typeToText } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { rdataToText, recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import { isWellFormed } from '../../../src/dns/rdata/check.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { same, sameOctets } from '../check.ts';
import { recordTexts as corpus } from '../corpus.ts';
import { randomRdata, specialType, zoneType } from '../dns-bytes.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { isMeta } from '../reference/forms.ts';
import { plainRdata } from '../reference/message.ts';
import type { FuzzTarget } from '../target.ts';

/** No name in the data is in it: those of a zone would take its case. */
const origin = Name.parse('origin.');

/** What is printed of record data is one line of ASCII, and read again it is the same data; whether data is valid is plain. */
export const recordTexts: FuzzTarget = {
  name: 'record-text',
  run(random) {
    const { type, rdata } = data(random);
    same(
      isWellFormed(type, rdata),
      plainRdata(rdata, type, 0, rdata.length).rdata !== undefined,
      `well-formed ${typeToText(type)} ${Buffer.from(rdata).toString('hex')}`,
    );
    const record = { name: Name.parse('a.origin.'), type, class: Class.IN, ttl: random.int(2 ** 31), rdata };
    assert.match(recordToText(record), /^[ -~]+$/);
    // RDATA of no octets mostly is not in zone files, nor is what only a compressed message can hold.
    if (isMeta(type) || (rdata.length === 0 && type !== Type.APL) || !isWhole(type, rdata)) return;
    const text = `a 5 IN ${typeToText(type)} ${rdataToText(type, rdata)}`;
    const [read] = parseZoneFile(text, { origin }).records;
    sameOctets(read?.rdata ?? new Uint8Array(0), rdata, text);
  },
};

function data(random: Random): { readonly type: number; readonly rdata: Uint8Array } {
  if (random.chance(0.3)) {
    const { type, text } = random.pick(corpus);
    const [record] = parseZoneFile(`a ${type} ${text}`, { origin }).records;
    assert.ok(record !== undefined);
    return { type: record.type, rdata: mutate(record.rdata, random, 2) };
  }
  const type = random.chance(0.3) ? specialType(random) : zoneType(random);
  const rdata = randomRdata(type, random, ['zone']);
  return { type, rdata: random.chance(0.7) ? rdata : mutate(rdata, random, 1) };
}

/** Whether all names in it are written out, and it can be read. */
function isWhole(type: number, rdata: Uint8Array): boolean {
  const plain = plainRdata(rdata, type, 0, rdata.length);
  return plain.rdata !== undefined && Buffer.compare(plain.rdata, rdata) === 0;
}
