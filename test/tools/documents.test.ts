import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sampleConfiguration } from '../../src/config/sample-file.ts';
import { settingGroups, settingKeys, settings } from '../../src/config/settings.ts';
import { bashCompletion } from '../../tools/documents/bash-completion.ts';
import { fishCompletion } from '../../tools/documents/fish-completion.ts';
import { configurationPage, programPage } from '../../tools/documents/manual-pages.ts';
import { type CommandWords, programWords } from '../../tools/documents/program-words.ts';
import { zshCompletion } from '../../tools/documents/zsh-completion.ts';
import { pkarrd } from '../support/command.ts';

const facts = { version: '1.2.3', date: '2026-11-25' };
let folder: string;
let words: readonly CommandWords[];

before(async () => {
  words = await programWords();
  folder = mkdtempSync(join(tmpdir(), 'pkarrd-documents-'));
  writeFileSync(join(folder, 'pkarrd.bash'), bashCompletion(words));
  writeFileSync(join(folder, '_pkarrd'), zshCompletion(words));
  writeFileSync(join(folder, 'pkarrd.fish'), fishCompletion(words));
  writeFileSync(join(folder, 'my.zone'), '');
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Whether a program is installed; a test without it is skipped. */
function missing(program: string): string | false {
  return spawnSync(program, ['--version']).error === undefined ? false : `needs ${program}`;
}

function run(program: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.deepEqual([stderr, status], ['', 0], `${program} ${args.join(' ')}`);
  return stdout;
}

/** What a shell offers when the last word is completed. */
type Shell = (...line: string[]) => string[];

const bash: Shell = (...line) => {
  const script = `source ./pkarrd.bash; compopt() { :; }
    COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${line.length - 1}; _pkarrd
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines(run('bash', ['--norc', '-c', script]));
};

// _arguments and _describe work only while a line is edited; here they print what they were given.
const zsh: Shell = (...line) => {
  const script = `_arguments() { print -l -- "$@" }; _describe() { print -l -- "\${(P@)2}" }; CURRENT=${line.length}
    words=(${line.map((word) => `'${word}'`).join(' ')}); source ./_pkarrd`;
  return lines(run('zsh', ['-f', '-c', script]));
};

const fish: Shell = (...line) => {
  const asked = line.join(' ');
  return lines(run('fish', ['--no-config', '-c', `source ./pkarrd.fish; complete -C '${asked}'`]));
};

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

describe('the completion of bash', { skip: missing('bash') }, () => {
  test('offers the commands, the flags of a command, and the words of a flag', () => {
    assert.deepEqual(bash('pkarrd', 'se'), ['serve']);
    assert.deepEqual(bash('pkarrd', 'serve', '--log'), ['--log-level']);
    assert.deepEqual(bash('pkarrd', 'serve', '--log-level', ''), ['error', 'warn', 'info', 'debug']);
    assert.deepEqual(bash('pkarrd', 'serve', '--log-level', '=', 'd'), ['debug']);
    assert.deepEqual(bash('pkarrd', 'log-level', 'w'), ['warn']);
    assert.deepEqual(bash('pkarrd', 'help', 'pub'), ['pubkey', 'publish']);
  });

  test('offers files where a file is expected, and nothing where it cannot know', () => {
    assert.deepEqual(bash('pkarrd', 'publish', 'my'), ['my.zone']);
    assert.deepEqual(bash('pkarrd', 'publish', 'my.zone', '--key', 'my'), ['my.zone']);
    assert.deepEqual(bash('pkarrd', 'serve', '--listen', ''), []);
  });
});

describe('the completion of zsh', { skip: missing('zsh') }, () => {
  test('offers the commands with what they do', () => {
    const offered = zsh('pkarrd', '');
    for (const { command, summary } of words) assert.ok(offered.includes(`${command.name}:${summary}`));
  });

  test('offers every flag of a command, the words of a flag, and files', () => {
    const offered = zsh('pkarrd', 'publish', '--');
    assert.ok(offered.includes('--dry-run[Show the records and their size in bytes, but do not publish]'));
    assert.ok(
      offered.some((spec) => spec.startsWith('*--log-level=[') && spec.endsWith(':(error warn info debug)')),
    );
    assert.ok(offered.includes('1::ZONEFILE:_files'));
  });
});

describe('the completion of fish', { skip: missing('fish') }, () => {
  test('offers the commands, the flags of a command, and the words of a flag', () => {
    assert.match(fish('pkarrd', 'serv').join(), /^serve\tAnswer DNS queries/);
    assert.match(fish('pkarrd', 'serve', '--log').join(), /^--log-level\tLog verbosity/);
    const levels = fish('pkarrd', 'serve', '--log-level', "''").map((line) => line.split('\t')[0]);
    assert.deepEqual(levels.toSorted(), ['debug', 'error', 'info', 'warn']);
    assert.deepEqual(fish('pkarrd', 'publish', 'my'), ['my.zone']);
    assert.deepEqual(
      fish('pkarrd', 'log-level', 'war').map((line) => line.split('\t')[0]),
      ['warn'],
    );
  });
});

describe('the manual pages', () => {
  test('name every command with its flags, and every setting', () => {
    const program = programPage(words, facts).replaceAll('\\-', '-');
    for (const { command, flags } of words) {
      assert.ok(program.includes(`.SS "pkarrd ${command.name}`), command.name);
      for (const { flag } of flags.filter(({ flag }) => flag !== '--help'))
        assert.ok(program.includes(`.B "${flag}`), flag);
    }
    const file = configurationPage(facts).replaceAll('\\-', '-');
    for (const key of settingKeys)
      assert.ok(file.includes(`.B "${settings[key].name}"\n${settings[key].help}.`), key);
  });

  test('have the settings under the headings of their groups', () => {
    const settingsPart = configurationPage(facts).replaceAll('\\-', '-').split('.SH TABLES')[0] ?? '';
    const shown = [...settingsPart.matchAll(/^\.(?:SS|B) "(.*)"$/gm)].map(([, name]) => name);
    assert.deepEqual(
      shown,
      settingGroups.flatMap(({ heading, keys }) => [heading, ...keys.map((key) => settings[key].name)]),
    );
  });

  test('are valid pages', { skip: missing('mandoc') }, () => {
    for (const [name, content] of [
      ['pkarrd.1', programPage(words, facts)],
      ['pkarrd.toml.5', configurationPage(facts)],
    ] as const) {
      writeFileSync(join(folder, name), content);
      // It does not know the other pages of this folder, and a page of Linux has no operating system of its own.
      assert.equal(run('mandoc', ['-T', 'lint', '-W', 'warning', name]), '');
    }
  });
});

