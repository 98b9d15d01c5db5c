import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = join(root, 'src');

/** What every part below the last of these may import. */
const common = ['dns', 'async', 'observe'];

/** The rows of the table in ARCHITECTURE.md: each part and what it may import. */
const rows = [
  ...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `([^`]+)` +\|[^|]*\|([^|]*)\|$/gm),
].map(([, part = '', cell = '']) => ({ part, cell: cell.trim() }));
const parts = rows.map(({ part }) => part);

/** `all`, `all but` some, or those that are named, and the common ones. */
const allowed = new Map<string, readonly string[]>(
  rows.map(({ part, cell }, index) => {
    const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    const above = parts.slice(0, index);
    if (cell.startsWith('all')) return [part, above.filter((other) => !named.includes(other))];
    return [part, [...named, ...(index > parts.indexOf('observe') ? common : [])]];
  }),
);

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

/** The first step of a path below `src`: a folder, or a file of its own. */
function partOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** Parts that a file imports, types and late imports included. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const targets = [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map(
    ([, target = '']) => target,
  );
  return targets.map((target) => partOf(relative(source, join(dirname(join(source, file)), target))));
}

test('the table of parts is that of the folders and files of src', () => {
  assert.deepEqual([...parts].sort(), [...new Set(files.map(partOf))].sort());
});

test('a part may import only parts that stand above it in the table, so that there is no cycle', () => {
  for (const [index, part] of parts.entries()) {
    const above = parts.slice(0, index);
    for (const imported of allowed.get(part) ?? [])
      assert.ok(above.includes(imported), `${part} imports ${imported}`);
  }
});

test('every file imports only what the table allows its part', () => {
  assert.ok(files.length > 50);
  const wrong = files.flatMap((file) => {
    const part = partOf(file);
    const mine = new Set([part, ...(allowed.get(part) ?? [])]);
    return importsOf(file)
      .filter((imported) => !mine.has(imported))
      .map((imported) => `${file} imports ${imported}`);
  });
  assert.deepEqual(wrong, []);
});

test('the check of imports sees every form of them', () => {
  const seen = (part: string) => new Set(files.filter((file) => partOf(file) === part).flatMap(importsOf));
  // Static, of types alone, and late (the commands).
  assert.ok(seen('main.ts').has('cli'));
  assert.ok(seen('find').has('pkarr'));
  assert.ok(importsOf('cli/commands.ts').every((part) => part === 'cli'));
  assert.ok(importsOf('cli/commands.ts').length > 5);
});
