import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { machineAddresses, machineInterfaces } from '../../src/system/interfaces.ts';

test('the interfaces are those of the system', () => {
  assert.deepEqual(machineInterfaces(), networkInterfaces());
  assert.ok(machineAddresses().includes('127.0.0.1'));
});

test('when the process has no descriptor left, the last view is kept', () => {
  const file = JSON.stringify(new URL('../../src/system/interfaces.js', import.meta.url).href);
  const script = `
    const { openSync } = await import('node:fs');
    const { networkInterfaces } = await import('node:os');
    const { machineAddresses } = await import(${file});
    const before = machineAddresses();
    const isFull = (work) => { try { work(); return false; } catch { return true; } };
    while (!isFull(() => openSync('/dev/null', 'r')));
    console.log(isFull(networkInterfaces), JSON.stringify(machineAddresses()) === JSON.stringify(before));
  `;
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  );
  assert.equal(stdout, 'true true\n', stderr);
});
