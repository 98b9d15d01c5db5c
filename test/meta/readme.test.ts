import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commands } from '../../src/cli/commands.ts';
import { settingsTable } from '../../src/config/settings-help.ts';
import { RunningCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const hasDig = spawnSync('dig', ['-v']).error === undefined;

test('the README lists every command', () => {
  assert.deepEqual(
    rowsOf('commands'),
    commands.map(({ name, summary }) => [`\`${name}\``, summary]),
  );
});

test('the README lists every setting with what it is and its default', () => {
  assert.deepEqual(
    rowsOf('settings'),
    settingsTable().map((row) => [`\`${row.key}\``, row.help, row.default]),
  );
});

/** The cells of the table between two marks, without its head. */
function rowsOf(mark: string): readonly (readonly string[])[] {
  const table = new RegExp(`<!-- ${mark} -->\n(.*)\n<!-- /${mark} -->`, 's').exec(readme)?.[1] ?? '';
  const rows = table.split('\n').map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  return rows.slice(2);
}

/** One command of a console block and the lines that it prints; in the background when it ends with `&`. */
interface Example {
  readonly command: string;
  readonly output: readonly string[];
}

const examples: readonly Example[] = [...readme.matchAll(/```console\n(.*?)```/gs)].flatMap(
  ([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...output] = text.trimEnd().split('\n');
        return { command, output };
      }),
);

/** What stands in the README for something that is new in every run. */
const variables =
  /[ybndrfg8ejkmcpqxot1uwisza345h769]{52}|127\.0\.0\.1:\d+|\d{4}-\d\d-\d\dT[\d:.]+Z|\d+ ms|…/g;

/** What the README says, and what it is in this run. */
const meanings = new Map<string, string>();
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-readme-'));
const background: { stop(): Promise<unknown> }[] = [];

before(async () => {
  const demo = new RunningCommand(['demo', '--json', '--listen', '127.0.0.1:0']);
  background.push(demo);
  const [, json = ''] = await demo.printed(/^(\{.*\n\})\n/s);
  const { listen, keys } = JSON.parse(json) as {
    readonly listen: string;
    readonly keys: readonly [string, string];
  };
  meanings
    .set('-p 5300', `-p ${listen.split(':')[1]}`)
    .set('KEY', keys[0])
    .set('OTHER', keys[1]);
  // The small-order key of an example is what it is.
  meanings.set('y'.repeat(52), 'y'.repeat(52));
  meanings.set('5399', String(await freePort()));
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  writeFileSync(join(directory, 'pkarrd'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(directory, 'pkarrd'), 0o755);
});

after(async () => {
  for (const running of background.reverse()) await running.stop();
  rmSync(directory, { recursive: true });
});

test('the README has examples', () => {
  assert.ok(examples.length > 12);
});

for (const { command, output } of examples) {
  const skip = /\bdig\b/.test(command) && !hasDig ? 'dig is not installed' : false;
  test(`an example of the README does what it says: ${command}`, { skip }, async () => {
    const words = meant(command);
    const isBackground = words.endsWith('&');
    const printed = isBackground
      ? await startShell(words.slice(0, -1), output.length)
      : await runShell(words);
    const lines = printed
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '');
    assert.equal(lines.length, output.length, printed);
    for (const [index, expected] of output.entries()) learn(expected, lines[index] ?? '');
  });
}

/** Text of the README with what it means in this run put in. */
function meant(text: string): string {
  return [...meanings].reduce((result, [written, actual]) => result.replaceAll(written, actual), text);
}

/** Compares a line, and notes what its variables are in this run. Times and dots stand for anything of their kind. */
function learn(expected: string, actual: string): void {
  const line = meant(expected);
  const known = new Set(meanings.values());
  const names: string[] = [];
  const pattern = line
    .split(variables)
    .map(literal)
    .reduce((before, between, index) => {
      const variable = [...line.matchAll(variables)][index - 1]?.[0] ?? '';
      return before + (known.has(variable) ? literal(variable) : `(${kindOf(variable, names)})`) + between;
    });
  const match = new RegExp(`^${pattern}$`).exec(actual);
  assert.ok(match, `expected ${line}\nprinted  ${actual}`);
  for (const [index, name] of names.entries()) {
    const value = match[index + 1];
    if (/^(?:127|[a-z0-9]{52}$)/.test(name) && value !== undefined) meanings.set(name, value);
  }
}

function kindOf(variable: string, names: string[]): string {
  names.push(variable);
  if (variable === '…') return '.*';
  if (variable.startsWith('127.')) return '127\\.0\\.0\\.1:\\d+';
  if (variable.endsWith(' ms')) return '\\d+ ms';
  if (variable.endsWith('Z')) return '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z';
  return '[a-z0-9]{52}';
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function shell(words: string) {
  const { HOME = '', PATH = '' } = process.env;
  return spawn('sh', ['-c', `exec 2>&1; ${words}`], {
    cwd: directory,
    env: { HOME, PATH: `${directory}:${PATH}`, STATE_DIRECTORY: join(directory, 'state') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function runShell(words: string): Promise<string> {
  const child = shell(words);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  await once(child, 'close');
  return printed;
}

/** Starts a command and gives its first lines. */
async function startShell(words: string, count: number): Promise<string> {
  // Standard error of a service in the background is its log, which begins when it is ready.
  const child = shell(`exec ${words}`);
  const closed = once(child, 'close');
  background.push({
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
    },
  });
  let printed = '';
  const lines = () => printed.split('\n').slice(0, -1);
  child.stdout.setEncoding('utf8');
  while (lines().length < count) {
    const [text] = await Promise.race([once(child.stdout, 'data'), closed.then(() => [undefined])]);
    if (typeof text !== 'string') throw new Error(`It ended: ${printed}`);
    printed += text;
  }
  return lines().slice(0, count).join('\n');
}
