import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Milliseconds that a command has to print what it is waited for. */
const PATIENCE = 60_000;

/** A command that runs on. */
export interface Running {
  readonly pid: number;
  /** What the first group of the pattern matched. */
  readonly printed: string;
  isRunning(): boolean;
  log(): string;
}

/** Starts commands of the program, and ends them all. */
export class Programs {
  readonly #program: readonly string[];
  readonly #children: ChildProcess[] = [];

  /** Takes the words that start the program. */
  constructor(program: readonly string[]) {
    this.#program = program;
  }

  /** Starts a command, with some variables more, and waits until it prints what matches `pattern`. */
  async start(
    args: readonly string[],
    pattern: RegExp,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Running> {
    const { child, text } = this.#spawn(args, variables);
    const endAt = performance.now() + PATIENCE;
    for (;;) {
      const printed = pattern.exec(text())?.[1];
      if (printed !== undefined)
        return {
          pid: child.pid ?? 0,
          printed,
          isRunning: () => child.exitCode === null && child.signalCode === null,
          log: text,
        };
      if (child.exitCode !== null || performance.now() > endAt)
        throw new Error(`${args.join(' ')} did not start: ${text()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Runs a command to its end, and gives its standard output. */
  async run(args: readonly string[]): Promise<string> {
    const { child, text, out } = this.#spawn(args);
    await once(child, 'close');
    if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${text()}`);
    return out();
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    const running = this.#children.filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(
      running.map(async (child) => {
        const closed = once(child, 'close');
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
        await closed;
        clearTimeout(timer);
      }),
    );
  }

  #spawn(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
    const [file = '', ...rest] = this.#program;
    const child = spawn(file, [...rest, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...variables },
    });
    let [out, all] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      out += piece;
      all += piece;
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      // A soak may log for hours.
      all = (all + piece).slice(-100_000);
    });
    this.#children.push(child);
    return { child, text: () => all, out: () => out };
  }
}
