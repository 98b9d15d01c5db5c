import { type FileHandle, lstat, mkdir, open, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceEntry, replaceFile } from '../../files/write-file.ts';

/** Permission bits of what we write: every program has to read it, whatever the umask is. */
export const FILE_MODE = 0o644;

/** The result of a write. */
export interface Written {
  /** A mount is at the path, so the content was replaced and not the file. */
  readonly isInPlace: boolean;
}

/**
 * Gives a path this content, in one step. Where a file of another file system is mounted, as containers do with
 * /etc/resolv.conf, its content is replaced.
 * @throws the system's error; then the path is as it was, unless it is a mount.
 */
export async function writeFileAt(path: string, content: string | Uint8Array): Promise<Written> {
  return await inPlaceIfMount(
    path,
    () => replaceFile(path, content, { mode: FILE_MODE }),
    async () => content,
  );
}

/** Makes a link at a path, in place of whatever file or link is there. @throws the system's error */
export async function writeLinkAt(path: string, target: string): Promise<void> {
  await replaceEntry(path, (temporary) => symlink(target, temporary));
}

/**
 * Puts what `make` makes at another name to `path`, in one step.
 * @param content what is written into the file when it cannot be replaced.
 */
export async function putInPlace(
  path: string,
  make: (temporary: string) => Promise<void>,
  content: () => Promise<string | Uint8Array>,
): Promise<Written> {
  return await inPlaceIfMount(path, () => replaceEntry(path, make), content);
}

async function inPlaceIfMount(
  path: string,
  replace: () => Promise<void>,
  content: () => Promise<string | Uint8Array>,
): Promise<Written> {
  try {
    await replace();
    return { isInPlace: false };
  } catch (error) {
    // rename(2): EBUSY when a path "is in use by some process ... or is in use by the system (for example as a mount point)".
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    await overwrite(path, await content());
    return { isInPlace: true };
  }
}

/** Makes the directories above a path that are not there. @returns those that were made, the uppermost first. */
export async function makeDirectoriesAbove(path: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let at = dirname(path); at !== dirname(at) && !(await exists(at)); at = dirname(at))
    missing.unshift(at);
  for (const directory of missing) {
    await mkdir(directory);
    // Whatever the umask is: programs that are not root read what is in it.
    const handle = await open(directory, 'r');
    try {
      await handle.chmod(0o755);
    } finally {
      await handle.close();
    }
  }
  return missing;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function overwrite(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    const bytes = Buffer.from(content);
    await writeAll(handle, bytes);
    await handle.truncate(bytes.length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, done);
    done += bytesWritten;
  }
}
