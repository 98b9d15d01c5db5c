import { getHeapStatistics } from 'node:v8';
import type { ConfigProblem } from '../config/config-error.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import { bun } from '../system/bun/api.ts';

/** Heap that the program needs besides the packet cache, in octets: 12 MB when idle, more with many queries in flight. */
const OWN_NEED = 48 * 1024 * 1024;

/**
 * Refuses a packet cache that does not fit into the heap, because Node ends the process when the heap is full. The answer cache
 * is outside of it. `heapLimit` is in octets.
 */
export function heapProblems(
  { settings, origins }: Pick<LoadedSettings, 'settings' | 'origins'>,
  heapLimit: number = heapLimitOfProcess(),
): readonly ConfigProblem[] {
  const { packetCacheSize } = settings;
  if (packetCacheSize + OWN_NEED <= heapLimit) return [];
  // --max-old-space-size is in units of 1,048,576 octets.
  const needed = Math.ceil((packetCacheSize + OWN_NEED) / 2 ** 20);
  return [
    {
      where: origins.packetCacheSize,
      message:
        `the packet cache (${Math.ceil(packetCacheSize / 1e6)} MB) does not fit into the heap ` +
        `(${Math.floor(heapLimit / 1e6)} MB); reduce packet-cache-size, or set ` +
        `NODE_OPTIONS=--max-old-space-size=${needed}.`,
    },
  ];
}

/** Bun has no heap limit of its own. */
function heapLimitOfProcess(): number {
  return bun === undefined ? getHeapStatistics().heap_size_limit : Number.POSITIVE_INFINITY;
}
