import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '../../src/dns/codes.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { query, udpExchange } from '../../test/support/dns-client.ts';

/** A server that is measured, in a process of its own. */
export interface Server {
  /** Its name in the tables. */
  readonly name: string;
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from the start of the process to its first answer. */
  readonly startTime: number;
  stop(): Promise<void>;
}

/** How to start a server. */
export interface Launch {
  readonly name: string;
  readonly version: string;
  readonly command: string;
  readonly words: readonly string[];
  readonly port: number;
  /** A name that it can answer at once. */
  readonly probe: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds that a try waits for the first answer; by default 5: the tries must be short compared to the start. */
  readonly wait?: number;
}

/** The address of all servers. */
export const HOST = '127.0.0.1';

/** Milliseconds for a server to give its first answer. */
const PATIENCE = 15_000;

/** Starts a server and waits for its first answer. Rejects with its output if there is none. */
export async function launch(options: Launch): Promise<Server> {
  const { name, version, command, words, port, probe, environment, wait = 5 } = options;
  const startedAt = performance.now();
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => output.push(String(text)));
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started; is it installed?`);
  const request = encodeMessage(query(probe, Type.A));
  while ((await udpExchange({ host: HOST, port }, request, wait)) === undefined) {
    if (child.exitCode !== null || performance.now() - startedAt > PATIENCE) {
      await end(child);
      throw new Error(`${name} does not answer: ${output.join('').slice(-2000)}`);
    }
  }
  const startTime = performance.now() - startedAt;
  return { name, version, host: HOST, port, pid, startTime, stop: () => end(child) };
}

/**
 * Begins to count the CPU time of a process with its threads and children. The function tells the seconds since then: to the
 * nanosecond where no thread ended meanwhile and no child worked, otherwise to a few hundredths.
 */
export function countCpu(pid: number): () => number {
  const [ticks, threads] = [cpuSeconds(pid), threadSeconds(pid)];
  return () => {
    const coarse = cpuSeconds(pid) - ticks;
    const exact = [...threadSeconds(pid)].reduce((sum, [id, time]) => sum + time - (threads.get(id) ?? 0), 0);
    // What is counted in hundredths is two fields, each rounded down at both ends.
    return Math.abs(coarse - exact) <= 0.02 ? exact : coarse;
  };
}

/** CPU time of each thread of a process in seconds. */
function threadSeconds(pid: number): ReadonlyMap<string, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const text = ifThere(() => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'));
      return text === undefined ? [] : [[thread, Number(text.split(' ')[0]) / 1e9] as const];
    }),
  );
}

/**
 * CPU time of a process with its threads and all that it started in seconds, from the kernel, in hundredths. What has ended counts
 * once it was waited for, like the processes of dnsmasq, one for each connection.
 */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field may hold anything; utime, stime, and those of children that have ended are fields 14 to 17.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const list = ifThere(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
    return (list ?? '').split(' ').filter(Boolean);
  });
  return children.reduce((sum, child) => sum + (ifThere(() => cpuSeconds(Number(child))) ?? 0), own);
}

/** What is read of a thread or a process; undefined when it has ended meanwhile. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

/** Resident memory of a process in octets, from the kernel. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** The first line of the version that a program prints, or undefined if it is not installed. */
export function versionOf(command: string, ...words: readonly string[]): string | undefined {
  try {
    const text = execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text.split('\n')[0];
  } catch (error) {
    // Some programs print their version and do not exit with 0.
    const printed = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    return /\d+(?:\.\d+)+/.exec(printed)?.[0];
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(3_000)]);
  child.kill('SIGKILL');
  await ended;
}
