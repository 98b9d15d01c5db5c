import { throwLater } from '../../async/throw-later.ts';
import type { Name } from '../../dns/name.ts';
import { FileError, fileIdentity, readUserFile } from '../../files/read-file.ts';
import type { HostsSource } from './hosts.ts';
import { emptyHosts, type HostsProblem, type HostsTable, parseHosts } from './hosts-table.ts';

/** What a hosts file works with. */
export interface HostsFileOptions {
  readonly path: string;
  /** Tells names of which no hosts file decides. */
  readonly isForeign: (name: Name) => boolean;
  /** Called after each read. */
  readonly onRead: (reading: HostsReading) => void;
}

/** The result of one read. */
export interface HostsReading {
  /** Number of names known now. */
  readonly names: number;
  readonly problems: readonly HostsProblem[];
  /** Why the file could not be read; the previous content then stays in effect, unless there is no file any more. */
  readonly failure?: string;
}

/** Octets of a file that are read. */
export const MAX_HOSTS_BYTES = 8 * 1024 * 1024;

/** Milliseconds between two looks at the file. */
export const LOOK_EVERY = 1000;

/** A hosts file that is looked at every second, and read again when it has changed. A query never waits for it. */
export class HostsFile implements HostsSource {
  readonly #options: HostsFileOptions;
  #table: HostsTable = emptyHosts;
  #state = '';
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HostsFileOptions) {
    this.#options = options;
  }

  /** See `HostsSource`. */
  current(): HostsTable {
    return this.#table;
  }

  /** Reads the file, and looks at it from now on. Never rejects: what is wrong is told. */
  async open(): Promise<void> {
    const lookNow = () => {
      this.look().catch(throwLater);
    };
    this.#timer = setInterval(lookNow, LOOK_EVERY).unref();
    await this.look();
  }

  /** Ends the looks. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks at the file now, and reads it if it has changed. A look that is going on is not doubled. */
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
    const { path, isForeign, onRead } = this.#options;
    try {
      if ((await fileIdentity(path)) === this.#state) return;
      const { bytes, identity, isCut } = await readUserFile(path, {
        maxBytes: MAX_HOSTS_BYTES,
        mayCut: true,
      });
      const text = isCut ? wholeLines(bytes) : bytes.toString('utf8');
      const { table, problems } = await parseHosts(text, isForeign);
      this.#table = table;
      this.#state = identity;
      onRead({ names: table.size, problems: isCut ? [cutProblem(text), ...problems] : problems });
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      // Whoever writes it is not done yet.
      if (error.kind === 'changing') return;
      const state = `failed: ${error.message}`;
      // Reported once, not every second.
      if (this.#state === state) return;
      this.#state = state;
      // If the file was removed, its names are gone; if it cannot be read, the last known ones are the best guess.
      if (error.kind === 'absent') this.#table = emptyHosts;
      onRead({ names: this.#table.size, problems: [], failure: error.message });
    }
  }
}

/** The text up to its last line feed: half a name would be another name. */
function wholeLines(bytes: Buffer): string {
  const end = bytes.lastIndexOf('\n');
  // Of one endless line the last word may be cut.
  return end < 0 ? bytes.toString('utf8').replace(/\S+$/, '') : bytes.toString('utf8', 0, end + 1);
}

function cutProblem(text: string): HostsProblem {
  const line = text.split('\n').length;
  return { line, message: `The rest of the file is ignored: the maximum is ${MAX_HOSTS_BYTES} octets.` };
}
