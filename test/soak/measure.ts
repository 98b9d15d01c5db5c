import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

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

/** What a process holds after it collected its garbage, in MB. */
export interface Settled {
  /** Live objects and the buffers behind them. */
  readonly live: number;
  readonly rss: number;
}

/** Milliseconds that the program has to collect its garbage. */
const PATIENCE = 60_000;

/** Has a process that loaded `probe.ts` collect its garbage, and tells what is left. */
export async function settled(pid: number, file: string): Promise<Settled> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const endAt = performance.now() + PATIENCE;
  while (!existsSync(file)) {
    if (performance.now() > endAt) throw new Error(`Process ${pid} did not say what it holds.`);
    await sleep(50);
  }
  const { live, rss } = JSON.parse(readFileSync(file, 'utf8')) as Settled;
  return { live: live / 2 ** 20, rss: rss / 2 ** 20 };
}
