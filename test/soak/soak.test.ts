import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Random } from '../fuzz/random.ts';
import { trendOf } from './judge.ts';

/** Measurements of a heap that varies by `spread`, and is `more` higher from one to the next. */
function heap(count: number, spread: number, more: number): readonly number[] {
  const random = new Random(7);
  return Array.from({ length: count }, (_, step) => 100 + more * step + (random.int(1001) / 1000) * spread);
}

test('what varies and does not grow is noise, however much it varies', () => {
  for (const spread of [0.01, 1, 50]) {
    const { growth, noise } = trendOf(heap(30, spread, 0));
    assert.ok(growth <= noise, `${growth} is over ${noise}`);
  }
});

test('a leak is no part of the noise, since it is a straight line', () => {
  assert.deepEqual(trendOf(heap(30, 0, 2)), { growth: 20, noise: 0 });
  const { growth, noise } = trendOf(heap(30, 5, 2));
  assert.ok(growth > noise, `${growth} is not over ${noise}`);
});

test('a single measurement that is far off changes nothing', () => {
  const values = [...heap(30, 0, 0)];
  values[29] = 1000;
  assert.deepEqual(trendOf(values), { growth: 0, noise: 0 });
});

test('the first third does not count, in which caches fill', () => {
  const values = [
    ...Array.from({ length: 10 }, (_, step) => step * 50),
    ...Array.from({ length: 20 }, () => 500),
  ];
  assert.deepEqual(trendOf(values), { growth: 0, noise: 0 });
});

test('a soak tells of 1000 octets a query that the program keeps, and ends with 1', async () => {
  const soak = fileURLToPath(new URL('./soak.js', import.meta.url));
  const child = spawn(process.execPath, [soak, '--minutes', '0.2', '--leak', '1000']);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 1, text);
  // In so short a run the program still warms up, which looks like 20 to 200 octets a query.
  const [, octets] = /^# live heap: .* (\S+) octets a query, A LEAK$/m.exec(text) ?? [];
  assert.ok(Number(octets) > 500, text);
});
