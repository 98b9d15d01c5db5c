import { getHeapStatistics } from 'node:v8';
import type { ConfigProblem } from '../config/config-error.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import { bun } from '../system/bun/api.ts';

/** Octets that the program itself needs beside its caches: 12 MB at rest, and what many queries in flight take. */
const OWN_NEED = 48 * 1024 * 1024;

/**
 * Caches that do not fit into the heap: Node ends the process when the heap is full, and a resolver must not end for a
 * large number in its configuration. `heapLimit` is in octets.
 */
export function heapProblems(
  { settings, origins }: Pick<LoadedSettings, 'settings' | 'origins'>,
  heapLimit: number = heapLimitOfProcess(),
): readonly ConfigProblem[] {
  const { cacheSize, packetCacheSize } = settings;
  if (cacheSize + packetCacheSize + OWN_NEED <= heapLimit) return [];
  const where = cacheSize >= packetCacheSize ? origins.cacheSize : origins.packetCacheSize;
  const caches = Math.ceil((cacheSize + packetCacheSize) / 1e6);
  // Node counts in units of 1,048,576 octets.
  const needed = Math.ceil((cacheSize + packetCacheSize + OWN_NEED) / 2 ** 20);
  return [
    {
      where,
      message:
        `caches of ${caches} MB do not fit into the heap of ${Math.floor(heapLimit / 1e6)} MB; make them smaller, ` +
        `or set NODE_OPTIONS=--max-old-space-size=${needed}.`,
    },
  ];
}

/** Bun has no limit of its own. */
function heapLimitOfProcess(): number {
  return bun === undefined ? getHeapStatistics().heap_size_limit : Number.POSITIVE_INFINITY;
}
