import cluster from 'node:cluster';
import { workerOf } from '../worker-line.ts';
import type { WorkerProcesses } from '../worker-process.ts';
import { WORKER_ROLE } from '../worker-role.ts';

/**
 * Workers on Node are those of its own `cluster`: the primary binds each socket once, on behalf of the first worker that
 * wants it, and hands the same descriptor to all. `file` is what they run.
 */
export function nodeWorkers(file: string): WorkerProcesses {
  // Each worker takes from the one queue when it has time. In turns, which is the default for TCP, the primary would
  // have to accept and hand over every connection.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  return {
    hold: undefined,
    spawn() {
      cluster.setupPrimary({
        exec: file,
        args: [],
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      const worker = cluster.fork(WORKER_ROLE);
      // The same as that of its process, which is heard there; unheard it would be thrown.
      worker.on('error', () => {});
      return workerOf(worker.process);
    },
  };
}
