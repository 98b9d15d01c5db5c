/** What the recipes of CONTRIBUTING.md promise: each fails here until the last step is done. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BENCHMARKS } from '../../bench/support/benchmarks.ts';
import { settingKeys } from '../../src/config/settings.ts';
import { Type } from '../../src/dns/codes.ts';
import { presentationFields } from '../../src/dns/rdata/form.ts';
import { parseUpstreamEntry, type UpstreamSpec } from '../../src/forward/spec/upstream-spec.ts';
import { root } from '../support/installed-package.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');

test('every file that CONTRIBUTING.md names is there', () => {
  const named = [...read('CONTRIBUTING.md').matchAll(/`((?:src|test|bench|tools|\.ci)\/[\w./-]+)`/g)];
  assert.ok(named.length > 15);
  for (const [, file = ''] of named.filter(([, file]) => file !== 'bench/NAME.ts')) {
    assert.ok(existsSync(join(root, file)), file);
  }
});

test('every setting is read outside of the room that parses it', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const source = files
    .filter((file) => file.endsWith('.ts') && !file.startsWith('config/'))
    .map((file) => read(join('src', file)))
    .join('\n');
  for (const key of settingKeys) assert.match(source, new RegExp(`(?:\\.|[{,]\\s*)${key}\\b`), key);
});

test('every record type that has a form of its own has an example that is read and printed', () => {
  const examples = read('test/pkarr/zone/file/zone-file.test.ts');
  for (const [mnemonic, type] of Object.entries(Type)) {
    if (presentationFields(type) === undefined) continue;
    // CNAME has rules of its own there: nothing may stand beside it.
    assert.match(examples, new RegExp(`['\` ]${mnemonic} `), mnemonic);
  }
});

test('the README shows how an upstream of each transport is written', () => {
  const transports: Record<UpstreamSpec['kind'], boolean> = {
    udp: false,
    tcp: false,
    tls: false,
    https: false,
  };
  const table = /^## Upstreams\n(?:[^|\n]*\n)+((?:\|[^\n]*\n)+)/m.exec(read('README.md'))?.[1] ?? '';
  for (const [cell = ''] of table.matchAll(/^\|[^|]*\|/gm)) {
    for (const [, text = ''] of cell.matchAll(/`([^`]+)`/g)) {
      const entry = parseUpstreamEntry(text.replace('BASE64', `${'A'.repeat(43)}=`));
      if (entry.kind === 'upstream') transports[entry.upstream.kind] = true;
    }
  }
  for (const [kind, isShown] of Object.entries(transports)) assert.ok(isShown, kind);
});

test('every benchmark is run with the others', () => {
  // `builds` compares with another checkout, which has to be there.
  const others = ['all.ts', 'builds.ts'];
  const files = readdirSync(join(root, 'bench')).filter(
    (file) => file.endsWith('.ts') && !others.includes(file),
  );
  assert.deepEqual(
    BENCHMARKS.map(({ name }) => name).sort(),
    files.map((file) => file.replace('.ts', '')).sort(),
  );
});
