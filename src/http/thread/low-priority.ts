import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Added to the nice value, of which 19 is the largest (sched(7)): this thread gets a tenth of the time of one without. */
const NICER = 10;
const MAX_NICE = 19;

/**
 * Has the scheduler prefer other threads of this process to the one that calls this: the answers of DNS, to a large file that a
 * browser fetches. setpriority(2): "in the current Linux/NPTL implementation, the nice value is a per-thread attribute". Where
 * that is not so, or not allowed, everything stays as it is.
 */
export function lowerThreadPriority(): void {
  const thread = threadId();
  if (thread === undefined) return;
  try {
    setPriority(thread, Math.min(MAX_NICE, getPriority(thread) + NICER));
  } catch (error) {
    // A filter of system calls forbids it, as the one of our own unit does.
    if (!isSystemError(error)) throw error;
  }
}

/** The kernel's number of this thread; undefined where there is none to be had. */
function threadId(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    // proc(5): "PID/task/TID", read by the thread itself.
    const id = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    // 0 would be the whole process.
    return Number.isInteger(id) && id > 0 && id !== process.pid ? id : undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
}

/** Whether an error is the answer of a system call. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && ('errno' in error || 'code' in error);
}
