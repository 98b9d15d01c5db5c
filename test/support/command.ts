import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));

/** Milliseconds to wait for a command to print something. */
const PATIENCE_MS = 60_000;
/** Milliseconds for a command to end after a signal. It promises 2 s, which its own tests measure. */
const END_MS = 15_000;

/** How a command ended and what it wrote. */
export interface Ended {
  /** The exit code, or -1 if a signal ended it. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How a command is started. */
export interface CommandOptions {
  /** The words that start the program; the compiled one on this runtime if not given. */
  readonly program?: readonly string[];
  /** A module that the runtime loads before the program, in its workers too. */
  readonly preload?: string;
  /** Where standard error goes, a descriptor; then `printed` sees standard output alone. */
  readonly stderr?: number;
  readonly cwd?: string;
  /** File descriptors that it may have open (RLIMIT_NOFILE). */
  readonly descriptors?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A running command. */
export class RunningCommand {
  readonly child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #out = '';
  #err = '';
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(args: readonly string[], options: CommandOptions = {}) {
    const { cwd, descriptors, environment = {}, preload, stderr } = options;
    const words =
      preload === undefined ? [] : ['bun' in process.versions ? '--preload' : '--import', preload];
    // Only what every program needs of the environment that the tests run in.
    const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env;
    const command = [...(options.program ?? [process.execPath, ...words, main]), ...args];
    const [file = '', ...rest] =
      descriptors === undefined
        ? command
        : ['sh', '-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, ...command];
    this.child = spawn(file, rest, {
      // As a service manager would set it: nothing is written to the state directory of the machine.
      // Tests run side by side, and the gateway has one port by default.
      env: {
        PATH,
        HOME,
        TMPDIR,
        STATE_DIRECTORY: join(states, String(count++)),
        PKARRD_HTTP: 'off',
        ...environment,
      },
      stdio: ['ignore', 'pipe', stderr ?? 'pipe'],
      ...(cwd !== undefined && { cwd }),
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#wake();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
      this.#wake();
    });
    // A failed test must not leave its commands running: they would keep its process alive.
    running.add(this);
    this.#ended = once(this.child, 'close').then(([code]) => {
      this.#hasEnded = true;
      running.delete(this);
      this.#wake();
      return { code: code ?? -1, out: this.#out, err: this.#err };
    });
  }

  /** Waits for standard output or error to match. Rejects if the command ends first, and kills it after a minute. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    try {
      return await this.#match(pattern);
    } finally {
      clearTimeout(timer);
    }
  }

  async #match(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#out) ?? pattern.exec(this.#err);
      if (match !== null) return match;
      if (this.#hasEnded) throw new Error(`It ended without ${pattern}: ${this.#out}${this.#err}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a signal and waits for the end; kills the command if it does not end soon. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), END_MS);
    const ended = await this.#ended;
    clearTimeout(timer);
    return ended;
  }

  /** Waits for the end. */
  ended(): Promise<Ended> {
    return this.#ended;
  }
}

const states = mkdtempSync(join(tmpdir(), 'pkarrd-state-'));
let count = 0;
const running = new Set<RunningCommand>();
after(async () => {
  for (const command of running) await command.stop('SIGINT');
  rmSync(states, { recursive: true });
});

/** Runs a command to its end. */
export async function pkarrd(args: readonly string[], options?: CommandOptions): Promise<Ended> {
  return await new RunningCommand(args, options).ended();
}
