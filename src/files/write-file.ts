import * as nodeFiles from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The calls of `node:fs/promises` that are made; a test records them, and has them fail. */
export type WriteCalls = Pick<typeof nodeFiles, 'open' | 'rename' | 'unlink'>;

/** How a file is replaced. */
export interface ReplaceOptions {
  /** Permission bits of chmod(2), whatever the umask is; by default 0600. Nobody else can read it before it has them. */
  readonly mode?: number;
  /** `boot` for a file below /run: it is gone after a loss of power anyway, and nothing waits for a disk. By default `disk`. */
  readonly lifetime?: 'disk' | 'boot';
  readonly calls?: WriteCalls;
}

/**
 * Gives a path this content: a reader, and a start after a crash, sees what was there before or the whole new file, and nothing
 * between. When it returns, the file survives a loss of power: fsync(2) "does not necessarily ensure that the entry in the
 * directory containing the file has also reached disk", so the content is synced before it gets its name, and the directory after.
 * A link at the path is replaced and not followed.
 * @throws the system's error; then the path is as it was, and nothing is beside it.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, lifetime = 'disk', calls = nodeFiles }: ReplaceOptions = {},
): Promise<void> {
  const make = async (temporary: string) => {
    const handle = await calls.open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      if (mode !== 0o600) await handle.chmod(mode);
      if (lifetime === 'disk') await handle.sync();
    } finally {
      await handle.close();
    }
  };
  await replaceEntry(path, make, { lifetime, calls });
}

/**
 * Puts what `make` makes at another name in the same directory to `path`, in one step: a link, or a file with everything that
 * belongs to it, which `make` has to sync. @throws as `replaceFile`, and what `make` throws.
 */
export async function replaceEntry(
  path: string,
  make: (temporary: string) => Promise<void>,
  { lifetime = 'disk', calls = nodeFiles }: Omit<ReplaceOptions, 'mode'> = {},
): Promise<void> {
  const temporary = temporaryBeside(path);
  // Of a process that had this id and was killed.
  await removeEntry(temporary, calls);
  try {
    await make(temporary);
    await calls.rename(temporary, path);
  } catch (error) {
    await removeEntry(temporary, calls).catch(() => {}); // the first error says more
    throw error;
  }
  if (lifetime === 'disk') await syncDirectory(dirname(path), calls);
}

/** Removes a file or a link, if there is one. @throws the system's error */
export async function removeEntry(
  path: string,
  calls: Pick<WriteCalls, 'unlink'> = nodeFiles,
): Promise<void> {
  await calls.unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  });
}

/** A name that was made or removed stands in its directory, which has to reach the disk too. @throws the system's error */
export async function syncDirectory(
  directory: string,
  calls: Pick<WriteCalls, 'open'> = nodeFiles,
): Promise<void> {
  const handle = await calls.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

let count = 0;

/** No two writers have the same, and no program reads such a name from a directory of its configuration. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${++count}.new`);
}
