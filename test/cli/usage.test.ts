import assert from 'node:assert/strict';
import { readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArguments } from '../../src/cli/arguments.ts';
import { resolve } from '../../src/cli/ask/resolve.ts';
import { type Command, UsageError } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { commandHelp, helpWidth, programHelp } from '../../src/cli/help.ts';
import { serve } from '../../src/cli/serve/serve.ts';
import { flagOf, settingGroups, settingKeys } from '../../src/config/settings.ts';
import { pkarrd } from '../support/command.ts';
import { fc } from '../support/property.ts';
import { atTerminal, noTerminal } from '../support/terminal.ts';

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));

const example: Command = {
  name: 'example',
  description: ['An example.'],
  operands: [{ name: 'FROM' }, { name: 'TO', optional: true }],
  flags: [
    { name: 'out', value: 'FILE', help: 'Where to' },
    { name: 'json', help: 'As JSON' },
  ],
  settings: ['listen', 'cacheSize'],
  run: async () => 0,
};

function invocation(...words: string[]) {
  const parsed = parseArguments(example, words);
  assert.ok(parsed.kind === 'run');
  return parsed.invocation;
}

describe('the words of a command line', () => {
  test('flags stand anywhere, with their value behind = or as the next word', () => {
    const { operands, value, has, settings } = invocation(
      '--json',
      'a',
      '--out=x',
      '--listen',
      '::1',
      'b',
      '--listen=::2',
    );
    assert.deepEqual(operands, ['a', 'b']);
    assert.deepEqual([value('out'), has('json'), has('out'), has('none')], ['x', true, true, false]);
    assert.deepEqual(settings, { listen: ['::1', '::2'] });
  });

  test('a flag that is repeated has all its values in order, and the last one counts where one is wanted', () => {
    const { value, values } = invocation('a', '--out', 'x', '--out=y');
    assert.deepEqual([value('out'), values('out'), values('none')], ['y', ['x', 'y'], []]);
  });

  test('behind -- every word is an operand', () => {
    assert.deepEqual(invocation('--', '--json', '-x').operands, ['--json', '-x']);
  });

  test('help wins over every error except an unknown flag', () => {
    assert.equal(parseArguments(example, ['--help']).kind, 'help');
    assert.equal(parseArguments(example, ['-h', 'a', 'b', 'c']).kind, 'help');
  });

  for (const [words, message] of [
    [[], 'example: FROM is missing.'],
    [[''], 'example: FROM is empty.'],
    [['a', ''], 'example: TO is empty.'],
    [['a', 'b', 'c'], 'example: unexpected argument "c"; example takes FROM and TO.'],
    [['a', '--jason'], 'example: unknown flag --jason. Did you mean --json?'],
    [['a', '-x'], 'example: unknown flag -x.'],
    [['a', '--out'], '--out needs a value.'],
    [['a', '--out', '--json'], '--out needs a value.'],
    [['a', '--out', ''], '--out needs a value.'],
    [['a', '--out='], '--out needs a value.'],
    [['a', '--json=yes'], '--json takes no value.'],
    [['a', '--cache-sise', '1'], 'example: unknown flag --cache-sise. Did you mean --cache-size?'],
  ] as const) {
    test(`an error is one sentence: ${words.join(' ') || 'no words'}`, () => {
      assert.throws(() => parseArguments(example, words), new UsageError(message));
    });
  }

  test('any words give an invocation or a UsageError', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('--json', '--out', '--', '-', '--=', '-h', '--listen', '--__proto__'),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          parseArguments(example, words);
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
        }
      }),
    );
  });
});

/** The widths of terminals from the narrowest to one that is wider than help becomes. */
const WIDTHS = [1, 40, 57, 80, 100, 250];

/** Help as it is shown at every width: in lines that fit, with the same words. */
function atEveryWidth(help: (width: number) => string): void {
  const wordsOf = (text: string) => text.split(/\s+/).join(' ');
  for (const columns of WIDTHS) {
    const shown = help(helpWidth(columns));
    const width = Math.max(40, Math.min(columns, 100));
    for (const line of shown.split('\n'))
      assert.ok(line.length <= width, `${line.length} > ${width}: ${line}`);
    assert.equal(wordsOf(shown), wordsOf(help(100)));
  }
}

