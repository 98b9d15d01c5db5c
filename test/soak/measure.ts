import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds at a moment, as Linux counts it (proc(5)). */
export interface Sample {
  /** Resident set, in MB. */
  readonly rss: number;
  readonly descriptors: number;
  /** Processor time since its start, in seconds. */
  readonly cpu: number;
}

/** Clock ticks in a second: sysconf(_SC_CLK_TCK) is 100 on Linux. */
const TICKS = 100;

/** A sample of a process. */
export function sample(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  // The name in parentheses may hold blanks; user and system time are the 12th and 13th field behind it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return {
    rss: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    cpu: (Number(stat[11]) + Number(stat[12])) / TICKS,
  };
}

/** The slope of a line through values that were taken in equal steps (least squares), per step. */
export function slope(values: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const middle = (values.length - 1) / 2;
  const level = mean(values);
  const above = values.reduce((sum, value, step) => sum + (step - middle) * (value - level), 0);
  const below = values.reduce((sum, _, step) => sum + (step - middle) ** 2, 0);
  return below === 0 ? 0 : above / below;
}
