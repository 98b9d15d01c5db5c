import cluster from 'node:cluster';
import { bun } from './bun-api.ts';

/*
 * How several processes share a port is decided here and nowhere else. On Node it is its own `cluster`: the primary
 * binds each socket once, on behalf of the first worker that wants it, and hands the same descriptor to all. So what
 * waits in the queue of the kernel is anybody's: the death of a worker loses what that one had taken, and nothing else.
 * With SO_REUSEPORT each process has a queue of its own, which dies with it. Threads would save memory, and one that
 * crashes would take the others along; and the end of a thread closes a descriptor that it shares.
 */

/** The other side of the line between the primary and one worker. */
export interface Peer {
  /** Sends a value that can be cloned; to nobody once the other side is gone. */
  send(message: unknown): void;
  /** Takes each message that comes. */
  onMessage(take: (message: unknown) => void): void;
}

/** A worker as the primary has it. */
export interface WorkerProcess extends Peer {
  readonly pid: number;
  /** Called once, when it is gone: with `exit code N` or the name of the signal that ended it. */
  onExit(take: (why: string) => void): void;
  /** Ends it at once. */
  kill(): void;
}

/** Starts a process that runs the worker file of this program. */
export type SpawnWorker = () => WorkerProcess;

/** What tells a worker of ours from a process that is the worker of somebody else's cluster. */
const ROLE = { name: 'PKARRD_ROLE', worker: 'worker' } as const;

/** What a worker says when it takes messages. */
const HERE = 'here';

/** Whether several processes can share a port. Bun's sockets know nothing of its `cluster`. */
export const canSharePorts = bun === undefined;

/** True in a worker: a port that it binds is shared with the others. */
export const isWorker = cluster.isWorker && process.env[ROLE.name] === ROLE.worker;

/** Starts workers of this program: `file` is what they run. */
export function workerSpawner(file: string): SpawnWorker {
  // Each worker takes from the one queue when it has time. In turns, which is the default for TCP, the primary would
  // have to accept and hand over every connection.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  return () => {
    cluster.setupPrimary({
      exec: file,
      args: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const worker = cluster.fork({ [ROLE.name]: ROLE.worker });
    // What comes to a worker before it takes messages would be lost: `cluster` takes them first, and nobody from it.
    let waiting: unknown[] | undefined = [];
    const send = (message: unknown) => {
      if (worker.isConnected()) worker.send(message as object, () => {});
    };
    // A message that cannot be delivered was for a process that is ending, of which `exit` tells.
    worker.on('error', () => {});
    return {
      pid: worker.process.pid ?? 0,
      send(message) {
        if (waiting === undefined) send(message);
        else waiting.push(message);
      },
      onMessage: (take) =>
        void worker.on('message', (message: unknown) => {
          if (message !== HERE) return take(message);
          for (const early of waiting ?? []) send(early);
          waiting = undefined;
        }),
      onExit: (take) =>
        void worker.once('exit', (code: number | null, signal: string | null) => {
          take(signal ?? `exit code ${code}`);
        }),
      kill: () => void worker.process.kill('SIGKILL'),
    };
  };
}

/** In a worker: the primary. When it dies, `cluster` ends this process. */
export function primaryPeer(): Peer {
  return {
    send(message) {
      if (process.connected) process.send?.(message, () => {});
    },
    onMessage(take) {
      process.on('message', take);
      process.send?.(HERE);
    },
  };
}
