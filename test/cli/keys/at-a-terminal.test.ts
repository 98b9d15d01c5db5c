import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { programs } from '../../support/programs.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-terminal-'));
after(() => rmSync(directory, { recursive: true }));
const noScript = spawnSync('script', ['--version']).status !== 0 && 'script(1) is not installed';

/** A prompt, and what a person types at it. */
type Typed = readonly [prompt: RegExp, text: string];

/** Runs a command at a terminal, where a person types something at each prompt. Gives what the terminal showed, and the exit code. */
async function atTerminal(words: readonly string[], typed: readonly Typed[]) {
  const command = words.map((word) => `'${word}'`).join(' ');
  const { PATH = '' } = process.env;
  const child = spawn('script', ['-qec', `stty cols 80; ${command}`, '/dev/null'], {
    cwd: directory,
    env: { PATH, TERM: 'xterm', NO_COLOR: '1' },
  });
  let shown = '';
  let seen = 0;
  const waiting = [...typed];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [prompt, answer] = waiting[0] ?? [];
    const found = prompt?.exec(shown.slice(seen));
    if (found === null || found === undefined || answer === undefined) return;
    seen += found.index + found[0].length;
    waiting.shift();
    child.stdin.write(answer);
  });
  const [code] = await once(child, 'close');
  assert.equal(waiting.length, 0, shown);
  return { code, shown: shown.replaceAll('\r\n', '\n') };
}

for (const { name, words, skip } of programs) {
  const options = { skip: skip || noScript };
  const file = `${name.replaceAll(' ', '-')}.key`;
  const secret = 'correct horse';

  test(`a passphrase is asked for twice and does not appear, ${name}`, options, async () => {
    const made = await atTerminal(
      [...words, 'keygen', '--encrypt', '--out', file],
      [
        [/New passphrase: $/, `${secret}\r`],
        [/The same again: $/, `${secret}\r`],
      ],
    );
    assert.equal(made.code, 0, made.shown);
    const key = /^\w{52}$/m.exec(made.shown)?.[0] ?? assert.fail(made.shown);
    const opened = await atTerminal([...words, 'backup', file], [[/Passphrase: $/, `${secret}\r`]]);
    assert.equal(opened.code, 0, opened.shown);
    const backup = [...opened.shown.matchAll(/\d+\. ([a-z]+)/g)].map(([, word]) => word).join(' ');
    assert.equal(backup.split(' ').length, 24, opened.shown);
    for (const { shown } of [made, opened]) assert.doesNotMatch(shown, /correct|horse(?!\s+\d+\.)/);
    // What is typed at the end of a backup on paper.
    const again = await atTerminal(
      [...words, 'keygen', '--from', '-', '--words', 'entropy', '--out', `again-${file}`],
      [[/press Enter and Ctrl\+D\.\s+$/, `${backup.replace(/(?<=^(?:\w+ ){11}\w+) /, '\n')}\n\u0004`]],
    );
    assert.ok(again.code === 0 && again.shown.includes(key), again.shown);
  });

  test(`a passphrase that differs the second time, and Ctrl+C, write nothing, ${name}`, options, async () => {
    const keygen = [...words, 'keygen', '--encrypt', '--out', `not-${file}`];
    const differs = await atTerminal(keygen, [
      [/New passphrase: $/, `${secret}\r`],
      [/The same again: $/, `${secret}!\r`],
    ]);
    assert.equal(differs.code, 1);
    assert.match(differs.shown, /pkarrd: The two passphrases differ, and nothing was written\./);
    const stopped = await atTerminal(keygen, [[/New passphrase: $/, '\u0003']]);
    assert.equal(stopped.code, 1);
    assert.match(stopped.shown, /pkarrd: No passphrase was given\./);
    assert.ok(!existsSync(join(directory, `not-${file}`)));
  });

  test(`a search for a prefix shows how far it is in one line, ${name}`, options, async () => {
    const { shown } = await atTerminal(
      [...words, 'keygen', '--prefix', 'yyyyyyyyyy'],
      [[/keys tried, [\d,]+ a second; 0 % of such searches are over by now.*\r\u001b\[2K\d/s, '\u0003']],
    );
    assert.match(shown, /^One key in [\d,]+ begins with y{10}\./);
  });
}
