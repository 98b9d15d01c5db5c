import { spawn } from 'node:child_process';

/** A program to run, without a shell. */
export interface ProgramCall {
  /** Its name, which is looked for in PATH, or its path. */
  readonly program: string;
  readonly args: readonly string[];
  /** What it reads from its standard input; nothing unless given. */
  readonly input?: string;
  /** All of its environment; that of this process, in English, unless given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds that it has; then it is ended by SIGKILL. */
  readonly timeout: number;
  /** Ends it by SIGKILL as well. */
  readonly stop?: AbortSignal;
}

/** How a program ended. */
export interface ProgramResult {
  /** Its exit code; undefined when it did not start, was ended by a signal, or had no time left. */
  readonly code: number | undefined;
  /** Standard output and standard error, at most `MAX_OUTPUT` characters each; the rest is left out. */
  readonly out: string;
  readonly err: string;
  /** Why there is no exit code, as a clause about the program: `is not installed`. */
  readonly problem: string | undefined;
}

/** More than any program writes that is run here. */
const MAX_OUTPUT = 256 * 1024;

/**
 * Runs a program of the system and collects what it writes. Messages are in English, since they are read by us. Never rejects:
 * what goes wrong is in the result.
 */
export function runProgram({
  program,
  args,
  input,
  environment,
  timeout,
  stop,
}: ProgramCall): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const out = new Collected();
    const err = new Collected();
    const child = spawn(program, args, {
      stdio: 'pipe',
      // A group of its own, so that what it starts ends with it; and Ctrl-C does not end it half-way.
      detached: true,
      env: environment ?? { ...process.env, LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' },
    });
    let timer: NodeJS.Timeout | undefined;
    const end = (code: number | undefined, problem: string | undefined) => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', kill);
      resolve({ code, out: out.text, err: err.text, problem });
    };
    const giveUp = (problem: string) => {
      if (child.pid !== undefined) killGroup(child.pid);
      // What left the group may hold the pipes open, so their end is not waited for.
      child.stdout.destroy();
      child.stderr.destroy();
      end(undefined, problem);
    };
    const kill = () => giveUp('was ended');
    timer = setTimeout(() => giveUp(`did not end within ${timeout / 1000} s`), timeout);
    stop?.addEventListener('abort', kill, { once: true });
    if (stop?.aborted) kill();
    child.stdout.on('data', (piece: Buffer) => out.add(piece));
    child.stderr.on('data', (piece: Buffer) => err.add(piece));
    // It may end without reading what it is given.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    child.once('error', (error: NodeJS.ErrnoException) =>
      end(undefined, error.code === 'ENOENT' ? 'is not installed' : `cannot be started: ${error.message}`),
    );
    child.once('close', (code, signal) =>
      end(code ?? undefined, code === null ? `was ended by ${signal}` : undefined),
    );
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

class Collected {
  readonly #pieces: Buffer[] = [];
  #length = 0;

  add(piece: Buffer): void {
    if (this.#length < MAX_OUTPUT) this.#pieces.push(piece.subarray(0, MAX_OUTPUT - this.#length));
    this.#length += piece.length;
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString('utf8');
  }
}
