import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heapProblems } from '../../src/cli/heap-problems.ts';
import { loadSettings } from '../../src/config/load-settings.ts';

/** As `--max-old-space-size` counts. */
const MB = 1024 * 1024;

async function problems(flags: { readonly cacheSize?: readonly string[] }, heapLimit: number) {
  const machine = { environment: {}, isRoot: false, home: '/nonexistent' };
  return heapProblems(await loadSettings({ machine, flags }), heapLimit);
}

test('the default caches fit into the heap that the unit of systemd gives', async () => {
  assert.deepEqual(await problems({}, 128 * MB), []);
});

test('caches that do not fit into the heap are refused, with the place, both sizes and what to do', async () => {
  assert.deepEqual(await problems({ cacheSize: ['256 MB'] }, 128 * MB), [
    {
      where: '--cache-size',
      message:
        'the caches (272 MB) do not fit into the heap (134 MB); reduce cache-size or packet-cache-size, or set ' +
        'NODE_OPTIONS=--max-old-space-size=308.',
    },
  ]);
});
