import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heapProblems } from '../../src/cli/heap-problems.ts';
import { loadSettings } from '../../src/config/load-settings.ts';

/** As `--max-old-space-size` counts. */
const MB = 1024 * 1024;

async function problems(
  flags: { readonly cacheSize?: readonly string[]; readonly packetCacheSize?: readonly string[] },
  heapLimit: number,
) {
  const machine = { environment: {}, isRoot: false, home: '/nonexistent' };
  return heapProblems(await loadSettings({ machine, flags }), heapLimit);
}

test('the default packet cache fits into the heap that the unit of systemd gives, whatever the answer cache takes', async () => {
  assert.deepEqual(await problems({}, 128 * MB), []);
  assert.deepEqual(await problems({ cacheSize: ['1 GB'] }, 128 * MB), []);
});

test('a packet cache that does not fit into the heap is refused, with the place, both sizes and what to do', async () => {
  assert.deepEqual(await problems({ packetCacheSize: ['256 MB'] }, 128 * MB), [
    {
      where: '--packet-cache-size',
      message:
        'the packet cache (256 MB) does not fit into the heap (134 MB); reduce packet-cache-size, or set ' +
        'NODE_OPTIONS=--max-old-space-size=293.',
    },
  ]);
});
