import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FileError, readUserFile } from '../../files/read-file.ts';
import { type Machine, pathOn } from '../machine.ts';

/** Bytes of a file of the system that are read; none of these files is longer. */
const MAX_SYSTEM_FILE = 256 * 1024;

/** Names of one directory that are looked at. */
const MAX_NAMES = 1_000;

/** As many links as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * The text of a file, links followed; undefined when there is none, or something else than a file.
 * @throws FileError when it is there and cannot be read.
 */
export async function readText(machine: Machine, path: string): Promise<string | undefined> {
  try {
    const target = await followLinks(machine, path);
    if (target === undefined) return undefined;
    const { bytes } = await readUserFile(pathOn(machine, target), { maxBytes: MAX_SYSTEM_FILE });
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof FileError && (error.kind === 'absent' || error.kind === 'not-a-file'))
      return undefined;
    throw error;
  }
}

/** Where the path leads on the machine when links are followed, which need not exist; undefined for links in a circle. */
export async function followLinks(machine: Machine, path: string): Promise<string | undefined> {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    const target = await linkTarget(machine, at);
    if (target === undefined) return at;
    // An absolute target is one of the machine, whose root is not ours in a test.
    at = resolve(dirname(at), target);
  }
  return undefined;
}

/** What the link at `path` says; undefined when there is no link. */
export async function linkTarget(machine: Machine, path: string): Promise<string | undefined> {
  try {
    return await readlink(pathOn(machine, path));
  } catch {
    return undefined;
  }
}

/** Whether there is anything at `path`. */
export async function isThere(machine: Machine, path: string): Promise<boolean> {
  try {
    await lstat(pathOn(machine, path));
    return true;
  } catch {
    return false;
  }
}

/** The paths of the files in a directory, sorted; none when there is no such directory. */
export async function filesIn(machine: Machine, directory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(pathOn(machine, directory));
    return names
      .sort()
      .slice(0, MAX_NAMES)
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}
