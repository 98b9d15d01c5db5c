import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup } from '../../support/test-file.ts';

/** Milliseconds that a command may take when nothing else is said. */
const PATIENCE_MS = 60_000;
/** Octets of each output that are kept. */
const MOST_OUTPUT = 8 << 20;
/** Milliseconds for the pipes to close after the end: something that was left running may hold them. */
const PIPES_MS = 500;

/** How a command ended and what it wrote. */
export interface Outcome {
  /** The exit code; -1 if a signal ended it or its time was over, which `err` says. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Bounds and input of a command. */
export interface Bounds {
  /** Milliseconds until it is killed with all that it started; a minute if not given. */
  readonly timeoutMs?: number;
  /** Its standard input; empty if not given. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command to its end, bounded in time and output. It has a process group of its own. */
export async function bounded(words: readonly [string, ...string[]], bounds: Bounds = {}): Promise<Outcome> {
  const { timeoutMs = PATIENCE_MS, input, env } = bounds;
  const [file, ...rest] = words;
  const child = spawn(file, rest, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(env !== undefined && { env }),
  });
  endWithUs.add(child);
  const out = collect(child.stdout);
  const err = collect(child.stderr);
  // Who does not read its input to the end is no failure of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const closed = once(child, 'close');
  let isTooLate = false;
  const timer = setTimeout(() => {
    isTooLate = true;
    killGroup(child);
  }, timeoutMs);
  try {
    const [code] = (await once(child, 'exit')) as [number | null, string | null];
    await Promise.race([closed, sleep(PIPES_MS, undefined, { ref: false })]);
    const late = isTooLate ? `\nIt did not end within ${timeoutMs / 1000} s: ${words.join(' ')}` : '';
    return { code: code ?? -1, out: out(), err: err() + late };
  } finally {
    clearTimeout(timer);
    endWithUs.delete(child);
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = [];
  let length = 0;
  stream.on('data', (part: Buffer) => {
    if (length < MOST_OUTPUT) parts.push(part);
    length += part.length;
  });
  return () => Buffer.concat(parts).toString('utf8');
}

const endWithUs = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of endWithUs) killGroup(child);
});
