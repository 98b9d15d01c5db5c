import { Worker } from 'node:worker_threads';
import type { ThreadTask } from './thread-messages.ts';

/** Starts a thread for a task. */
export type SpawnThread = (task: ThreadTask) => Worker;

/**
 * Megabytes of heap at which a thread is ended rather than let grow. A node with a full table and 256 lookups takes 40.
 * Bun 1.4 takes the limit and does not hold it.
 */
const MAX_HEAP_MB = 256;

/** Starts the worker file of this program. Nowhere else is its place named, but in the builds of what people run. */
export const spawnThread: SpawnThread = (task) =>
  new Worker(new URL('./thread.js', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