describe('help', () => {
  test('of the program names every command, in lines that fit', () => {
    for (const { name, summary } of commands)
      assert.match(programHelp(80), new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'));
    atEveryWidth(programHelp);
  });

  test('is as wide as the terminal between 40 and 100 columns, and 80 where nobody knows', () => {
    assert.deepEqual([undefined, 0, 30, 40, 57, 100, 250].map(helpWidth), [80, 80, 40, 40, 57, 100, 100]);
  });

  test('has the settings of a command with many of them below the headings of their groups', async () => {
    const help = commandHelp(serve, 80);
    const parts = help.split(/^(?=\S.*:$)/m);
    assert.deepEqual(
      parts.slice(1).map((part) => part.slice(0, part.indexOf(':'))),
      ['Flags', ...settingGroups.map(({ heading }) => heading)],
    );
    for (const [index, { keys }] of settingGroups.entries()) {
      const flags = [...(parts[index + 2] ?? '').matchAll(/^ {2}(--\S+)/gm)].map(([, flag]) => flag);
      assert.deepEqual(flags, keys.map(flagOf));
    }
    assert.match(commandHelp(resolve, 80), /^Flags:\n[\s\S]*\n\nSettings:\n {2}--upstream /m);
  });

  for (const { name, load } of commands) {
    test(`of ${name} tells of every flag and operand, in lines that fit`, async () => {
      const command = await load();
      assert.equal(command.name, name);
      atEveryWidth((width) => commandHelp(command, width));
      const help = commandHelp(command, 80);
      const flags = [
        ...command.flags.map((flag) => `--${flag.name}`),
        ...command.settings.map(flagOf),
        '--help',
      ];
      for (const flag of flags) assert.match(help, new RegExp(`^  ${flag}( |$)`, 'm'), flag);
      for (const operand of command.operands) assert.ok(help.split('\n')[0]?.includes(operand.name));
      const { code, out, err } = await pkarrd([name, '--help']);
      assert.deepEqual({ code, out, err }, { code: 0, out: help, err: '' });
      assert.equal((await pkarrd(['help', name])).out, help);
    });
  }
});

describe('on a terminal', { skip: noTerminal }, () => {
  for (const [columns, width] of [
    [60, 60],
    [300, 100],
  ] as const) {
    for (const words of [['serve', '--help'], ['help', 'publish'], ['--help'], []]) {
      test(`of ${columns} columns, pkarrd ${words.join(' ')} is ${width} wide`, async () => {
        const { shown } = await atTerminal([process.execPath, main, ...words], { columns });
        const longest = Math.max(...shown.split('\n').map((line) => line.length));
        assert.ok(longest <= width && longest > width - 10, `${longest}`);
      });
    }
  }
});

test('every setting is in one group', () => {
  assert.deepEqual(
    settingGroups.flatMap(({ keys }) => keys),
    settingKeys,
  );
});

describe('the program', () => {
  test('tells its version, the one of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    for (const flag of ['--version', '-V']) {
      assert.deepEqual(await pkarrd([flag]), { code: 0, out: `pkarrd ${version}\n`, err: '' });
    }
  });

  test('shows its help when asked in any way', async () => {
    for (const word of ['help', '--help', '-h']) {
      assert.deepEqual(await pkarrd([word]), { code: 0, out: programHelp(80), err: '' });
    }
  });

  test('shows its help when nothing is asked, which is no success', async () => {
    assert.deepEqual(await pkarrd([]), { code: 2, out: '', err: programHelp(80) });
  });

  test('a path in a flag is relative to the current directory', async () => {
    const { code, err } = await pkarrd(
      ['check', '--config', '/dev/null', '--state-dir', 'state', '--upstream-ca', 'missing.pem'],
      { cwd: tmpdir() },
    );
    assert.match(err, /^pkarrd: --upstream-ca: \S+\/missing\.pem cannot be used as CA certificates: .*\n$/);
    assert.ok(err.includes(join(realpathSync(tmpdir()), 'missing.pem')), err);
    assert.equal(code, 1);
  });

  for (const [words, message] of [
    [['-v'], /^pkarrd: the command must come before -v\. Did you mean --version\?\n/],
    [['--versoin'], /^pkarrd: the command must come before --versoin\. Did you mean --version\?\n/],
    [['version'], /^pkarrd: unknown command "version"\. Did you mean --version\?\n/],
    [['lookup', 'a.example'], /^pkarrd: unknown command "lookup"\. Did you mean query\?\n/],
    [['stat'], /^pkarrd: unknown command "stat"\. Did you mean status\?\n/],
    [['pub'], /^pkarrd: unknown command "pub"\.\n/],
    [['ls'], /^pkarrd: unknown command "ls"\. Did you mean name list\?\n/],
    [['export'], /^pkarrd: unknown command "export"\. Did you mean backup\?\n/],
    [['help', 'start'], /^pkarrd: unknown command "start"\. Did you mean serve\?\n/],
    [['serv'], /^pkarrd: unknown command "serv"\. Did you mean serve\?\nSee "pkarrd --help"\.\n$/],
    [['help', 'serv'], /^pkarrd: unknown command "serv"/],
    [['--json', 'check'], /^pkarrd: the command must come before --json\.\n/],
    [
      ['check', '--lisen', '::1'],
      /^pkarrd: check: unknown flag --lisen\. Did you mean --listen\?\nSee "pkarrd check --help"\.\n$/,
    ],
    [
      ['serve', '--listen', 'x'],
      /^pkarrd: --listen: "x" is not valid for listen; expected an IP address.*\n$/,
    ],
    [['serve', '--upstream', 'x'], /^pkarrd: --upstream: "x" is not a valid upstream: .*\n$/],
    [
      ['serve', '--config', '/nonexistent'],
      /^pkarrd: \/nonexistent: cannot read the configuration file: there is no such file\.\n$/,
    ],
    [
      ['resolve', 'example.com'],
      /Ordinary names are asked for with: pkarrd query example\.com\nSee "pkarrd resolve --help"\.\n$/,
    ],
    [
      ['history', '/etc/hosts'],
      /It is a file: if that is a key file, "pkarrd pubkey \/etc\/hosts" prints its key\.\nSee/,
    ],
    [['history', 'alice'], /A name of your own for a key is written alice\.internal\.\nSee/],
    [['resolve', 'y'.repeat(52)], /is not a public key: .* small order/],
    [['resolve', 'pk:'], /There is no key in the text\./],
    [
      ['resolve', `a..${'4w9siqbwqis38cq4kkz5jf6dfjwz1g3b19rmgpetcukki993cuwo'}`],
      /is not a domain name: it has an empty label\./,
    ],
    [
      ['resolve', '4w9siqbwqis38cq4kkz5jf6dfjwz1g3b19rmgpetcukki993cuwo', 'AAAAA'],
      /"AAAAA" is not a record type/,
    ],
    [['publish', 'zone'], /^pkarrd: publish: --key FILE is missing\.\n/],
    [
      ['testnet', '--nodes', '0'],
      /^pkarrd: --nodes: "0" is not valid; expected a whole number from 1 to 1000\.\n/,
    ],
    [['testnet', '--loss', '1.1'], /^pkarrd: --loss: "1\.1" is not valid; expected a number from 0 to 1\.\n/],
    [['testnet', 'x'], /^pkarrd: testnet: unexpected argument "x"; testnet takes only flags\.\n/],
    [['demo', '--listen', 'here'], /^pkarrd: --listen: "here" is not valid; expected an IP address/],
  ] as const) {
    test(`ends with 2 and one sentence: pkarrd ${words.join(' ')}`, async () => {
      const { code, out, err } = await pkarrd(words);
      assert.match(err, message);
      assert.deepEqual([code, out], [2, '']);
    });
  }
});
