import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { fc } from '../support/property.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-tables-'));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'pkarrd.toml');

async function load(toml: string) {
  writeFileSync(file, toml);
  return await loadSettings({
    file,
    machine: { environment: {}, isRoot: false, home: '/home/a' },
    flags: {},
  });
}

async function problemsOf(toml: string): Promise<readonly string[]> {
  try {
    await load(toml);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ where, message }) => `${where.replace(`${file}:`, '')}: ${message}`);
  }
}

test('tables of zones and keys are read, with paths relative to the file', async () => {
  const { tables } = await load(`log-level = "warn"

[[publish]]
zone = "home.zone"
key = "/etc/pkarrd/home.key"
name = "home"

[[publish]]
zone = "../other.zone"
key = "other.key"
origin = "Münster.example"

[[keep]]
key = "pk:KEY"
`);
  assert.deepEqual(tables, {
    publish: [
      { zone: join(directory, 'home.zone'), key: '/etc/pkarrd/home.key', name: 'home', where: `${file}:3` },
      {
        zone: join(directory, '../other.zone'),
        key: join(directory, 'other.key'),
        origin: 'Münster.example',
        name: undefined,
        where: `${file}:8`,
      },
    ],
    keep: [{ key: 'pk:KEY', name: undefined, where: `${file}:13` }],
  });
});

test('without tables there is nothing to publish', async () => {
  assert.deepEqual((await load('log-level = "warn"')).tables, { publish: [], keep: [] });
});

const errors: readonly (readonly [title: string, toml: string, problems: readonly RegExp[]])[] = [
  [
    'one table in place of several',
    '\n[publish]\nzone = "a"\nkey = "b"',
    [/^2: publish must be an array of tables, each with the header \[\[publish\]\]\.$/],
  ],
  [
    'a table name that is none',
    '[[publsh]]\nzone = "a"',
    [/^1: "publsh" is not a known setting\. Did you mean publish\?$/],
  ],
  [
    'what must be there is not',
    '[[publish]]\nname = "x"\n[[keep]]',
    [
      /^1: \[\[publish\]\] lacks zone, the path/,
      /^1: \[\[publish\]\] lacks key, /,
      /^3: \[\[keep\]\] lacks key, a public key\.$/,
    ],
  ],
  [
    'an unknown field, in the second table',
    '[[publish]]\nzone = "a"\nkey = "b"\n[[publish]]\nzone = "c"\nkey = "d"\nzonne = "x"',
    [/^7: \[\[publish\]\] has no field "zonne"\. Did you mean zone\?$/],
  ],
  [
    'a field of the wrong kind',
    '[[keep]]\nkey = 7\nname = ""',
    [/^2: 7 is not valid for key in \[\[keep\]\]; expected a public key\.$/, /^3: "" is not valid for name/],
  ],
  [
    'an origin that is no domain',
    '[[publish]]\nzone = "a"\nkey = "b"\norigin = "a..b"',
    [
      /^4: "a\.\.b" is not valid for origin in \[\[publish\]\]; expected the domain that the zone file was written for/,
    ],
  ],
  [
    'one key for two zones, and one name for two entries',
    '[[publish]]\nzone = "a"\nkey = "k"\nname = "n"\n[[publish]]\nzone = "b"\nkey = "k"\nname = "n"',
    [
      /^5: the key file .*k is already used by .*:1; a key can have only one zone\.$/,
      /^5: the name "n" is already used by .*:1\.$/,
    ],
  ],
  [
    'words in place of tables',
    'publish = ["a"]',
    [/^1: publish must be a table with the header \[\[publish\]\]\.$/],
  ],
  ['a value in place of tables', 'keep = 1', [/^1: keep must be an array of tables/]],
];

for (const [title, toml, expected] of errors) {
  test(`an error in a table is one sentence that says where: ${title}`, async () => {
    const problems = await problemsOf(toml);
    assert.equal(problems.length, expected.length, problems.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern);
  });
}

test('whatever the tables hold, they are read or refused with sentences', async () => {
  const value = fc.oneof(
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom('1', 'true', '[]', '{}', '1979-05-27', '[{}]', 'nan'),
  );
  const field = fc.constantFrom('zone', 'key', 'name', 'other', '"a b"', '__proto__');
  const head = fc.constantFrom('[[publish]]', '[[keep]]', '[publish]', '[[publish.zone]]', '');
  const lines = fc.array(
    fc.oneof(
      head,
      fc.tuple(field, value).map(([name, text]) => `${name} = ${text}`),
    ),
  );
  await fc.assert(
    fc.asyncProperty(lines, async (toml) => {
      await problemsOf(toml.join('\n'));
    }),
  );
});
