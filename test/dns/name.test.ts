import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerCase, Name } from '../../src/dns/name.ts';
import { WireError } from '../../src/dns/wire-error.ts';
import { skipName, WireReader } from '../../src/dns/wire-reader.ts';
import { WireWriter } from '../../src/dns/wire-writer.ts';
import { fc } from '../support/property.ts';
import { label, name } from './arbitraries.ts';

function read(hex: string, offset = 12): Name {
  const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
  return new WireReader(bytes, offset).name('NAME');
}

const header = '00'.repeat(12);

test('a name of any octets survives the way over the wire and over text', () => {
  fc.assert(
    fc.property(name, (one) => {
      const wire = one.toWire();
      assert.equal(wire.length, one.wireLength);
      assert.deepEqual(new WireReader(wire).name('NAME').labels, one.labels);
      assert.equal(skipName(wire, 0, wire.length, 'NAME'), wire.length);
      assert.deepEqual(Name.parse(one.toString()).labels, one.labels);
      assert.match(one.toString(), /^[!-~]+$/);
    }),
    { numRuns: 1000 },
  );
});

test('names written one after another with compression are read back, in their own case', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 20 }), (names) => {
      const writer = new WireWriter();
      writer.octets(new Uint8Array(12));
      for (const one of names) writer.name(one);
      const reader = new WireReader(writer.written, 12);
      for (const one of names) {
        assert.equal(skipName(writer.written, reader.offset, reader.end, 'NAME') > reader.offset, true);
        assert.deepEqual(reader.name('NAME').labels, one.labels);
      }
      assert.equal(reader.remaining, 0);
    }),
    { numRuns: 500 },
  );
});

test('after a rewind no name points at what is gone', () => {
  fc.assert(
    fc.property(fc.array(name), fc.array(name), fc.array(name), (kept, dropped, later) => {
      const writer = new WireWriter();
      writer.octets(new Uint8Array(12));
      for (const one of kept) writer.name(one);
      const mark = writer.length;
      for (const one of dropped) writer.name(one);
      writer.rewind(mark);
      for (const one of later) writer.name(one);
      const reader = new WireReader(writer.written.slice(), 12);
      for (const one of [...kept, ...later]) assert.deepEqual(reader.name('NAME').labels, one.labels);
    }),
  );
});

test('only the letters A to Z have two cases', () => {
  for (let octet = 0; octet < 256; octet++) {
    const one = Name.fromLabels([String.fromCharCode(octet)]);
    const folded = octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet;
    for (let other = 0; other < 256; other++) {
      const foldedOther = other >= 0x41 && other <= 0x5a ? other + 32 : other;
      assert.equal(
        one.equals(Name.fromLabels([String.fromCharCode(other)])),
        folded === foldedOther,
        `${octet} ${other}`,
      );
    }
    assert.deepEqual(one.toLowerCase().labels, [String.fromCharCode(folded)]);
  }
  assert.equal(lowerCase('ÀB'), 'Àb');
});

test('a key tells names apart however their labels are cut', () => {
  fc.assert(
    fc.property(fc.array(label, { maxLength: 3 }), fc.array(label, { maxLength: 3 }), (a, b) => {
      const same = a.length === b.length && a.every((text, i) => lowerCase(text) === lowerCase(b[i] ?? ''));
      assert.equal(Name.fromLabels(a).key === Name.fromLabels(b).key, same);
    }),
  );
  assert.ok(!Name.fromLabels(['a.b']).equals(Name.fromLabels(['a', 'b'])));
});

test('a name is within each of its ancestors and in no other name', () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      for (let count = 0; count <= one.labels.length; count++) assert.ok(one.isWithin(one.ancestor(count)));
      const suffix = one.key.endsWith(other.key) && one.labels.length >= other.labels.length;
      const expected = suffix && one.ancestor(other.labels.length).key === other.key;
      assert.equal(one.isWithin(other), expected);
      if (expected)
        assert.ok(
          one.replaceSuffix(other, Name.root).labels.length === one.labels.length - other.labels.length,
        );
    }),
  );
});

