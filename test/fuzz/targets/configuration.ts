import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseListenAddress } from '../../../src/config/listen-address.ts';
import { loadSettings } from '../../../src/config/load-settings.ts';
import { type SettingKey, settingKeys, settings, variableOf } from '../../../src/config/settings.ts';
import { tomlLines } from '../../../src/config/toml-lines.ts';
import { same } from '../check.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { FuzzTarget } from '../target.ts';

// A folder that the one who started this process removes.
const { PKARRD_FUZZ_FOLDER: folder = tmpdir() } = process.env;
const file = join(folder, 'pkarrd.toml');

/** Of the executions, those that read a file: it takes most of the time. */
const FILE_SHARE = 0.1;

/**
 * Values mean what their units say, and those beyond the bounds are refused; a file, variables and flags give the settings of
 * the last of them, each from its place, and an error names the place of what is wrong; whatever they are, there is no other
 * error.
 */
export const configuration: FuzzTarget = {
  name: 'configuration',
  run(random) {
    if (random.chance(FILE_SHARE)) return random.chance(0.5) ? checkSources(random) : checkAnything(random);
    checkQuantity(random);
    checkAddress(random);
    checkLines(random);
    return undefined;
  },
};

const UNITS: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  SIZE: [
    ['', 1],
    ['B', 1],
    ['bytes', 1],
    ['k', 1e3],
    ['kB', 1e3],
    ['MB', 1e6],
    ['G', 1e9],
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
    ['gib', 1024 ** 3],
  ],
  TIME: [
    ['', 1],
    ['s', 1],
    ['m', 60],
    ['H', 3600],
    ['d', 86_400],
  ],
  N: [['', 1]],
};

const quantities = settingKeys.filter((key) => settings[key].kind.placeholder in UNITS);

/** A number with a unit is as many as the number without, and what is not whole is not valid. */
function checkQuantity(random: Random): void {
  const key = random.pick(quantities);
  const kind = settings[key].kind as (typeof settings)['cacheSize']['kind'];
  const [unit, size] = random.pick(UNITS[kind.placeholder] ?? []);
  const thousandths = random.pick([
    random.int(5000),
    random.int(2000) * 1000,
    random.int(2 ** 31) * 1000,
    random.pick([0, 1, 1024, 65_535, 65_536, 86_400, 2 ** 31 - 1, 2 ** 31]) * 1000,
  ]);
  const number = (thousandths / 1000).toFixed(3).replace(/\.?0+$/, '');
  const exact = BigInt(thousandths) * BigInt(size);
  const isWhole = exact % 1000n === 0n;
  const reading = kind.read(`${number}${random.pick(['', ' '])}${unit}`);
  const plain = kind.read(String(exact / 1000n));
  same(reading.ok, isWhole && plain.ok, `${number} ${unit} is valid for ${key}`);
  if (!reading.ok || !plain.ok) return;
  same(reading.value, plain.value, `${number} ${unit}`);
  same(BigInt(plain.value), exact / 1000n, `${exact / 1000n} is itself`);
  const again = kind.read(kind.toText(reading.value));
  same(again.ok && again.value, reading.value, `${kind.toText(reading.value)} is ${reading.value}`);
}

function checkAddress(random: Random): void {
  const host = random.pick([
    '127.0.0.1',
    '0.0.0.0',
    '[::1]',
    '[2001:db8::1]',
    'localhost',
    '127.0.0.256',
    '[::1',
  ]);
  const port = random.pick([0, 1, 53, 65_534, 65_535, 65_536, 99_999]);
  const isHost = host !== 'localhost' && host !== '127.0.0.256' && host !== '[::1';
  const read = parseListenAddress(`${host}:${port}`, 53);
  same(read !== undefined, isHost && port < 65_536, `${host}:${port}`);
  if (read === undefined) return;
  same(read.port, port, 'port');
  same(read.host, host.replace(/[[\]]/g, ''), 'host');
}

