import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { barTable, type Figure } from '../../bench/support/bars.ts';
import { BENCHMARKS } from '../../bench/support/benchmarks.ts';
import { table } from '../../bench/support/report.ts';
import {
  merged,
  type Results,
  readResults,
  stamped,
  TARGETS,
  withTargets,
  writeResults,
} from '../../bench/support/results.ts';
import { root } from '../support/installed-package.ts';

const [first = '', second = '', third = ''] = BENCHMARKS.map(({ name }) => name);
const printed = (word: string) => `## About ${word}\n\nSo it was.\n\n${table(['a'], [[word]])}\n`;
const empty: Results = { intro: '# Results', sections: [] };
const titles = ({ sections }: Results) => sections.map(({ title }) => title);

describe('RESULTS.md', () => {
  const text = readFileSync(join(root, 'bench/RESULTS.md'), 'utf8');
  const results = readResults(text);

  test('is written as it is read', () => assert.equal(writeResults(results), text));

  test('has the table of targets first, and says of each other table which benchmark made it', () => {
    const [targets, ...others] = results.sections;
    assert.equal(targets?.title, TARGETS);
    // A target that is new has no row before its benchmark ran.
    const rowsOf = (text: string) =>
      text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const today = rowsOf(barTable([], '', targets.text));
    for (const row of rowsOf(targets.text).slice(2)) {
      assert.deepEqual(
        row,
        today.find(([, what]) => what === row[1]),
        'as the targets of today have it',
      );
    }
    const known = BENCHMARKS.map(({ name }) => name);
    for (const { title, bench = '' } of others) assert.ok(known.includes(bench), title);
  });

  test('has tables that are aligned as a benchmark aligns them', () => {
    const tables = text.match(/(?:^\|.*\n)+/gm) ?? [];
    assert.ok(tables.length > 10);
    for (const each of tables) {
      const cells = each
        .trim()
        .split('\n')
        .map((line) =>
          line
            .slice(1, -1)
            .split('|')
            .map((cell) => cell.trim()),
        );
      const [head = [], , ...rows] = cells;
      assert.equal(`${table(head, rows)}\n`, each);
    }
  });
});

describe('the tables of a benchmark', () => {
  test('say which it was and when, one or several, with a heading or without', () => {
    const sections = stamped(first, `${printed('one')}\n${printed('two')}`, 'then');
    assert.deepEqual(
      sections.map(({ title, bench }) => [title, bench]),
      [
        ['About one', first],
        ['About two', first],
      ],
    );
    assert.match(
      sections[1]?.text ?? '',
      new RegExp(`^\`node dist/bench/${first}\\.js\`, then\\.\n\nSo it was\\.`),
    );
    assert.equal(stamped(first, 'Only this.', 'then')[0]?.title, first);
    // They are known again when the file is read.
    const again = readResults(writeResults({ ...empty, sections }));
    assert.deepEqual(again.sections, sections);
  });

  test('take the place of those before, and leave the others', () => {
    let results = merged(empty, third, stamped(third, printed('three'), 'then'));
    results = merged(results, first, stamped(first, printed('one'), 'then'));
    results = merged(results, second, stamped(second, printed('two'), 'then'));
    assert.deepEqual(titles(results), ['About one', 'About two', 'About three']);
    results = merged(results, second, stamped(second, `${printed('2')}\n${printed('II')}`, 'now'));
    assert.deepEqual(titles(results), ['About one', 'About 2', 'About II', 'About three']);
    assert.match(results.sections[0]?.text ?? '', /, then\./);
    assert.match(results.sections[1]?.text ?? '', /, now\./);
    assert.deepEqual(titles(withTargets(results, 'x')), [TARGETS, ...titles(results)]);
  });
});

describe('the table of targets', () => {
  const row = (text: string, what: RegExp) =>
    (text.split('\n').find((line) => what.test(line)) ?? '').split('|').map((cell) => cell.trim());
  const start: readonly Figure[] = [
    { bar: 'start', runtime: 'Node', value: 251 },
    { bar: 'start', runtime: 'Bun', value: 60 },
  ];

  test('has a row of its own for each', () => {
    const titles = barTable([], '')
      .split('\n')
      .map((line) => line.split('|')[1]);
    assert.equal(new Set(titles).size, titles.length);
  });

  test('says what was missed, whether less or more is asked', () => {
    const text = barTable([...start, { bar: 'udp-rate', runtime: 'Bun', value: 1.24 }], 'then');
    const expected = ['start to first answer (ms)', '≤ 250', '251 (missed)', '≤ 60', '60', 'then'];
    assert.deepEqual(row(text, /start to first/).slice(1, -1), expected);
    assert.deepEqual(row(text, /cached UDP answers a second/).slice(3, 6), ['–', '≥ 1.25', '1.24 (missed)']);
  });

  test('keeps what was not measured again, with its time, and nothing of a row that was', () => {
    const earlier = barTable(start, 'then');
    const idle = barTable([{ bar: 'idle', runtime: 'Node', value: 60 }], 'now', earlier);
    assert.deepEqual(row(idle, /start to first/), row(earlier, /start to first/));
    assert.equal(row(idle, /idle/)[6], 'now');
    const half = barTable([{ bar: 'start', runtime: 'Node', value: 200 }], 'now', earlier);
    assert.deepEqual(row(half, /start to first/).slice(2, 7), ['≤ 250', '200', '≤ 60', '–', 'now']);
  });
});
