import assert from 'node:assert/strict';
import { substitute } from '../../../src/dns/dname.ts';
import { Name } from '../../../src/dns/name.ts';
import { isBelowName, isSameName } from '../../../src/dns/wire-names.ts';
import { skipName, WireReader } from '../../../src/dns/wire-reader.ts';
import { WireWriter } from '../../../src/dns/wire-writer.ts';
import { orWireError, same, sameLabels, sameOctets } from '../check.ts';
import { labels } from '../dns-bytes.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { plainName, wireOf } from '../reference/message.ts';
import type { FuzzTarget } from '../target.ts';

/** Names as labels, text and octets are the same names, whether they are equal or below each other is plain comparison. */
export const domainNames: FuzzTarget = {
  name: 'domain-name',
  run(random) {
    const zone = random.pick([[], ['example'], ['b', 'exAmple'], ['lan']]);
    const [one, other] = [nameOf(labels(random, zone)), nameOf(labels(random, zone))];
    checkWire(one, other, random);
    checkText(random.chance(0.5) ? one : other, random);
    checkRelations(one, other);
    checkRelations(one, related(one, random));
    checkWriter([one, other, related(one, random), related(other, random)], random);
  },
};

/** The name of these labels, with labels taken away until it is short enough. */
function nameOf(parts: readonly string[]): Name {
  const length = parts.reduce((sum, label) => sum + label.length + 1, 1);
  const isValid = length <= 255 && parts.every((label) => label.length >= 1 && label.length <= 63);
  const name = orWireError(() => Name.fromLabels(parts));
  same(name !== undefined, isValid, 'a name');
  return name ?? nameOf(parts.slice(1));
}

/** A name that is equal to, above or below another but for case. */
function related(name: Name, random: Random): Name {
  const changed = name.labels.map((label) => (random.chance(0.5) ? label.toUpperCase() : label));
  // What has no one character of one octet in upper case stays.
  const safe = changed.map((label, i) => (/^[\0-\xff]*$/.test(label) ? label : (name.labels[i] ?? label)));
  const parts = random.chance(0.5) ? safe : random.chance(0.5) ? safe.slice(1) : ['x', ...safe];
  return nameOf(parts.map((label) => label.slice(0, 63)));
}

/** RFC 4343: A to Z alone have a case. */
function lower(label: string): string {
  let text = '';
  for (const char of label) text += char >= 'A' && char <= 'Z' ? char.toLowerCase() : char;
  return text;
}

function checkRelations(one: Name, other: Name): void {
  const [a, b] = [one.labels.map(lower), other.labels.map(lower)];
  const isSame = a.length === b.length && a.every((label, i) => label === b[i]);
  const isWithin = a.length >= b.length && b.every((label, i) => label === a[a.length - b.length + i]);
  same(one.equals(other), isSame, 'equals');
  same(one.key === other.key, isSame, 'same key');
  same(one.isWithin(other), isWithin, 'within');
  sameLabels(Name.fromKey(one.key), a, 'name of a key');
  const bytes = Buffer.concat([Buffer.alloc(12), one.toWire(), other.toWire()]);
  const at = 12 + one.wireLength;
  same(isSameName(bytes, 12, at), isSame, 'same on the wire');
  same(isBelowName(bytes, 12, at), isWithin && !isSame, 'below on the wire');
  if (!isWithin) return;
  const target = ['to', 'elsewhere'];
  const expected = [...one.labels.slice(0, a.length - b.length), ...target];
  const replaced = substitute(one, other, Name.fromLabels(target));
  const length = expected.reduce((sum, label) => sum + label.length + 1, 1);
  if (replaced === 'too-long') assert.ok(length > 255, 'too long after a substitution');
  else sameLabels(replaced, expected, 'substitution');
}

function checkWire(one: Name, other: Name, random: Random): void {
  sameOctets(one.toWire(), wireOf(one.labels), 'wire form');
  // The second name ends in a pointer into the first, or anywhere.
  const wire = other.toWire().subarray(0, -1);
  const target = random.chance(0.8) ? 12 + random.int(one.wireLength + wire.length + 2) : random.int(0x4000);
  const pointer = Buffer.of(0xc0 | (target >>> 8), target & 0xff);
  const bytes = Buffer.concat([Buffer.alloc(12), one.toWire(), wire, pointer]);
  const at = 12 + one.wireLength;
  const end = bytes.length - (random.chance(0.9) ? 0 : random.int(4));
  const plain = plainName(bytes, at, end);
  const reader = new WireReader(bytes, at, end);
  const read = orWireError(() => reader.name('name'));
  same(read !== undefined, plain !== undefined, 'readable');
  same(
    orWireError(() => skipName(bytes, at, end, 'name')),
    plain?.next,
    'skipped',
  );
  if (read === undefined || plain === undefined) return;
  sameLabels(read, plain.labels, 'read');
  same(reader.offset, plain.next, 'offset after a name');
}

/** Names that are written after each other, some of them taken back, are those that are read. */
function checkWriter(names: readonly Name[], random: Random): void {
  const writer = new WireWriter({ initialSize: 12 });
  for (let left = 12; left > 0; left--) writer.u8(0);
  const written: { readonly at: number; readonly name: Name }[] = [];
  for (const name of [...names, ...names]) {
    if (random.chance(0.3))
      writer.rewind(written.splice(random.int(written.length + 1))[0]?.at ?? writer.length);
    written.push({ at: writer.length, name });
    writer.name(name, random.chance(0.8));
  }
  const bytes = writer.written;
  for (const { at, name } of written)
    sameLabels(name, plainName(bytes, at, bytes.length)?.labels ?? ['nothing'], 'written');
}

const PIECES = [
  '.',
  '..',
  '\\',
  '\\.',
  '\\256',
  '\\255',
  '\\00',
  '\\000',
  'a'.repeat(63),
  'b'.repeat(64),
  'ÿ',
  'Ā',
];

function checkText(name: Name, random: Random): void {
  const text = name.toString();
  assert.match(text, /^[!-~]+$/);
  sameLabels(Name.parse(text), name.labels, 'name from its text');
  const changed = mutateText(text, PIECES, random, 2);
  const expected = plainLabels(changed);
  const read = orWireError(() => Name.parse(changed));
  same(read !== undefined, expected !== undefined, `a name: ${changed}`);
  if (read !== undefined && expected !== undefined) sameLabels(read, expected, 'read from text');
}

/** Labels of a name in text, a character at a time; undefined for none. */
function plainLabels(text: string): readonly string[] | undefined {
  if (text === '' || text === '.') return [];
  const result: string[] = [];
  let label = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '.') {
      result.push(label);
      label = '';
    } else if (char !== '\\') label += char;
    else {
      const [a = '', b = '', c = ''] = text.slice(at + 1, at + 4);
      const isDigit = (digit: string) => digit >= '0' && digit <= '9' && digit.length === 1;
      if (isDigit(a) && isDigit(b) && isDigit(c)) {
        const octet = Number(a + b + c);
        if (octet > 255) return undefined;
        label += String.fromCharCode(octet);
        at += 3;
      } else if (at + 1 >= text.length || isDigit(a)) {
        return undefined;
      } else {
        label += text[at + 1];
        at++;
      }
    }
  }
  // A final dot is not followed by a label; an escaped one is part of one.
  if (label !== '' || !text.endsWith('.')) result.push(label);
  const length = result.reduce((sum, label) => sum + label.length + 1, 1);
  const isValid = result.every(
    (label) => label.length > 0 && label.length < 64 && /^[\0-\xff]*$/.test(label),
  );
  return isValid && length <= 255 ? result : undefined;
}
