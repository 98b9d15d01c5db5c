import { bun } from './bun/api.ts';
import { bunWorkers } from './bun/workers.ts';
import { nodeWorkers } from './node/workers.ts';
import type { WorkerProcesses } from './worker-process.ts';

/*
 * On both runtimes all workers share the same descriptor and thus one kernel queue: if a worker dies, only the datagrams that
 * it had read are lost. With SO_REUSEPORT each process has its own queue, which is lost with it, and other programs could
 * bind the port too. Threads would save memory, but a crash would end all of them, and a thread that ends closes the
 * descriptor that it shares.
 */

/** Worker processes that run `file`, in the way that is best for the current runtime. */
export function workerProcesses(file: string): WorkerProcesses {
  return bun === undefined ? nodeWorkers(file) : bunWorkers(bun, file);
}
