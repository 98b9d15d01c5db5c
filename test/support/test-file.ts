import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ownFolder } from './own-folder.ts';
import type { TestEvent } from './test-reporter.ts';

/** Milliseconds between SIGTERM, on which the process says what it waits for, and SIGKILL. */
const GRACE_MS = 2_000;
/** Milliseconds that a process may go on after its last test. A failed test may have left something open. */
const LEFT_OPEN_MS = 20_000;

const reporter = fileURLToPath(new URL('test-reporter.js', import.meta.url));

/** Running files. Their process groups would outlive us, so they are killed when we exit, for whatever reason. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) killGroup(child);
});

/** The outcome of one test file. */
export interface FileOutcome {
  readonly name: string;
  readonly events: readonly TestEvent[];
  /** Standard output and standard error of the process. */
  readonly printed: string;
  /** The exit code, or the signal that ended it. */
  readonly status: number | string;
  /** Why it was stopped; undefined if it ended by itself. */
  readonly stopped: string | undefined;
  /** Whether it left processes behind, which were killed. */
  readonly leftProcesses: boolean;
  readonly milliseconds: number;
}

/** How to run a file. */
export interface FileOptions {
  readonly name: string;
  readonly limitMs: number;
  /** Stops it; the reason is reported. */
  readonly signal: AbortSignal;
  /** Words of a command that runs the command that follows them; none if not given. */
  readonly within?: readonly string[];
}

/** Runs a test file in a process group of its own, of which no process is left when this resolves. */
export async function runTestFile(path: string, options: FileOptions): Promise<FileOutcome> {
  const { name, limitMs, signal, within = [] } = options;
  const folder = ownFolder();
  const eventFile = join(folder.path, 'events');
  const startedAt = performance.now();
  const test = [`--test-reporter=${reporter}`, `--test-reporter-destination=${eventFile}`, path];
  const [program = '', ...words] = [...within, process.execPath, ...test];
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: folder.environment,
  });
  running.add(child);
  let printed = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const closed = once(child, 'close');
  const tooLong = AbortSignal.timeout(limitMs);
  const over = new AbortController();
  const stopping = AbortSignal.any([tooLong, over.signal, signal]);
  const watch = watchForOver(eventFile, () => over.abort());
  const onStop = () => void endGroup(child);
  stopping.addEventListener('abort', onStop);
  if (stopping.aborted) onStop();
  const [code, endedBy] = await exited;
  stopping.removeEventListener('abort', onStop);
  clearInterval(watch);
  running.delete(child);
  const leftProcesses = killGroup(child);
  // Nothing of the group can write any more, but what it wrote may not have been read yet.
  await Promise.race([closed, sleep(GRACE_MS, undefined, { ref: false })]);
  const whyStopped = () => {
    if (signal.aborted) return String(signal.reason);
    if (over.signal.aborted) return `still running ${LEFT_OPEN_MS / 1000} s after its last test`;
    return tooLong.aborted ? `time limit of ${limitMs / 1000} s` : undefined;
  };
  const outcome: FileOutcome = {
    name,
    events: readEvents(eventFile),
    printed,
    status: code ?? endedBy ?? 'unknown',
    stopped: whyStopped(),
    leftProcesses,
    milliseconds: performance.now() - startedAt,
  };
  folder.remove();
  return outcome;
}

/** Calls `onOver` when all tests of a file have been reported for a while. */
function watchForOver(eventFile: string, onOver: () => void): NodeJS.Timeout {
  let [told, since] = [-1, 0];
  return setInterval(() => {
    const events = readEvents(eventFile);
    if (events.length !== told) [told, since] = [events.length, performance.now()];
    const begun = events.filter(({ kind }) => kind === 'begun').length;
    // Each test that began is reported once, as passed or failed.
    if (told > 0 && begun * 2 === told && performance.now() - since > LEFT_OPEN_MS) onOver();
  }, 1_000);
}

/** Asks a process to end, so that it says what it waits for, and kills its whole group soon after. */
async function endGroup(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await sleep(GRACE_MS, undefined, { ref: false });
  killGroup(child);
}

/** Kills the process group that a process leads. Returns whether any process of it was left. */
export function killGroup({ pid }: ChildProcess): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, 'SIGKILL');
  } catch {
    return false; // Nobody was left.
  }
}

function readEvents(file: string): readonly TestEvent[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as TestEvent);
  } catch (error) {
    // The process ended before its first test.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
