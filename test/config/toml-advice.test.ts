import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, TomlError } from 'smol-toml';
import { tomlAdvice } from '../../src/config/toml-advice.ts';
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
  ['listen = ', undefined],
  ['listen', undefined],
  ['[server', undefined],
  ['listen = "a" "b"', undefined],
  [`listen = ${'1'.repeat(1000)}`, undefined],
] as const) {
  test(`advice for the line ${JSON.stringify(line.slice(0, 40))}`, () =>
    assert.equal(tomlAdvice(line), advice));
}

test('whatever the line, what is proposed is TOML', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a1:.[]"\',# =\\\u0007') }), (value) => {
      const advice = tomlAdvice(`a = ${value}`);
      const proposed = advice === undefined ? '' : advice.slice(advice.indexOf('; write ') + 8);
      assert.doesNotThrow(() => parse(proposed), TomlError);
    }),
  );
});
