import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { cpuSeconds } from './process.ts';
import { sized } from './quick.ts';

/** The share of the time of all processors that others may take of a turn, 0 to 1. */
const MOST_OF_OTHERS = 0.05;

/** How often a turn is run again that others disturbed. */
const AGAIN = sized(2, 0);

/** Turns of this process: how many there were, how many were run again, and how many of the last tries were disturbed too. */
export interface Turns {
  all: number;
  again: number;
  disturbed: number;
}

const turns: Turns = { all: 0, again: 0, disturbed: 0 };

/** What the clocks of processors say at a moment, in seconds since whenever. */
export interface ProcessorClock {
  /** Time that passed, of all processors together. */
  readonly passed: number;
  /** Of that, what nobody used. */
  readonly idle: number;
  /** Of that, what this process and all that it started used. */
  readonly own: number;
}

/**
 * Measures a turn: one program under one load, for some seconds. When others than this benchmark and the programs that it started
 * take more than MOST_OF_OTHERS of the processors meanwhile, the turn is run again, at most twice, and the calmest one counts.
 * `turn` is called again with the number of the try, from 0, where it must not repeat itself.
 */
export async function calm<T>(
  turn: (attempt: number) => T | Promise<T>,
  {
    read = processorClock,
    counts = turns,
  }: { readonly read?: () => ProcessorClock; readonly counts?: Turns } = {},
): Promise<T> {
  counts.all++;
  let calmest: { readonly result: T; readonly others: number } | undefined;
  for (let attempt = 0; ; attempt++) {
    const before = read();
    const result = await turn(attempt);
    const others = shareOfOthers(before, read());
    if (calmest === undefined || others < calmest.others) calmest = { result, others };
    if (calmest.others <= MOST_OF_OTHERS) return calmest.result;
    if (attempt === AGAIN) {
      counts.disturbed++;
      return calmest.result;
    }
    counts.again++;
  }
}

/** The rule and what came of it, a sentence for each table. */
export function calmSentence({ all, again, disturbed }: Turns = turns): string {
  const rule = `Turns in which others took more than ${100 * MOST_OF_OTHERS} % of the processors were run again, at most twice`;
  return `${rule}: ${again} in ${all}; ${disturbed} stayed disturbed.`;
}

/** The share of the processors that others took between two moments, 0 to 1. */
export function shareOfOthers(before: ProcessorClock, after: ProcessorClock): number {
  const passed = after.passed - before.passed;
  const used = passed - (after.idle - before.idle);
  return Math.max(0, (used - (after.own - before.own)) / passed);
}

/** Reads the clocks. What nobody used is exact in the kernel; what was used by whom it samples for some of its files. */
export function processorClock(): ProcessorClock {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  // `cpu user nice system idle iowait …`, in hundredths of a second.
  const fields = line.trim().split(/\s+/).map(Number);
  return {
    passed: (performance.now() / 1000) * cpus().length,
    idle: ((fields[4] ?? 0) + (fields[5] ?? 0)) / 100,
    own: cpuSeconds(process.pid),
  };
}
