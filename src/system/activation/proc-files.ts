import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Access to /proc; tests pass their own. Each throws when there is nothing to read. */
export interface ProcFiles {
  read(path: string): string;
  list(path: string): readonly string[];
  link(path: string): string;
}

/** That of the machine below `root`. */
export function procFilesBelow(root: string): ProcFiles {
  return {
    read: (path) => readFileSync(join(root, path), 'latin1'),
    list: (path) => readdirSync(join(root, path)),
    link: (path) => readlinkSync(join(root, path)),
  };
}

/** That of this machine. */
export const linuxFiles: ProcFiles = procFilesBelow('/');

/**
 * Undefined where there is no /proc or no such file in it, for a process that ended meanwhile, and for one of another user that
 * cannot be read.
 */
export function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}

/** The inode of a socket from what /proc/PID/fd/N leads to; undefined for anything else. */
export function socketInode(target: string): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(target)?.[1];
}
