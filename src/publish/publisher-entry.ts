import { Schedule, type ScheduleClocks } from './schedule.ts';
import type { Task, TaskResult } from './task.ts';

/** A task with its state. */
export interface PublisherEntry {
  readonly task: Task;
  /** Tells it from others: what the configuration says of it, as text. */
  readonly identity: string;
  /** Ends what goes on when it is no longer in the configuration. */
  readonly leaving: AbortController;
  readonly schedule: Schedule;
  /** The look at its files that goes on, and the run. They never reject. */
  looking: Promise<void> | undefined;
  running: Promise<void> | undefined;
  isWaiting: boolean;
  /** Milliseconds of the clock of its last question for an address. */
  warmedUpAt: number;
  done: { readonly result: TaskResult; readonly at: number } | undefined;
  error: { readonly text: string; readonly at: number } | undefined;
  /** An internal error ended it: nothing is signed or put any more until it is configured anew. */
  isStopped: boolean;
}

/** An entry for which nothing was done yet. */
export function newEntry(task: Task, identity: string, clocks: ScheduleClocks): PublisherEntry {
  return {
    task,
    identity,
    leaving: new AbortController(),
    schedule: new Schedule(clocks),
    looking: undefined,
    running: undefined,
    isWaiting: false,
    warmedUpAt: Number.NEGATIVE_INFINITY,
    done: undefined,
    error: undefined,
    isStopped: false,
  };
}
