import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestEvent } from './test-reporter.ts';

/** Milliseconds from the request to end, which says what the process waited for, to the end. */
const GRACE_MS = 2_000;
/** Milliseconds that the process of a file may live when its tests are over. One that failed may have closed nothing. */
const LEFT_OPEN_MS = 20_000;

const reporter = fileURLToPath(new URL('test-reporter.js', import.meta.url));

/** Those that run now. Groups of their own outlive us, so they go with us, however we end. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) killGroup(child);
});

/** How the tests of one file went. */
export interface FileOutcome {
  readonly name: string;
  readonly events: readonly TestEvent[];
  /** What the process wrote, on both outputs. */
  readonly printed: string;
  /** The exit code, or the signal that ended it. */
  readonly status: number | string;
  /** Why it was not left to end by itself. */
  readonly stopped: string | undefined;
  /** Whether it left processes behind; they were ended. */
  readonly leftProcesses: boolean;
  readonly milliseconds: number;
}

/** How a file is run. */
export interface FileOptions {
  readonly name: string;
  readonly limitMs: number;
  /** Stops it; the reason is what is told. */
  readonly signal: AbortSignal;
}

/** Runs a test file in a process group of its own. When this resolves, no process of the group is left. */
export async function runTestFile(path: string, options: FileOptions): Promise<FileOutcome> {
  const { name, limitMs, signal } = options;
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-test-'));
  const eventFile = join(directory, 'events');
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [`--test-reporter=${reporter}`, `--test-reporter-destination=${eventFile}`, path],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
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
  // With the group gone nobody can write any more, but what was written may still be on its way.
  await Promise.race([closed, sleep(GRACE_MS, undefined, { ref: false })]);
  const whyStopped = () => {
    if (signal.aborted) return String(signal.reason);
    if (over.signal.aborted) return `its tests were over, and it did not end in ${LEFT_OPEN_MS / 1000} s`;
    return tooLong.aborted ? `it did not end in ${limitMs / 1000} s` : undefined;
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
  rmSync(directory, { recursive: true });
  return outcome;
}

/** Looks now and then whether the tests of a file are all told, and have been for a while. */
function watchForOver(eventFile: string, onOver: () => void): NodeJS.Timeout {
  let [told, since] = [-1, 0];
  return setInterval(() => {
    const events = readEvents(eventFile);
    if (events.length !== told) [told, since] = [events.length, performance.now()];
    const begun = events.filter(({ kind }) => kind === 'begun').length;
    // Each that began is told once, as passed or failed.
    if (told > 0 && begun * 2 === told && performance.now() - since > LEFT_OPEN_MS) onOver();
  }, 1_000);
}

/** Asks the process of a file to end, which lets it say what it waits for; kills it and all it started soon after. */
async function endGroup(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await sleep(GRACE_MS, undefined, { ref: false });
  killGroup(child);
}

/** Kills whatever is left of the group that a process leads; whether there was anything. */
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
    // A process that ended before its first test wrote none.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
