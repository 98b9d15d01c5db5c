import { Worker } from 'node:worker_threads';
import type { MainlineOptions } from '../options.ts';

/** Starts a thread with a DHT node. */
export type SpawnDhtThread = (options: MainlineOptions) => Worker;

/**
 * Heap limit of a thread in megabytes; beyond it the thread is ended. A node with a full table and 256 lookups takes 40.
 * Bun 1.4 accepts the limit but does not enforce it.
 */
const MAX_HEAP_MB = 256;

/** Starts the thread of the DHT node. Its file is named only here and in the builds of the program. */
export const spawnDhtThread: SpawnDhtThread = (options) =>
  spawnThread(new URL('./dht-thread.js', import.meta.url), options);

/** Starts a thread that runs `file` with `data`, with limited memory, in megabytes. */
export function spawnThread(file: URL, data: unknown, maxHeap: number = MAX_HEAP_MB): Worker {
  return new Worker(file, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: maxHeap } });
}