describe('the sample configuration', () => {
  test('has the settings under the headings of their groups', () => {
    const shown = [...sampleConfiguration().matchAll(/^# --- (.*) ---$|^#([a-z-]+) = /gm)]
      .map(([, heading, name]) => heading ?? name)
      .slice(0, settingGroups.length + settingKeys.length);
    assert.deepEqual(
      shown,
      settingGroups.flatMap(({ heading, keys }) => [heading, ...keys.map((key) => settings[key].name)]),
    );
  });

  test('changes nothing, with its comments and without', async () => {
    const uncommented = sampleConfiguration().replace(/^#(?=[a-z][a-z-]* = )/gm, '');
    const head = uncommented.slice(0, uncommented.indexOf('#[[publish]]'));
    const results = await Promise.all(
      [sampleConfiguration(), head].map(async (content, index) => {
        const file = join(folder, `sample-${index}.toml`);
        writeFileSync(file, content);
        assert.match(readFileSync(file, 'utf8'), /^#?listen = "default"$/m);
        const { code, out, err } = await pkarrd(['check', '--json', '--config', file, '--state-dir', folder]);
        assert.deepEqual([code, err], [0, '']);
        return Object.entries((JSON.parse(out) as { settings: Record<string, { value: unknown }> }).settings)
          .filter(([name]) => name !== 'state-dir')
          .map(([name, { value }]) => [name, value]);
      }),
    );
    assert.deepEqual(results[1], results[0]);
    assert.equal(results[0]?.length, settingKeys.length - 1);
  });
});
