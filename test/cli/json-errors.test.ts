import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Terminal, toJson } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { noLivingLine } from '../../src/cli/living-line.ts';
import { run } from '../../src/cli/run.ts';
import { error } from '../../tools/documents/json/shared-objects.ts';
import { type Ended, pkarrd } from '../support/command.ts';
import { JsonWitness } from '../support/json-witness.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-json-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);

writeFileSync(path('any.zone'), '@ A 192.0.2.1\n');
writeFileSync(path('no.key'), 'no key\n');
const key = 'o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy';

const absent = ['--state-dir', path('absent')];

/** For each command with `--json`, words that it fails on after its command line is read, and its exit code. */
const failing: Readonly<Record<string, readonly [code: number, ...words: string[]]>> = {
  demo: [2, '--listen', 'nonsense'],
  resolve: [2, 'nonsense'],
  watch: [2, key, '--every', '0'],
  history: [3, key, ...absent],
  keygen: [1, '--out', path('any.zone')],
  pubkey: [1, path('no.key')],
  backup: [1, path('no.key')],
  publish: [1, path('any.zone'), '--key', path('no.key')],
  certificate: [2, '--out', path('tls'), '--days', '0'],
  check: [2, '--cache-size'],
  status: [3, ...absent],
  query: [3, 'there.example', ...absent],
  doctor: [2, 'nonsense'],
  name: [3, 'list', ...absent],
  flush: [3, ...absent],
  reload: [3, ...absent],
  'log-level': [3, 'warn', ...absent],
  install: [2, '--listen', 'nonsense'],
  uninstall: [2, 'nonsense'],
  integrate: [2, '--undo', '--dry-run'],
};

/** The one object that standard output is, which tells the exit code. */
function errorOf({ code, out, err }: Ended) {
  assert.match(out, /^\{.*\}\n$/, err);
  const value = JSON.parse(out);
  new JsonWitness().hold(value, error);
  assert.equal(value.exitCode, code);
  assert.equal(err, '');
  return value;
}

describe('with --json an error is one object on standard output', () => {
  for (const { name, load } of commands)
    test(`of ${name}`, async () => {
      const { flags } = await load();
      const words = failing[name];
      assert.equal(
        words !== undefined,
        flags.some((flag) => flag.name === 'json'),
        'The table has it.',
      );
      const usage = [name, '--json', '--nonsense'];
      if (words === undefined) return assert.equal((await pkarrd(usage)).out, '');
      assert.match(errorOf(await pkarrd(usage)).error, /^\S+: unknown flag --nonsense\.$/);
      const [code, ...rest] = words;
      const withJson = await pkarrd([name, '--json', ...rest]);
      const { error: sentence } = errorOf(withJson);
      const inWords = await pkarrd([name, ...rest]);
      assert.deepEqual([withJson.code, inWords.code], [code, code], inWords.err);
      assert.ok(inWords.err.replaceAll('pkarrd: ', '').startsWith(sentence), `${inWords.err}${sentence}`);
    });
});

test('what belongs to another program or stands behind -- does not ask for JSON', async () => {
  for (const words of [
    ['watch', key, '--every', '0', '--exec', 'true', '--json'],
    ['pubkey', '--', '--json', '--nonsense'],
  ]) {
    const { out, err } = await pkarrd(words);
    assert.equal(out, '', words.join(' '));
    assert.match(err, /^pkarrd: /);
  }
});

test('an internal error is JSON too, and its stack is on standard error', async () => {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: false,
    line: noLivingLine,
    errIsTerminal: false,
    errIsJournal: false,
    get machine(): never {
      throw new TypeError('no machine');
    },
    now: () => 0,
  };
  assert.equal(await run(['check', '--json'], terminal), 70);
  assert.deepEqual(JSON.parse(out), {
    schema: 1,
    error: 'internal error, please report it: no machine',
    exitCode: 70,
  });
  assert.match(err, /TypeError: no machine\n +at /);
});

test('numbers have three decimals at most, and integers of any size are whole', () => {
  const value = { a: 0.1 + 0.2, b: [12.345678901234567, -1.0004], c: 2n ** 63n, d: 1_790_000_000_000 };
  assert.equal(
    toJson(value),
    '{"schema":1,"a":0.3,"b":[12.346,-1],"c":"9223372036854775808","d":1790000000000}',
  );
});
