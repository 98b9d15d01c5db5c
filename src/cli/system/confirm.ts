import { createInterface } from 'node:readline/promises';
import { StoppedError } from '../stop-signal.ts';

/** Whether somebody is there to answer: both what is read and where the question goes are a terminal. */
export function canConfirm(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks a question on the terminal; only `y` and `yes` agree. The end of the input is a no.
 * @throws StoppedError for Ctrl+C, which a terminal that reads a line gives to the reader and sends as no signal.
 */
export async function confirmOnTerminal(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const ended = new Promise<string>((resolve, reject) => {
      terminal.once('SIGINT', () => {
        process.stderr.write('\n');
        reject(new StoppedError('SIGINT'));
      });
      terminal.once('close', () => resolve(''));
    });
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
