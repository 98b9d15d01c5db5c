import { readdirSync, readFileSync } from 'node:fs';

/** CPU time in milliseconds of the threads of a process, by their numbers. */
export type ThreadTimes = ReadonlyMap<number, number>;

/** CPU time of a whole and of its parts in milliseconds. */
export interface TimeByThread {
  readonly whole: number;
  readonly main: number;
  /** The busiest of the others, which is that of the DHT where keys are looked up. */
  readonly second: number;
  /** Those that compile, collect garbage and write files. */
  readonly rest: number;
}

/** The CPU time of each thread of a process, to the nanosecond: ticks of 10 ms would be too coarse. */
export function threadTimes(pid: number): ThreadTimes {
  const threads = readdirSync(`/proc/${pid}/task`);
  return new Map(
    threads.map((thread) => {
      const [running = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      return [Number(thread), Number(running) / 1e6];
    }),
  );
}

/** What the threads of the process `pid` took between two looks. What a thread that has ended took last is not in it. */
export function timeBetween(pid: number, before: ThreadTimes, after: ThreadTimes): TimeByThread {
  const taken = [...after].map(([thread, time]) => [thread, time - (before.get(thread) ?? 0)] as const);
  const whole = taken.reduce((sum, [, time]) => sum + time, 0);
  const main = taken.find(([thread]) => thread === pid)?.[1] ?? 0;
  const second = Math.max(0, ...taken.flatMap(([thread, time]) => (thread === pid ? [] : [time])));
  return { whole, main, second, rest: whole - main - second };
}
