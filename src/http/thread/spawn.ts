import { Worker } from 'node:worker_threads';
import type { ThreadOptions } from '../messages.ts';

/** Starts the thread of the HTTP side. */
export type SpawnHttpThread = (options: ThreadOptions) => Worker;

/**
 * Heap limit of the thread in megabytes; beyond it the thread is ended. All connections with their largest headers take 20. Bun
 * 1.4 accepts the limit but does not enforce it.
 */
const MAX_HEAP_MB = 96;

/** Its file is named only here and in the builds of the program. */
export const spawnHttpThread: SpawnHttpThread = (options) =>
  new Worker(new URL('./http-thread.js', import.meta.url), {
    workerData: options,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
