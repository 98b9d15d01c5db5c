import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = join(root, 'src');

/** Bounds of one folder: what a reader takes in at once. */
const MAX_FILES = 25;
const MAX_LINES = 2_100;
/** So many files that begin with the same word are a folder. */
const MAX_SAME_PREFIX = 4;

/** The rows of the table in ARCHITECTURE.md, in order: each room, and the rooms that it imports. */
const rows = [
  ...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `([^`]+)` +\|[^|]*\|([^|]*)\|$/gm),
].map(([, room = '', cell = '']) => ({
  room,
  imports: [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
}));
const rooms = rows.map(({ room }) => room);

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.tsx?$/.test(file),
);
const folders = [...new Set(files.map((file) => dirname(file)))];

/** The first step of a path below `src`: a folder, or a file of its own. */
function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** Paths below `src` that a file imports, types and late imports included. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(source, file), 'utf8');
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map(([, target = '']) =>
    relative(source, join(dirname(join(source, file)), target)),
  );
}

test('the table of rooms is that of the folders and files of src', () => {
  assert.deepEqual([...rooms].sort(), [...new Set(files.map(roomOf))].sort());
});

test('a room imports only rooms that stand above it in the table', () => {
  for (const [index, { room, imports }] of rows.entries()) {
    const above = rooms.slice(0, index);
    for (const imported of imports) assert.ok(above.includes(imported), `${room} imports ${imported}`);
  }
});

test('every file imports only the rooms that the row of its own names, and every one named is imported', () => {
  for (const { room, imports } of rows) {
    const seen = files
      .filter((file) => roomOf(file) === room)
      .flatMap((file) => importsOf(file).map(roomOf))
      .filter((imported) => imported !== room);
    assert.deepEqual([...new Set(seen)].sort(), [...imports].sort(), room);
  }
});

test('folders inside a room do not import each other in a circle', () => {
  const imports = new Map(
    folders.map((folder) => [
      folder,
      new Set(
        files
          .filter((file) => dirname(file) === folder)
          .flatMap((file) => importsOf(file).map((path) => dirname(path)))
          // A room's own files are what its folders stand on and what is put together of them: no step of a circle.
          .filter((other) => other !== folder && roomOf(other) === roomOf(folder) && other.includes('/')),
      ),
    ]),
  );
  const circles = [...imports.keys()].filter((start) => {
    const reached = new Set<string>();
    const waiting = [...(imports.get(start) ?? [])];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (reached.has(folder)) continue;
      reached.add(folder);
      waiting.push(...(imports.get(folder) ?? []));
    }
    return reached.has(start) && start.includes('/');
  });
  assert.deepEqual(circles, []);
});

test('a folder has few enough files and lines to be taken in at once', () => {
  for (const folder of folders) {
    const inside = files.filter((file) => dirname(file) === folder);
    const lines = inside.reduce(
      (sum, file) => sum + readFileSync(join(source, file), 'utf8').split('\n').length - 1,
      0,
    );
    assert.ok(inside.length <= MAX_FILES, `${folder} has ${inside.length} files`);
    assert.ok(lines <= MAX_LINES, `${folder} has ${lines} lines`);
  }
});

test('a prefix that five files share is a folder', () => {
  for (const folder of folders) {
    const counts = new Map<string, number>();
    for (const file of files.filter((path) => dirname(path) === folder && basename(path).includes('-'))) {
      const prefix = basename(file).split('-')[0] ?? '';
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
    for (const [prefix, count] of counts)
      assert.ok(count <= MAX_SAME_PREFIX, `${count} files of ${folder} begin with ${prefix}-`);
  }
});

test('only entry points stand at the top of src', () => {
  assert.deepEqual(files.filter((file) => dirname(file) === '.').sort(), ['main.ts', 'worker.ts']);
});

test('the check of imports sees every form of them', () => {
  const seen = (room: string) =>
    new Set(files.filter((file) => roomOf(file) === room).flatMap((file) => importsOf(file).map(roomOf)));
  // Static, of types alone, and late (the commands).
  assert.ok(seen('main.ts').has('cli'));
  assert.ok(seen('find').has('pkarr'));
  assert.ok(importsOf('cli/commands.ts').every((path) => roomOf(path) === 'cli'));
  assert.ok(importsOf('cli/commands.ts').length > 5);
});
