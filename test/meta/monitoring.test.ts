import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { families } from '../../src/observe/metrics/families.ts';
import { prometheusIsMissing, promtool } from '../support/prometheus.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(root, 'docs/monitoring');
const alerts = readFileSync(join(folder, 'pkarrd-alerts.yml'), 'utf8');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

interface Board {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const board = JSON.parse(readFileSync(join(folder, 'grafana-board.json'), 'utf8')) as Board;
const ofBoard = board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** What each name may be queried as, with the labels that it has beside those that Prometheus adds. */
const series = new Map(
  families.flatMap(({ name, type, labels }) =>
    type === 'histogram'
      ? ([
          [`${name}_bucket`, [...labels, 'le']],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ] as const)
      : ([[name, labels]] as const),
  ),
);

/** The metrics of ours that a text names. */
function namedIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:pkarrd|process)_[a-z_]+\b/g)].map(([name]) => name);
}

test('each query of the board and of the alerts names metrics that there are', () => {
  for (const text of [...ofBoard, alerts]) {
    for (const name of namedIn(text)) assert.ok(series.has(name), `${name} in ${text.slice(0, 80)}`);
  }
  assert.ok(ofBoard.length > 20);
  for (const expression of ofBoard) assert.ok(namedIn(expression).length > 0, expression);
});

test('each label that a query of the board selects or groups by is one of its metrics', () => {
  const added = ['instance', 'job'];
  for (const expression of ofBoard) {
    const labels = namedIn(expression).flatMap((name) => series.get(name) ?? []);
    const used = [
      ...[...expression.matchAll(/[{,](\w+)=~?"/g)].map(([, label = '']) => label),
      ...[...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
    ];
    for (const label of used) assert.ok([...labels, ...added].includes(label), `${label} in ${expression}`);
  }
});

test('the table of metrics in the README is that of the program', () => {
  const rows = [...readme.matchAll(/^\| `((?:pkarrd|process)_[a-z_]+)` +\| ([^|]*)\| ([^|]*)\|$/gm)].map(
    ([, name, labels = '', help = '']) => ({ name, labels: labels.trim(), help: help.trim() }),
  );
  assert.deepEqual(
    rows,
    families.map(({ name, labels, help }) => ({
      name,
      labels: labels.map((label) => `\`${label}\``).join(' '),
      help: help.replace(/\.$/, ''),
    })),
  );
});

test('no metric has two names, and none a label for a client or for a name that was asked', () => {
  assert.equal(new Set(families.map(({ name }) => name)).size, families.length);
  const labels = new Set(families.flatMap((family) => family.labels));
  assert.deepEqual([...labels].sort(), [
    'code',
    'kind',
    'method',
    'name',
    'outcome',
    'protocol',
    'rcode',
    'reason',
    'runtime',
    'source',
    'type',
    'upstream',
    'version',
  ]);
  // The only names are places in the configuration.
  for (const { name, labels: own } of families)
    if (own.includes('name')) assert.match(name, /^pkarrd_publication_/);
});

test('Prometheus takes the alerts and the configuration', { skip: prometheusIsMissing }, async () => {
  await promtool(['check', 'rules', join(folder, 'pkarrd-alerts.yml')]);
  await promtool(['check', 'config', join(folder, 'prometheus.yml')]);
});
