import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';

/** For the `skip` of tests that need a terminal. */
export const noTerminal =
  spawnSync('script', ['--version']).status !== 0 && 'script(1) is not installed, which makes a terminal';

/** A prompt, and what a person types at it, or what else happens then. */
export type Typed = readonly [prompt: RegExp, text: string | (() => void)];

/** A terminal, and who sits there. */
export interface TerminalOptions {
  readonly cwd?: string;
  /** 80 if not given. */
  readonly columns?: number;
  /** Of the command, besides PATH, TMPDIR and TERM. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly typed?: readonly Typed[];
}

/** What was shown, with line feeds alone at the ends of lines, and the exit code. */
export interface Shown {
  readonly code: number;
  readonly shown: string;
}

/** Runs a command at a terminal of its own (script(1)), where a person types something at each prompt. */
export async function atTerminal(words: readonly string[], options: TerminalOptions = {}): Promise<Shown> {
  const { cwd, columns = 80, environment = {}, typed = [] } = options;
  const command = words.map((word) => `'${word}'`).join(' ');
  const { PATH = '', TMPDIR = tmpdir() } = process.env;
  const child = spawn('script', ['-qec', `stty cols ${columns}; ${command}`, '/dev/null'], {
    env: { PATH, TMPDIR, TERM: 'xterm', ...environment },
    ...(cwd !== undefined && { cwd }),
  });
  let shown = '';
  let seen = 0;
  const waiting = [...typed];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [prompt, answer] = waiting[0] ?? [];
    const found = prompt?.exec(shown.slice(seen));
    if (found === null || found === undefined || answer === undefined) return;
    seen += found.index + found[0].length;
    waiting.shift();
    if (typeof answer === 'string') child.stdin.write(answer);
    else answer();
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(waiting.length, 0, shown);
  return { code, shown: shown.replaceAll('\r\n', '\n') };
}
