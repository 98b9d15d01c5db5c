import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { throwLater } from '../../async/throw-later.ts';
import type { HostsSource } from './hosts.ts';
import { emptyHosts, type HostsProblem, type HostsTable, parseHosts } from './hosts-table.ts';

/** Options of a hosts file. */
export interface HostsFileOptions {
  readonly path: string;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Called after each read, with the lines that could not be used. */
  readonly onRead: (reading: HostsReading) => void;
}

/** The result of reading the file once. */
export interface HostsReading {
  /** Names in the table now. */
  readonly names: number;
  readonly problems: readonly HostsProblem[];
  /** Why the file could not be read at all; then the previous table stays in use. */
  readonly failure?: string;
}

/** Octets of a file that is read. */
export const MAX_HOSTS_BYTES = 8 * 1024 * 1024;

/** Milliseconds between two looks at the file. */
export const LOOK_EVERY = 1000;

/**
 * A hosts file that is read again when it has changed. A query never waits for it: it takes the table that is there,
 * and at most once a second has somebody look whether the file is still the same.
 */
export class HostsFile implements HostsSource {
  readonly #options: HostsFileOptions;
  #table: HostsTable = emptyHosts;
  #state = '';
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: HostsFileOptions) {
    this.#options = options;
  }

  /** See `HostsSource`. */
  current(): HostsTable {
    // A look in progress is not waited for, and not doubled.
    if (this.#looking === undefined && this.#options.now() - this.#lookedAt >= LOOK_EVERY)
      this.look().catch(throwLater);
    return this.#table;
  }

  /** Looks at the file now, and reads it when it has changed. To be awaited at the start. Rejects only by a bug. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce();
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    try {
      await this.#look();
    } finally {
      this.#looking = undefined;
    }
  }

  async #look(): Promise<void> {
    const { path, now, onRead } = this.#options;
    this.#lookedAt = now();
    try {
      const reading = await readIfChanged(path, this.#state);
      if (reading === undefined) return;
      this.#state = reading.state;
      const { table, problems } = await parseHosts(reading.text);
      this.#table = table;
      onRead({ names: table.size, problems });
    } catch (error) {
      const state = `failed: ${failureToText(error)}`;
      // Said once, not every second.
      if (this.#state === state) return;
      this.#state = state;
      // A file that is gone has no names; of one that cannot be read the last ones are the best guess.
      if (isAbsent(error)) this.#table = emptyHosts;
      onRead({ names: this.#table.size, problems: [], failure: failureToText(error) });
    }
  }
}

/**
 * The text, unless the file is in the state `before`.
 * @throws Error of the system, or HostsFileError for what is no file to be read whole.
 */
async function readIfChanged(
  path: string,
  before: string,
): Promise<{ readonly text: string; readonly state: string } | undefined> {
  // Looked at before it is opened: opening a FIFO would wait for somebody to write.
  const seen = await stat(path);
  if (stateOf(seen) === before) return undefined;
  if (!seen.isFile()) throw new HostsFileError('it is no regular file');
  const handle = await open(path);
  try {
    const stats = await handle.stat();
    if (stats.size > MAX_HOSTS_BYTES) throw new HostsFileError(`it has over ${MAX_HOSTS_BYTES} octets`);
    const buffer = Buffer.alloc(stats.size);
    let length = 0;
    // What is written behind `size` meanwhile changes the state, and is read at the next look.
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { text: buffer.toString('utf8', 0, length), state: stateOf(stats) };
  } finally {
    await handle.close();
  }
}

/** Why a file is not read although the system would. */
class HostsFileError extends Error {
  override readonly name = 'HostsFileError';
}

/** Changes whenever the file does, also when another is put in its place. */
function stateOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function failureToText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
