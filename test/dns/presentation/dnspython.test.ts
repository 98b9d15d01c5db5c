/** What we print is read by an independent program, dnspython, as the octets that it was. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Type, typeFromText, typeToText } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { rdataToText } from '../../../src/dns/presentation/rdata-text.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { fc } from '../../support/property.ts';
import { rdataParts } from './rdata.ts';

const PYTHON = '/usr/bin/python3';
const script = fileURLToPath(new URL('../../../../test/dns/presentation/dnspython.py', import.meta.url));
const isThere = spawnSync(PYTHON, ['-c', 'import dns.rdata']).status === 0;
const skip = isThere ? false : 'python3-dnspython is not installed';

/** RDATA in hexadecimal; null for a type that it does not know. */
type Answer = { readonly rdata?: string; readonly error?: string } | null;

function askDnspython(texts: readonly (readonly [type: number, text: string])[]): readonly Answer[] {
  const input = texts.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  const { stdout } = spawnSync(PYTHON, [script], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line): Answer => JSON.parse(line));
  assert.equal(answers.length, texts.length);
  return answers;
}

const { vectors } = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/record-types.json', import.meta.url), 'utf8'),
) as { readonly vectors: readonly { from: string; type: string; text: string; rdata: string }[] };
const zone = Name.parse('zone.');

test('the examples of the RFCs have the octets that they should, and come back when they are printed', () => {
  for (const { from, type, text, rdata } of vectors) {
    const read = (data: string) =>
      parseZoneFile(`a ${type} ${data}`, { origin: zone }).records[0]?.rdata ?? [];
    assert.equal(Buffer.from(read(text)).toString('hex'), rdata, `${from}: ${type} ${text}`);
    const printed = rdataToText(typeFromText(type) ?? 0, Uint8Array.from(read(text)));
    assert.doesNotMatch(printed, /^\\#/, `${type} ${text}`);
    assert.equal(Buffer.from(read(printed)).toString('hex'), rdata, `${type} ${printed}`);
  }
});

test('dnspython reads the examples of the RFCs as we do', { skip }, () => {
  const answers = askDnspython(vectors.map(({ type, text }) => [typeFromText(type) ?? 0, text]));
  let known = 0;
  for (const [index, { type, text, rdata }] of vectors.entries()) {
    const answer = answers[index];
    if (answer === null || answer === undefined) continue;
    known++;
    assert.equal(answer.rdata, rdata, `${type} ${text}: ${answer.error}`);
  }
  assert.ok(known > 30);
});

/** dnspython turns `\\200` in a quoted string of most types into the two octets that are this character in UTF-8. */
const highOctet = /"(?:[^"\\]|\\.)*\\(?:12[89]|1[3-9]\d|2\d\d)/;

/**
 * What it refuses for another reason than the form: values that mean nothing, of which random octets know nothing, and what
 * is newer than it.
 */
const unlike =
  /digest|reserved|parameters in AliasMode|bit 0|Unknown SVCB ParamKey|resource record type is unknown/;

test('dnspython reads every record that we print as the octets that it was', { skip }, () => {
  const printed = rdataParts
    // It computes altitudes in floating point, and is off by a centimetre at times.
    .filter(([type]) => type !== Type.LOC)
    .flatMap(([type, parts]) =>
      fc.sample(fc.tuple(...parts), 30).map((pieces) => {
        const rdata = Uint8Array.from(pieces.flat());
        return { type, rdata, text: rdataToText(type, rdata) };
      }),
    )
    // RDATA that is not of its type's form is printed as octets, of which dnspython wants that form all the same.
    .filter(({ text }) => !text.startsWith('\\#'))
    .filter(({ type, text }) => type === Type.TXT || !highOctet.test(text));
  let compared = 0;
  const answers = askDnspython(printed.map(({ type, text }) => [type, text]));
  for (const [index, { type, rdata, text }] of printed.entries()) {
    const answer = answers[index];
    if (answer === null || answer === undefined) continue;
    if (unlike.test(answer.error ?? '')) continue;
    compared++;
    assert.equal(
      answer.rdata,
      Buffer.from(rdata).toString('hex'),
      `${typeToText(type)} ${text}: ${answer.error}`,
    );
  }
  assert.ok(compared > 500, String(compared));
});
