import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, TomlError } from 'smol-toml';
import { tomlAdvice } from '../../src/config/toml-advice.ts';
import { tomlProblem } from '../../src/config/toml-problem.ts';
import { fc } from '../support/property.ts';

for (const [line, advice] of [
  ['upstream = 9.9.9.9', 'a text stands in quotes; write upstream = "9.9.9.9"'],
  ['upstream = 9.9.9.9:53 # Quad9', 'a text stands in quotes; write upstream = "9.9.9.9:53"'],
  ['upstream = [9.9.9.9, 1.1.1.1]', 'a text stands in quotes; write upstream = ["9.9.9.9", "1.1.1.1"]'],
  ['  listen=::1\r', 'a text stands in quotes; write listen="::1"'],
  ['listen = [::1]:5300', 'a text stands in quotes; write listen = "[::1]:5300"'],
  ['state-dir = /var/lib/pkarrd', 'a text stands in quotes; write state-dir = "/var/lib/pkarrd"'],
  ['listen = "127.0.0.1:5300', 'a quote is missing; write listen = "127.0.0.1:5300"'],
  ['listen = 127.0.0.1:5300"', 'a quote is missing; write listen = "127.0.0.1:5300"'],
  ["listen = '127.0.0.1", 'a quote is missing; write listen = "127.0.0.1"'],
  ['log-level = “debug”', 'quotes are straight; write log-level = "debug"'],
  ['log-level = ‘debug’', 'quotes are straight; write log-level = "debug"'],
  ['upstream = ("9.9.9.9", 1.1.1.1)', 'a list stands in [ and ]; write upstream = ["9.9.9.9", "1.1.1.1"]'],
  ['log-level: debug', '= stands between a name and its value; write log-level = "debug"'],
  ['workers: 2', '= stands between a name and its value; write workers = 2'],
  ['log-level debug', '= stands between a name and its value; write log-level = "debug"'],
  ['  1.1.1.1,', 'a text stands in quotes; write "1.1.1.1"'],
  ['; a comment', 'a comment begins with #'],
  ['// a comment', 'a comment begins with #'],
  [
    'log-level\u00a0= "debug"',
    'the line has a character that only looks like a space (U+00A0); type it again',
  ],
  ['listen = ', 'the value is missing'],
  ['listen = # nothing', 'the value is missing'],
  ['upstream:', undefined],
  ['  - 9.9.9.9', undefined],
  ['{"log-level":"debug"}', undefined],
  ['listen', undefined],
  ['[server', undefined],
  ['listen = "a" "b"', undefined],
  [`listen = ${'1'.repeat(1000)}`, undefined],
] as const) {
  test(`advice for the line ${JSON.stringify(line.slice(0, 40))}`, () =>
    assert.equal(tomlAdvice(line), advice));
}

test('whatever the line, what is proposed is TOML', () => {
  const text = fc.string({ unit: fc.constantFrom(...'a1:.[]()"“\',# =\\\u0007') });
  fc.assert(
    fc.property(fc.constantFrom('a = ', 'a: ', 'a ', ''), text, (start, value) => {
      const advice = tomlAdvice(`${start}${value}`);
      const [, proposed = ''] = /; write (.*)$/s.exec(advice ?? '') ?? [];
      // A line of a list is no document.
      assert.doesNotThrow(() => parse(proposed.startsWith('"') ? `a = [${proposed}]` : proposed), TomlError);
    }),
  );
});

for (const [what, text, said] of [
  [
    'a name that is set twice',
    'a = 1\nb = 2\na = 3\n',
    'a is set twice, first in line 1; remove one of the two',
  ],
  [
    'a name of a table that is set twice',
    '[names]\na = 1\na = 2\n',
    'a is set twice, first in line 2; remove one of the two',
  ],
  [
    'a table that is there twice',
    '[names]\na = 1\n[names]\nb = 1\n',
    '[names] is there twice, first in line 1; put what is in both below one of them',
  ],
  [
    'lines of YAML',
    'log-level: debug\nupstream:\n  - 9.9.9.9\n',
    'the line does not set a name, as in log-level = "info"; = stands between a name and its value; write log-level = "debug"',
  ],
  ['a list without a comma', 'a = ["b" "c"]\n', 'a comma or a closing bracket is missing'],
  ['a list without an end', 'a = ["b"\n', 'a comma or a closing bracket is missing'],
  ['words behind a value', 'a = "b" c\n', 'something follows the value that is no comment (#)'],
  ['a path of Windows', 'a = "C:\\hosts"\n', 'a backslash in such quotes is written twice'],
] as const) {
  test(`${what}: what is wrong is said in words of a settings file`, () => {
    assert.throws(
      () => parse(text),
      (error) => error instanceof TomlError && tomlProblem(error, text) === said,
    );
  });
}
