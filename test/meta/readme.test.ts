import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { settingsTable } from '../../src/config/settings-help.ts';
import { browserTable, rows } from '../browsers/support/rows.ts';
import { pkarrd } from '../support/command.ts';
import {
  cannotLeaveNetwork,
  type InstalledPackage,
  installPackage,
  root,
} from '../support/installed-package.ts';
import { blocksOf, matchesExample } from '../support/markdown.ts';
import { NewcomersShell } from '../support/newcomers-shell.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = blocksOf(readme);
const key = /\b[a-z0-9]{52}\b/.exec(readme)?.[0] ?? '';
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-readme-'));
after(() => rmSync(directory, { recursive: true }));

/** Marks of blocks that are not run here, and what such a block has: `.ci/fresh-clone` runs the ones that install. */
const notRun: Readonly<Record<string, RegExp>> = {
  'installs packages': /^npm ci && [^\n]*$/,
  'changes the system': /^(?:.*\bsudo .*(?:\n|$))+$/,
};

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

test('the README says of browsers what was typed into them, and nothing else', () => {
  assert.deepEqual(rowsOf('browsers'), browserTable);
  const folder = join(root, 'test/browsers');
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts'));
  const tests = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  for (const { setting } of rows) {
    assert.match(tests, new RegExp(`^  '?${setting}'?: \\{`, 'm'), `no test has the rows of ${setting}`);
  }
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

test('every block that changes the system or fetches packages is marked, and no other one', () => {
  for (const { language, text, mark } of blocks) {
    // The programs are run by test/library/examples.test.ts.
    if (language === 'js') assert.match(mark, /^example: \w+$/, text);
    else if (language !== 'sh') assert.equal(mark, '', text);
    // A line that ends with | or \\ goes on in the next.
    else if (mark !== '') assert.match(text.replaceAll('|\n', '|'), notRun[mark] ?? assert.fail(mark));
    else assert.doesNotMatch(text, /\bsudo\b|\bnpm (?:ci|install|i|exec)\b|\bnpx\b/);
  }
});

test('no line fetches a package named pkarrd: the name may be that of somebody else in a registry', () => {
  assert.doesNotMatch(
    readme,
    /\b(?:npx|bunx|yarn|pnpm|npm (?:i|install|add|exec|x))\b[^\n`]*[ "']pkarrd(?:@|["'`\s]|$)/,
  );
});

test('the key of the examples is that of the secret which the README tells', async () => {
  const secret =
    /secret of the key that is shown in this document is the 32 characters\n`([^`]+)`/.exec(readme)?.[1] ??
    '';
  const seed = join(directory, 'seed');
  writeFileSync(seed, Buffer.from(secret).toString('hex'));
  const { out } = await pkarrd(['keygen', '--from-seed', seed, '--out', join(directory, 'example.key')]);
  assert.equal(out.trim(), key);
  for (const [other] of readme.matchAll(/\b[ybndrfg8ejkmcpqxot1uwisza345h769]{52}\b/g)) {
    assert.ok(other === key || other === 'y'.repeat(52), other);
  }
});

describe('a newcomer', {
  skip: cannotLeaveNetwork || (spawnSync('dig', ['-v']).error !== undefined && 'dig is not installed'),
}, () => {
  let installed: InstalledPackage;
  let shell: NewcomersShell;
  const open = (name: string) => {
    const folder = join(directory, name);
    mkdirSync(folder);
    return new NewcomersShell(installed, folder);
  };
  before(() => {
    installed = installPackage(directory);
    shell = open('blocks');
  });
  after(() => shell.close());

  test('sees what the picture at the top shows', async () => {
    const picture = open('picture');
    try {
      const examples = (blocks[0]?.text ?? '').split(/^\$ /m).slice(1);
      const [[demo = '', ready = ''] = [], ...others] = examples.map((example) => {
        const [command = '', ...output] = example.trimEnd().split('\n');
        return [command, output.join('\n')] as const;
      });
      assert.ok(others.length > 2);
      await picture.paste(`cd; ${demo.replace(/ &$/, ' > demo 2>&1 &')}`);
      await picture.paste(`until grep --quiet '^First key' demo; do sleep 0.1; done`);
      const said = await picture.paste('cat demo');
      assert.ok(said.includes(ready), said.slice(0, 1000));
      const itsKey = /^First key +(\w{52})$/m.exec(said)?.[1] ?? '';
      for (const [command, output] of others) {
        const printed = await picture.paste(command.replaceAll(key, itsKey));
        assert.equal(printed.trimEnd(), output.replaceAll(key, itsKey), command);
      }
    } finally {
      picture.close();
    }
  });

  for (const [index, { language, text, mark }] of blocks.entries()) {
    if (language !== 'sh' || mark !== '') continue;
    test(`pastes: ${text.split('\n')[0]}`, async () => {
      const printed = await shell.paste(text);
      const next = blocks[index + 1];
      if (next?.language !== 'text' || !next.follows) return;
      assert.ok(
        matchesExample(next.text, printed, key),
        `expected\n${next.text}\n\nprinted\n${printed.slice(0, 4000)}`,
      );
    });
  }
});

test('the configuration in the README is valid', async () => {
  const toml = blocks.find(({ language }) => language === 'toml')?.text ?? '';
  copyFileSync(join(directory, 'example.key'), join(directory, 'home.key'));
  writeFileSync(join(directory, 'home.zone'), '@ 300 A 192.0.2.1\n');
  writeFileSync(join(directory, 'pkarrd.toml'), toml);
  const config = ['--config', join(directory, 'pkarrd.toml'), '--upstream', '192.0.2.1'];
  const { code, out, err } = await pkarrd(['check', ...config]);
  assert.equal(code, 0, out + err);
});
