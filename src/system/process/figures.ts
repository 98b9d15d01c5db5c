import { readdir, readFile } from 'node:fs/promises';
import { descriptorLimit } from '../descriptor-limit.ts';

/** What the system knows of processes, all together. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Undefined where the system does not tell. */
  readonly openDescriptors: number | undefined;
  /** Of one process; undefined where the system does not tell. */
  readonly maxDescriptors: number | undefined;
}

/** proc(5): times are in `sysconf(_SC_CLK_TCK)`, which the kernel gives as 100 a second on all that Node and Bun run on. */
const TICKS_PER_SECOND = 100;

/** Of this process and of those with these ids. One that is gone, or that we are not shown, counts as nothing. */
export async function processFigures(others: readonly number[]): Promise<ProcessFigures> {
  const { user, system } = process.cpuUsage();
  const figures = await Promise.all(others.map(otherFigures));
  const descriptors = await Promise.all(['self', ...others].map(openDescriptors));
  const known = descriptors.filter((count) => count !== undefined);
  return {
    cpuSeconds: figures.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, (user + system) / 1e6),
    residentBytes: figures.reduce((sum, { residentBytes }) => sum + residentBytes, process.memoryUsage.rss()),
    openDescriptors: known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0),
    maxDescriptors: descriptorLimit(),
  };
}

async function otherFigures(pid: number): Promise<Pick<ProcessFigures, 'cpuSeconds' | 'residentBytes'>> {
  const [stat, status] = await Promise.all([textOf(`/proc/${pid}/stat`), textOf(`/proc/${pid}/status`)]);
  // The name in parentheses may have anything in it. Of what follows, utime and stime are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? '0';
  return { cpuSeconds: ticks / TICKS_PER_SECOND, residentBytes: Number(resident) * 1024 };
}

async function openDescriptors(pid: number | string): Promise<number | undefined> {
  return await readdir(`/proc/${pid}/fd`).then(
    ({ length }) => length,
    () => undefined,
  );
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '');
}
