import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { programs } from '../../support/programs.ts';
import { atTerminal, noTerminal, type Typed } from '../../support/terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-terminal-'));
after(() => rmSync(directory, { recursive: true }));

/** A zone file with records that stood behind a proxy. */
const exported = resolve('test/vectors/zones/cloudflare.txt');

const at = (words: readonly string[], typed: readonly Typed[]) =>
  atTerminal(words, { cwd: directory, environment: { NO_COLOR: '1' }, typed });

for (const { name, words, skip } of programs) {
  const options = { skip: skip || noTerminal };
  const file = `${name.replaceAll(' ', '-')}.key`;
  const secret = 'correct horse';

  test(`a passphrase is asked for twice and does not appear, ${name}`, options, async () => {
    const made = await at(
      [...words, 'keygen', '--encrypt', '--out', file],
      [
        [/New passphrase: $/, `${secret}\r`],
        [/The same again: $/, `${secret}\r`],
      ],
    );
    assert.equal(made.code, 0, made.shown);
    const key = /^\w{52}$/m.exec(made.shown)?.[0] ?? assert.fail(made.shown);
    const opened = await at([...words, 'backup', file], [[/Passphrase: $/, `${secret}\r`]]);
    assert.equal(opened.code, 0, opened.shown);
    const backup = [...opened.shown.matchAll(/\d+\. ([a-z]+)/g)].map(([, word]) => word).join(' ');
    assert.equal(backup.split(' ').length, 24, opened.shown);
    for (const { shown } of [made, opened]) assert.doesNotMatch(shown, /correct|horse(?!\s+\d+\.)/);
    // What is typed at the end of a backup on paper.
    const again = await at(
      [...words, 'keygen', '--from', '-', '--words', 'entropy', '--out', `again-${file}`],
      [[/press Enter and Ctrl\+D\.\s+$/, `${backup.replace(/(?<=^(?:\w+ ){11}\w+) /, '\n')}\n\u0004`]],
    );
    assert.ok(again.code === 0 && again.shown.includes(key), again.shown);
  });

  test(`a passphrase that differs the second time, and Ctrl+C, write nothing, ${name}`, options, async () => {
    const keygen = [...words, 'keygen', '--encrypt', '--out', `not-${file}`];
    const differs = await at(keygen, [
      [/New passphrase: $/, `${secret}\r`],
      [/The same again: $/, `${secret}!\r`],
    ]);
    assert.equal(differs.code, 1);
    assert.match(differs.shown, /pkarrd: The two passphrases differ, and nothing was written\./);
    const stopped = await at(keygen, [[/New passphrase: $/, '\u0003']]);
    assert.deepEqual([stopped.code, stopped.shown], [130, 'New passphrase: \n']);
    const ended = await at(keygen, [[/New passphrase: $/, '\u0004']]);
    assert.equal(ended.code, 1);
    assert.match(ended.shown, /pkarrd: No passphrase was given\./);
    assert.ok(!existsSync(join(directory, `not-${file}`)));
  });

  test(
    `Ctrl+C at a question ends as that signal does, and nothing is published, ${name}`,
    options,
    async () => {
      const key = `asked-${file}`;
      assert.equal((await at([...words, 'keygen', '--out', key], [])).code, 0);
      const publish = [...words, 'publish', exported, '--origin', 'example.com', '--key', key];
      const stopped = await at(publish, [[/Publish where these records lead\? \[y\/N\] /, '\u0003']]);
      assert.equal(stopped.code, 130, stopped.shown);
      assert.doesNotMatch(stopped.shown, /Nothing was published/);
      const declined = await at(publish, [[/Publish where these records lead\? \[y\/N\] /, 'n\r']]);
      assert.equal(declined.code, 1);
      assert.match(declined.shown, /pkarrd: Nothing was published\.\n$/);
    },
  );

  test(`a search for a prefix shows how far it is in one line, ${name}`, options, async () => {
    const { shown } = await at(
      [...words, 'keygen', '--prefix', 'yyyyyyyyyy'],
      [
        [
          /keys tried, [\d,]+ a second; 0 % of such searches are over by now.*\r\u001b\[J[\d,]+ keys tried/s,
          '\u0003',
        ],
      ],
    );
    assert.match(shown, /^One key in [\d,]+ begins with y{10}\./);
  });
}
