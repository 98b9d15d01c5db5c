import type { ChildProcess } from 'node:child_process';
import type { Peer, WorkerProcess } from './worker-process.ts';

/** What a worker says when it takes messages. */
const HERE = 'here';

/** The primary's side of the line that both runtimes lay to a child with `ipc`. */
export function workerOf(child: ChildProcess): WorkerProcess {
  // What comes to a worker before it takes messages would be lost: the runtime takes them first, and nobody from it.
  let waiting: unknown[] | undefined = [];
  const send = (message: unknown) => {
    if (child.connected) child.send(message as object, () => {});
  };
  // A message that cannot be delivered was for a process that is ending, of which `onExit` tells.
  child.on('error', () => {});
  return {
    pid: child.pid ?? 0,
    send(message) {
      if (waiting === undefined) send(message);
      else waiting.push(message);
    },
    onMessage(take) {
      child.on('message', (message: unknown) => {
        if (message !== HERE) return take(message);
        for (const early of waiting ?? []) send(early);
        waiting = undefined;
      });
    },
    onExit(take) {
      child.once('exit', (code: number | null, signal: string | null) => {
        take(signal ?? `exit code ${code}`);
      });
      // The system had no process or no descriptor for it. Then it has no pid, this event comes, and `exit` never does.
      if (child.pid === undefined) child.once('error', ({ message }) => take(message));
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

/** In a worker: the primary. When it dies, this process ends. */
export function primaryPeer(): Peer {
  return {
    send(message) {
      if (process.connected) process.send?.(message, () => {});
    },
    onMessage(take) {
      process.on('message', take);
      // Node's `cluster` would do it by itself, Bun does not.
      process.once('disconnect', () => process.exit(0));
      if (process.connected) process.send?.(HERE);
      else process.exit(0);
    },
  };
}
