import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a run of a target that ended well has to tell. */
export interface TargetRun {
  readonly executions: number;
  readonly seconds: number;
  /** Seconds of processor time. */
  readonly processorSeconds: number;
  /** Milliseconds of the slowest execution. */
  readonly slowest: number;
}

/** A run that ended with a failure: the case, as `--case` takes it, and what was seen of it. */
export interface TargetFailure {
  readonly case: number;
  readonly text: string;
}

/** How long a target runs: whichever comes first. */
export interface RunLimits {
  readonly milliseconds: number;
  readonly executions: number;
  /** Milliseconds of processor time after which an execution that has not ended never will. */
  readonly endless?: number;
}

const ENDLESS = 5_000;

/** How many times as long it may take by the clock: the machine may be busy with others. */
const BUSY = 20;

/** Milliseconds between two looks at what a process does. */
const LOOK = 250;

/** Inputs are small: what takes more has found no end, and must not take the memory of others. */
const { bun } = process.versions;
const RUNTIME_FLAGS = bun === undefined ? ['--max-old-space-size=1024'] : [];

/** Octets of what a process prints that are kept. */
const MAX_TEXT = 20_000;

/** They end with this process, whatever ends it. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const program = fileURLToPath(new URL('run-target.js', import.meta.url));

/**
 * Runs a target in a process of its own, which may hang, run out of memory or be ended by the system: the failure has the
 * case that was running.
 */
export function runTarget(
  name: string,
  seed: number,
  { milliseconds, executions, endless = ENDLESS }: RunLimits,
): Promise<TargetRun | TargetFailure> {
  const folder = mkdtempSync(join(tmpdir(), 'pkarrd-fuzz-'));
  const path = join(folder, 'progress');
  writeFileSync(path, new Uint8Array(8));
  const args = [program, name, path, seed, milliseconds, executions].map(String);
  const child = spawn(process.execPath, [...RUNTIME_FLAGS, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // What a target writes stands there, and goes with it.
    env: { ...process.env, PKARRD_FUZZ_FOLDER: folder },
  });
  running.add(child);
  let output = '';
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    output = (output + piece).slice(-MAX_TEXT);
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-MAX_TEXT);
  });
  return new Promise((resolve) => {
    let isEndless = false;
    let last = { number: -1, at: 0, processor: 0 };
    const looks = setInterval(() => {
      const { number } = progressIn(path);
      const [at, processor] = [performance.now(), processorTimeOf(child.pid ?? 0)];
      if (number !== last.number) {
        last = { number, at, processor };
      } else if (processor - last.processor > endless || at - last.at > BUSY * endless) {
        isEndless = true;
        child.kill('SIGKILL');
      }
    }, LOOK);
    child.on('close', (code, signal) => {
      clearInterval(looks);
      running.delete(child);
      const { one, number } = progressIn(path);
      rmSync(folder, { recursive: true, force: true });
      // Before the first execution the seed is what repeats it.
      const failed = number === 0 ? seed : one;
      if (isEndless) {
        resolve({ case: failed, text: `It did not end within ${endless / 1000} s of processor time.` });
      } else if (code === 0 && output !== '') {
        resolve(JSON.parse(output) as TargetRun);
      } else if (code === 0) {
        resolve({ case: failed, text: 'The process ended before its time.' });
      } else {
        const how = code === 1 ? '' : `The process ended with ${signal ?? code}.\n`;
        resolve({ case: failed, text: `${how}${text.trim()}` });
      }
    });
  });
}

/** Runs one case. */
export function runCase(name: string, one: number): Promise<TargetRun | TargetFailure> {
  return runTarget(name, one, { milliseconds: Number.MAX_SAFE_INTEGER, executions: 1 });
}

/** Milliseconds of processor time that a process took, 0 where the system does not tell: ticks of 10 ms, see proc(5). */
function processorTimeOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return 10 * (Number(user) + Number(system));
  } catch {
    return 0;
  }
}

/** The case that was begun last, and its number from 1. */
function progressIn(path: string): { readonly one: number; readonly number: number } {
  const octets = readFileSync(path);
  return { one: octets.readInt32LE(0), number: octets.readInt32LE(4) };
}
