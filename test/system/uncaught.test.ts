import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** Runs a script with the handler in a process of its own: in this one the runner of tests takes uncaught errors. */
function run(script: string): { readonly code: number | null; readonly out: string } {
  const file = JSON.stringify(new URL('../../src/system/uncaught.js', import.meta.url).href);
  const later = JSON.stringify(new URL('../../src/async/throw-later.js', import.meta.url).href);
  const source = `const { onUncaught } = await import(${file}); const { throwLater } = await import(${later}); ${script}`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
  });
  return { code: status, out: stdout };
}

test('exceptions and rejections that nobody caught come to the handler, and the process goes on', () => {
  const { code, out } = run(`
    onUncaught(({ kind, error }) => console.log(kind, error?.message));
    setTimeout(() => { throw new Error('one'); });
    Promise.reject(new Error('two'));
    Promise.reject(undefined);
    throwLater(new Error('three'));
    setTimeout(() => console.log('goes on'), 20);
  `);
  assert.equal(code, 0);
  assert.deepEqual(out.trim().split('\n').sort(), [
    'exception one',
    'exception three',
    'goes on',
    'rejection two',
    'rejection undefined',
  ]);
});

test('a later handler takes the place of the one before', () => {
  const { out } = run(`
    onUncaught(() => console.log('first'));
    onUncaught(() => console.log('second'));
    throwLater(new Error('one'));
  `);
  assert.equal(out, 'second\n');
});

test('a handler that throws ends the process with 70, and one that causes another error is not called by itself', () => {
  assert.equal(run(`onUncaught(() => { throw new Error('two'); }); throwLater(new Error('one'));`).code, 70);
  const { code, out } = run(`
    let calls = 0;
    onUncaught(() => { calls++; process.emit('uncaughtException', new Error('two')); });
    throwLater(new Error('one'));
    setTimeout(() => console.log(calls), 20);
  `);
  assert.deepEqual([code, out], [0, '1\n']);
});