test('labels have 1 to 63 octets and names at most 255', () => {
  assert.equal(Name.fromLabels(['a'.repeat(63)]).wireLength, 65);
  const longest = ['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(61)];
  assert.equal(Name.fromLabels(longest).wireLength, 255);
  const cases: [string[], string][] = [
    [['a'.repeat(64)], 'label-too-long'],
    [[''], 'empty-label'],
    [['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(62)], 'name-too-long'],
    [['\u0100'], 'bad-value'],
  ];
  for (const [labels, code] of cases)
    assert.throws(() => Name.fromLabels(labels), { name: 'WireError', code });
});

test('pointers lead backwards, so loops are refused', () => {
  const refused: [string, string][] = [
    [`${header} c00c`, 'bad-pointer'],
    [`${header} c00e c00c`, 'bad-pointer'],
    [`${header} 0161 c00c`, 'bad-pointer'],
    [`${header} c000`, 'bad-pointer'],
    [`${header} ffff`, 'bad-pointer'],
    [`${header} c0`, 'truncated'],
    [`${header} 05616263`, 'truncated'],
    [`${header} 0161`, 'truncated'],
    [`${header} 4061`, 'bad-label-type'],
    [`${header} 8061`, 'bad-label-type'],
  ];
  for (const [hex, code] of refused) assert.throws(() => read(hex), { name: 'WireError', code }, hex);
  assert.equal(read(`${header} 0161 00 0162 c00c`, 15).toString(), 'b.a.');
});

test('pointers cannot make a name longer than 255 octets', () => {
  const writer = new WireWriter({ compress: false });
  writer.octets(new Uint8Array(12));
  const starts: number[] = [];
  for (let i = 0; i < 5; i++) {
    starts.push(writer.length);
    writer.u8(60);
    writer.octets(new Uint8Array(60).fill(0x61));
    if (i === 0) writer.u8(0);
    else writer.u16(0xc000 | (starts[i - 1] ?? 0));
  }
  const nameAt = (i: number) => new WireReader(writer.written, starts[i] ?? 0).name('NAME');
  assert.equal(nameAt(3).wireLength, 4 * 61 + 1);
  assert.throws(() => nameAt(4), { code: 'name-too-long' });
});

test('a name on the wire has up to 255 octets, with pointers and without', () => {
  const label = (length: number) => Buffer.concat([Buffer.of(length), Buffer.alloc(length, 0x61)]);
  const wire = (lastLabel: number) =>
    Buffer.concat([Buffer.alloc(12), label(63), label(63), label(63), label(lastLabel), Buffer.of(0)]);
  const longest = wire(61);
  assert.equal(new WireReader(longest, 12).name('NAME').wireLength, 255);
  assert.equal(skipName(longest, 12, longest.length, 'NAME'), longest.length);
  const tooLong = { name: 'WireError', code: 'name-too-long' };
  for (const bytes of [
    wire(62),
    // One more label in front of a pointer to a name of 254 octets.
    Buffer.concat([wire(60), Buffer.of(1, 0x62, 0xc0, 12)]),
  ]) {
    const start = bytes.at(-1) === 0 ? 12 : bytes.length - 4;
    assert.throws(() => new WireReader(bytes, start).name('NAME'), tooLong);
    assert.throws(() => skipName(bytes, start, bytes.length, 'NAME'), tooLong);
  }
});

test('text that is no name gives the one error', () => {
  for (const text of ['a..b', '.a', '..', 'a\\', 'a\\1', 'a\\12x', 'a\\256', `${'a'.repeat(64)}.b`]) {
    assert.throws(() => Name.parse(text), WireError, text);
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      try {
        Name.parse(text);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }),
  );
});
