import type { ChildProcess } from 'node:child_process';
import type { Peer, WorkerProcess } from './worker-process.ts';

/** A worker's message that it is ready for messages. */
const HERE = 'here';

/** The primary's side of the IPC channel, which is the same on both runtimes. */
export function workerOf(child: ChildProcess): WorkerProcess {
  // A message that arrives before the worker has a listener would be lost.
  let waiting: unknown[] | undefined = [];
  const send = (message: unknown) => {
    if (child.connected) child.send(message as object, () => {});
  };
  // An undeliverable message was for a process that is ending, which `onExit` reports.
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
      // If the system could not start it, it has no pid, and this event is emitted instead of `exit`.
      if (child.pid === undefined) child.once('error', ({ message }) => take(message));
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

/** In a worker: the primary. When it dies, this process exits. */
export function primaryPeer(): Peer {
  return {
    send(message) {
      if (process.connected) process.send?.(message, () => {});
    },
    onMessage(take) {
      process.on('message', take);
      // Node's `cluster` does this by itself, Bun does not.
      process.once('disconnect', () => process.exit(0));
      if (process.connected) process.send?.(HERE);
      else process.exit(0);
    },
  };
}
