import type { Terminal } from './command.ts';
import { type StopSignal, stopExits, stopSignals } from './stop-signal.ts';

/** What is said to somebody who wants to end work that must not be left half done. One sentence or two each. */
export interface StopTexts {
  /** At the first signal: what happens before the program ends. */
  readonly first: string;
  /** At the second one, which ends the program: what was left half done, and what to do about it. */
  readonly second: string;
}

/** What became of the work. */
export interface WholeWork<T> {
  readonly value: T;
  /** The signal that asked to stop meanwhile. */
  readonly signal: StopSignal | undefined;
}

let running = 0;

/** Whether there is work that nothing may end, such as a reader that has closed the pipe of standard output. */
export function isWholeWorkRunning(): boolean {
  return running > 0;
}

/**
 * Runs work that must not be left half done. The first signal aborts `stop`, and the work ends as it sees fit; a second one ends
 * the program at once. Before and after it, signals do what they did.
 */
export async function wholeWork<T>(
  { err }: Terminal,
  { first, second }: StopTexts,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<WholeWork<T>> {
  const stop = new AbortController();
  let signal: StopSignal | undefined;
  const take = (taken: StopSignal) => {
    err(`pkarrd: ${signal === undefined ? first : second}\n`);
    if (signal !== undefined) process.exit(stopExits[taken]);
    signal = taken;
    stop.abort();
  };
  running++;
  for (const name of stopSignals) process.on(name, take);
  try {
    const value = await work(stop.signal);
    return { value, signal };
  } finally {
    for (const name of stopSignals) process.off(name, take);
    running--;
  }
}
