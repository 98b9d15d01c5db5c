import { Worker } from 'node:worker_threads';
import type { MainlineOptions } from '../options.ts';

/** Starts a thread with a DHT node. */
export type SpawnDhtThread = (options: MainlineOptions) => Worker;

/**
 * Megabytes of heap at which a thread is ended rather than let grow. A node with a full table and 256 lookups takes 40.
 * Bun 1.4 takes the limit and does not hold it.
 */
const MAX_HEAP_MB = 256;

/** Starts the thread of the DHT node. Nowhere else is its file named, but in the builds of what people run. */
export const spawnDhtThread: SpawnDhtThread = (options) =>
  spawnThread(new URL('./dht-thread.js', import.meta.url), options);

/** Starts a thread that runs `file`, which gets `data`, with a bound on its memory. */
export function spawnThread(file: URL, data: unknown): Worker {
  return new Worker(file, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
}