/** The line of a name is where the TOML parser stops finding it when the file ends before. */
function checkLines(random: Random): void {
  const lines: string[] = [];
  for (const key of random.some(4, () => random.pick(settingKeys)))
    lines.push(random.pick(['', '# comment', `"${settings[key].name}"=1`, `${settings[key].name} = 1`]));
  for (const table of random.some(3, () => random.pick(['publish', 'keep'])))
    lines.push(`[[${table}]]`, random.pick(['', 'key = "a"', " 'name'\t=1"]), '');
  const { lineOf, lineIn } = tomlLines(lines.join('\n'));
  const expected = new Map<string, number>();
  const inTables: { readonly table: string; readonly index: number; readonly line: number }[] = [];
  for (const [index, content] of lines.entries()) {
    const name = /^["']?([a-z-]+)["']?\s*=/.exec(content)?.[1];
    const table = /^\[\[(.*)\]\]$/.exec(content)?.[1];
    const found = name ?? table;
    if (found !== undefined && !expected.has(found)) expected.set(found, index + 1);
    if (table !== undefined) {
      const before = inTables.filter((other) => other.table === table).length;
      inTables.push({ table, index: before, line: index + 1 });
    }
  }
  for (const [name, line] of expected) same(lineOf(name), line, `line of ${name} in ${lines.join('\n')}`);
  for (const { table, index, line } of inTables) {
    same(lineIn(table, index), line, `line of ${table}`);
    const field = lines[line]?.includes('key') === true ? line + 1 : line;
    same(lineIn(table, index, 'key'), field, `line of a field of ${table}`);
  }
}

/** Settings whose values do not depend on each other, some of their values, and one that is not valid. */
const SAMPLES: Readonly<Partial<Record<SettingKey, readonly [string, string, string]>>> = {
  negativeTtl: ['60', '90', '-1'],
  clientRate: ['100', '0', '1.5'],
  linkRoutes: ['on', 'off', 'maybe'],
  logLevel: ['debug', 'error', 'loud'],
  cacheSize: ['4 MB', '8 MiB', '1 byte'],
  relay: ['none', 'https://relay.example', 'relay.example'],
};

async function checkSources(random: Random): Promise<void> {
  const names = Object.keys(SAMPLES) as SettingKey[];
  const lines: string[] = [];
  const environment: Record<string, string> = {};
  const flags: Partial<Record<SettingKey, readonly string[]>> = {};
  const wrong = new Set<string>();
  const origins = new Map<SettingKey, string>();
  const values = new Map<SettingKey, string>();
  for (const key of names) {
    const { name } = settings[key];
    const give = (where: string): string => {
      const value = random.pick(SAMPLES[key] ?? ['']);
      if (value === SAMPLES[key]?.[2]) wrong.add(where);
      origins.set(key, where);
      values.set(key, value);
      return value;
    };
    if (random.chance(0.3)) lines.push(random.pick(['', '# = ']));
    if (random.chance(0.5)) lines.push(`${name} = ${JSON.stringify(give(`${file}:${lines.length + 1}`))}`);
    if (random.chance(0.3)) environment[variableOf(key)] = give(variableOf(key));
    if (random.chance(0.3)) flags[key] = [give(`--${name}`)];
  }
  const tables = random.some(3, () => random.pick(['one', 'two', 'three']));
  for (const [index, name] of tables.entries()) {
    if (tables.indexOf(name) < index) wrong.add(`${file}:${lines.length + 1}`);
    lines.push('[[keep]]', `key = "k"`, `name = "${name}"`);
  }
  writeFileSync(file, lines.join('\n'));
  try {
    const loaded = await loadSettings({
      file,
      machine: { environment, isRoot: false, home: undefined },
      flags,
    });
    same(wrong.size, 0, `errors of ${lines.join('\n')} ${JSON.stringify({ environment, flags })}`);
    same(loaded.tables.keep.length, tables.length, 'tables');
    for (const key of names) {
      same(loaded.origins[key], origins.get(key) ?? 'default', `where ${key} is set`);
      const value = values.get(key);
      if (value === undefined) continue;
      const reading = settings[key].kind.read(value);
      assert.deepEqual(reading.ok && reading.value, loaded.settings[key]);
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.deepEqual(new Set(error.problems.map(({ where }) => where)), wrong, error.message);
  }
}

const VALUES = [
  '"default"',
  '"none"',
  '[]',
  '1',
  'true',
  'nan',
  '-inf',
  '"127.0.0.1:53"',
  '["::1", 1]',
  '"16 MB"',
  '{ a = 1 }',
  '1979-05-27',
  '9223372036854775808',
];
const PIECES = [
  '"',
  '[',
  ']',
  '{',
  '=',
  '\n',
  '[[publish]]\n',
  '[[keep]]\nkey = "x"\n',
  "'",
  '"""',
  '\\u0000',
  '\ufeff',
  '#',
  '9',
];

/** Whatever the texts are: settings or an error of its own, and one where the TOML parser has one. */
async function checkAnything(random: Random): Promise<void> {
  const line = () => `${settings[random.pick(settingKeys)].name} = ${random.pick(VALUES)}\n`;
  const text = mutateText(random.some(6, line).join(''), PIECES, random);
  writeFileSync(file, text);
  const environment = Object.fromEntries(
    random.some(2, () => [variableOf(random.pick(settingKeys)), mutateText('127.0.0.1:53', PIECES, random)]),
  );
  let isToml = true;
  try {
    parse(text.replace(/^\ufeff/, ''));
  } catch {
    isToml = false;
  }
  try {
    await loadSettings({ file, machine: { environment, isRoot: false, home: undefined }, flags: {} });
    same(isToml, true, 'what is not TOML is read');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
}
