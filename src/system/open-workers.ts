import { bun } from './bun/api.ts';
import { bunWorkers } from './bun/workers.ts';
import { nodeWorkers } from './node/workers.ts';
import type { WorkerProcesses } from './worker-process.ts';

/*
 * On both runtimes all workers have the same descriptor. So what waits in the queue of the kernel is anybody's: the death
 * of a worker loses what that one had taken, and nothing else. With SO_REUSEPORT each process has a queue of its own,
 * which dies with it, and the system would let strangers in. Threads would save memory, and one that crashes would take
 * the others along; and the end of a thread closes a descriptor that it shares.
 */

/** Workers of this program, which run `file`, as the runtime that runs us does it best. */
export function workerProcesses(file: string): WorkerProcesses {
  return bun === undefined ? nodeWorkers(file) : bunWorkers(bun, file);
}
