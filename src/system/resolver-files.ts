import { type BigIntStats, constants, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** A place where a system stores the resolvers of its network. */
export interface ResolverPlace {
  readonly path: string;
  /**
   * resolv.conf(5), a lease of systemd-networkd, or what systemd keeps of a link; the last two have the number of an
   * interface as their name.
   */
  readonly format: 'resolv-conf' | 'netif-lease' | 'link-state';
  /** All files of a directory, or one file. */
  readonly isDirectory: boolean;
}

const resolvConf = (path: string): ResolverPlace => ({ path, format: 'resolv-conf', isDirectory: false });

/**
 * The places, best first. The first two hold the resolvers of the network also when /etc/resolv.conf names us or a stub.
 * Then comes what the programs of this machine use, and last the sources that it is made of, which still say what the
 * network gave when it names only us: those of resolvconf, of openresolv, and the leases of systemd-networkd.
 */
export const systemResolverPlaces: readonly ResolverPlace[] = [
  resolvConf('/run/systemd/resolve/resolv.conf'),
  resolvConf('/run/NetworkManager/no-stub-resolv.conf'),
  resolvConf('/etc/resolv.conf'),
  { path: '/run/resolvconf/interface', format: 'resolv-conf', isDirectory: true },
  { path: '/run/resolvconf/interfaces', format: 'resolv-conf', isDirectory: true },
  { path: '/run/systemd/netif/leases', format: 'netif-lease', isDirectory: true },
];

/**
 * The resolvers that /etc/resolv.conf named before `pkarrd integrate` replaced it, in the form of resolv.conf(5). It is no place to
 * look at first: the network may give others by now.
 */
export const RESOLVERS_BEFORE_US = '/var/lib/pkarrd-integrate/resolvers';

/** A file as it was found. */
export interface ResolverFile {
  readonly path: string;
  readonly format: ResolverPlace['format'];
  /** Undefined when it could not be read. */
  readonly text: string | undefined;
  /** Why, as a clause about the file: `does not exist`. */
  readonly problem: string | undefined;
}

/** A place and its files. */
export interface ResolverFilesOfPlace {
  readonly place: ResolverPlace;
  readonly files: readonly ResolverFile[];
}

/** Bytes of a file that are read; none of these files is longer. */
const MAX_FILE_LENGTH = 65_536;

/** The most files of a directory. */
const MAX_FILES = 64;

/** A file as it was read last, and what tells that it is still the same. */
interface HeldFile {
  readonly identity: string;
  readonly file: ResolverFile;
}

/**
 * Reads the files of the system that name resolvers. A file is read again if it was written or replaced. A file that exists but
 * cannot be read, for example without a free descriptor, keeps its previous text.
 */
export class ResolverFiles {
  readonly #places: readonly ResolverPlace[];
  readonly #held = new Map<string, HeldFile>();
  readonly #names = new Map<string, readonly string[]>();

  constructor(places: readonly ResolverPlace[] = systemResolverPlaces) {
    this.#places = places;
  }

  /** The files as they are now, in order. Never rejects. */
  async read(): Promise<readonly ResolverFilesOfPlace[]> {
    const found: ResolverFilesOfPlace[] = [];
    for (const place of this.#places) {
      const paths = place.isDirectory ? this.#filesIn(place.path) : [place.path];
      found.push({
        place,
        files: await Promise.all(paths.map((path) => this.#readFile(path, place.format))),
      });
    }
    const seen = new Set(found.flatMap(({ files }) => files.map(({ path }) => path)));
    for (const path of this.#held.keys()) if (!seen.has(path)) this.#held.delete(path);
    return found;
  }

  #filesIn(directory: string): readonly string[] {
    const before = this.#names.get(directory) ?? [];
    // Usually it does not exist, and creating an error is expensive.
    if (statOf(directory) === undefined) return [];
    try {
      const names = readdirSync(directory).sort().slice(0, MAX_FILES);
      const paths = names.map((name) => join(directory, name));
      this.#names.set(directory, paths);
      return paths;
    } catch {
      return before;
    }
  }

  async #readFile(path: string, format: ResolverPlace['format']): Promise<ResolverFile> {
    const stats = statOf(path);
    const held = this.#held.get(path);
    if (stats === undefined) return this.#hold(path, 'absent', { path, format, ...absent });
    const identity = identityOf(stats);
    if (held?.identity === identity) return held.file;
    if (!stats.isFile()) {
      return this.#hold(path, identity, { path, format, text: undefined, problem: 'is not a regular file' });
    }
    try {
      return this.#hold(path, identity, { path, format, text: await readText(path), problem: undefined });
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return this.#hold(path, 'absent', { path, format, ...absent });
      if (held?.file.text !== undefined) return held.file;
      return { path, format, text: undefined, problem: `cannot be read (${code})` };
    }
  }

  #hold(path: string, identity: string, file: ResolverFile): ResolverFile {
    this.#held.set(path, { identity, file });
    return file;
  }
}

const absent = { text: undefined, problem: 'does not exist' } as const;

/** Undefined if there is no file, or if it is not accessible. In /run and /etc this takes a few microseconds. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Differs if the file was written or replaced, even by one with the same time and size. */
function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

async function readText(path: string): Promise<string> {
  // A FIFO that took the place of the file is opened at once, and nothing is read of it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(MAX_FILE_LENGTH);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.toString('utf8', 0, length);
  } finally {
    await handle.close();
  }
}
