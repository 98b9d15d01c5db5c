import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedName } from '../../src/app/names/name-book.ts';
import { findingText } from '../../src/cli/system/doctor.ts';
import { nameTable } from '../../src/cli/system/name.ts';
import { fitStatusLines, statusLines } from '../../src/cli/system/status-text.ts';
import { columnsOf, padColumns } from '../../src/cli/text-columns.ts';
import { appStatus, forwarderStatus, upstreamStatus } from '../support/app-status.ts';
import { testKey } from '../support/packets.ts';

const named = (name: string, isHidden = false): ListedName => ({
  ...{ name, isHidden, from: 'added' },
  key: testKey(name.length).publicKey.text,
});

test('what a text takes on a terminal is told in columns: two for letters of East Asia, none for marks', () => {
  for (const [text, columns] of [
    ['alice', 5],
    ['bücher', 6],
    ['bu\u0308cher', 6],
    ['日本語', 6],
    ['한국', 4],
    ['ﾊﾟ', 2],
    ['🍕', 2],
    ['', 0],
  ] as const)
    assert.equal(columnsOf(text), columns, text);
  assert.equal(columnsOf(padColumns('日本', 7)), 7);
  assert.equal(padColumns('日本', 3), '日本');
});

test('names stand in a table where it fits, and otherwise above their keys', () => {
  const names = [named('alice'), named('xn--wgv71a119e'), named('xn--bcher-kva', true)];
  for (const width of [60, 80, 120]) {
    const lines = nameTable(names, width).trimEnd().split('\n');
    const isTable = width === 120;
    assert.equal(lines.length, isTable ? 3 : 6);
    for (const line of lines) assert.ok(columnsOf(line) <= width, line);
    // Keys stand one below the other.
    const at = names.map(({ key }) => {
      const line = lines.find((each) => each.includes(key)) ?? assert.fail(key);
      return columnsOf(line.slice(0, line.indexOf(key)));
    });
    assert.equal(new Set(at).size, 1);
  }
  const [short = assert.fail()] = names;
  assert.equal(nameTable([short], 80), `alice  ${short.key}  added\n`);
  assert.equal(nameTable([short], 60), `alice  added\n  ${short.key}\n`);
  assert.equal(nameTable([named('a'.repeat(63))], undefined).split('\n').length, 2);
});

test('what doctor finds fits the terminal, below its topic', () => {
  const finding = {
    topic: 'look-ups',
    state: 'failure',
    text: 'Programs find nothing for a name below a key (www.KEY): the system does not ask pkarrd.',
    remedy: 'pkarrd has to answer on 127.0.0.1 first. Then run "pkarrd integrate".',
  } as const;
  assert.equal(
    findingText(finding),
    `FAILURE  look-ups          ${finding.text}\n${' '.repeat(27)}${finding.remedy}\n`,
  );
  for (const width of [60, 80]) {
    const lines = findingText(finding, width).trimEnd().split('\n');
    for (const line of lines) assert.ok(line.length <= width, line);
    for (const line of lines.slice(1)) assert.match(line, /^ {27}\S/);
  }
});

test('status fits the terminal: what is longer goes on below its text', () => {
  const label = `https://dns.${'long.'.repeat(8)}example/dns-query`;
  const lines = statusLines(
    appStatus({
      configuration: {
        state: 'refused',
        file: '/etc/pkarrd/pkarrd.toml',
        problems: [
          { where: '/etc/pkarrd/pkarrd.toml:3', message: 'This is not a setting. '.repeat(8).trim() },
        ],
      },
      forwarder: forwarderStatus([upstreamStatus({ label, asked: 1200, answered: 1198 })]),
    }),
  );
  const gap = lines.indexOf('');
  for (const width of [60, 80, 120]) {
    const shown = fitStatusLines(lines, width);
    const wide = shown.filter((line) => line.length > width);
    // A word is never cut.
    for (const line of wide) assert.ok(!line.slice(12).includes(' '), line);
    assert.ok(wide.length <= 1);
    const below = shown.slice(shown.indexOf('') + 1);
    for (const line of below) assert.match(line, /^(?:\S.{10} |\s{12})\S/);
    // Nothing is lost.
    const words = (all: readonly string[]) => all.join(' ').split(/\s+/).join(' ');
    assert.equal(words(shown), words(lines));
  }
  assert.ok(gap >= 0);
});
