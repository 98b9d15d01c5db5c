import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from '../../../src/system/commands/run-program.ts';

test('a program gets its input, and its output and exit code come back', async () => {
  const ran = await runProgram({
    program: 'sh',
    args: ['-c', 'cat; echo "$1" >&2; exit 3', 'sh', 'a b; c'],
    input: 'text',
    timeout: 5_000,
  });
  assert.deepEqual(ran, { code: 3, out: 'text', err: 'a b; c\n', problem: undefined });
});

test('a program that is not there, is killed or takes too long is told as such, and does not throw', async () => {
  const absent = await runProgram({ program: 'no-such-program-here', args: [], timeout: 1_000 });
  assert.deepEqual([absent.code, absent.problem], [undefined, 'is not installed']);
  const killed = await runProgram({ program: 'sh', args: ['-c', 'kill -TERM $$'], timeout: 5_000 });
  assert.deepEqual([killed.code, killed.problem], [undefined, 'was ended by SIGTERM']);
  // Its child would keep the pipe open.
  const slow = await runProgram({ program: 'sh', args: ['-c', 'sleep 30 & wait'], timeout: 50 });
  assert.deepEqual([slow.code, slow.problem], [undefined, 'did not end within 0.05 s']);
});

test('a program ends as soon as it is no longer wanted', async () => {
  const stop = new AbortController();
  const running = runProgram({ program: 'sleep', args: ['30'], timeout: 60_000, stop: stop.signal });
  stop.abort();
  assert.deepEqual([(await running).code, (await running).problem], [undefined, 'was ended']);
  const late = await runProgram({ program: 'sleep', args: ['30'], timeout: 60_000, stop: stop.signal });
  assert.equal(late.problem, 'was ended');
});

test('output without end does not fill the memory', async () => {
  const { out } = await runProgram({
    program: 'head',
    args: ['-c', '3000000', '/dev/zero'],
    timeout: 20_000,
  });
  assert.equal(out.length, 256 * 1024);
});
