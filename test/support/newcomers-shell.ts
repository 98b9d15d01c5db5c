import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type InstalledPackage, run, withoutNetwork } from './installed-package.ts';
import { killGroup } from './test-file.ts';
import { UNKNOWN_ID } from './unknown-user.ts';

/** Milliseconds for one block. */
const PATIENCE_MS = 90_000;

/**
 * A shell of somebody who has just installed pkarrd: one that stays open, so that what a block sets, starts in the
 * background or changes to holds for the next. It is in a network of its own, where nobody has port 53 or 5300.
 */
export class NewcomersShell {
  readonly #shell: ChildProcess;
  readonly #folder: string;
  #count = 0;

  /**
   * Begins in `installed.project`, with an empty home directory.
   * @param folder A directory for what this one writes. It must exist, and is given to the shell's user.
   */
  constructor(installed: InstalledPackage, folder: string) {
    this.#folder = folder;
    const home = join(folder, 'home');
    mkdirSync(home);
    for (const path of [folder, home]) chownSync(path, UNKNOWN_ID, UNKNOWN_ID);
    run('chown', ['--recursive', String(UNKNOWN_ID), installed.prefix], '/');
    const { PATH = '', TMPDIR = tmpdir() } = process.env;
    const [program, ...words] = withoutNetwork(['bash']);
    this.#shell = spawn(program, words, {
      cwd: installed.project,
      env: {
        HOME: home,
        TMPDIR,
        PATH: `${join(installed.prefix, 'bin')}:${PATH}`,
        NPM_CONFIG_PREFIX: installed.prefix,
        NPM_CONFIG_OFFLINE: 'true',
      },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // The shell may have ended; `paste` reports that.
    this.#shell.stdin?.on('error', () => {});
  }

  /** Runs lines as they are, and returns both outputs. Rejects if the last one fails, or after 90 s. */
  async paste(text: string): Promise<string> {
    const [block, printed, status] = ['sh', 'out', 'status'].map((ending) =>
      join(this.#folder, `${this.#count}.${ending}`),
    ) as [string, string, string];
    this.#count++;
    writeFileSync(block, `${text}\n`, { mode: 0o644 });
    // A command must not read the next block as its input.
    this.#shell.stdin?.write(`. ${block} < /dev/null > ${printed} 2>&1; echo $? > ${status}\n`);
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end && this.#shell.exitCode === null) {
      const code = read(status).trim();
      if (code === '0') return read(printed);
      if (code !== '') throw new Error(`Exit code ${code}:\n${text}\n\n${read(printed)}`);
      await sleep(50);
    }
    throw new Error(`Timeout:\n${text}\n\n${read(printed)}`);
  }

  /** Kills the shell and everything that it started. */
  close(): void {
    killGroup(this.#shell);
  }
}

/** The text of a file that may not be there yet. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
