import { constants } from 'node:fs';
import { copyFile, link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { FileError, readUserFile } from './read-file.ts';

/** Bytes of a lock file that are read; ours have fewer. */
const MAX_LENGTH = 1024;

/** What only this process uses, until it is released: the directory of a store, or a work that two must not do at once. */
export interface FileLock {
  /** Whether it is still ours. False when somebody removed or replaced the file. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** The result of taking a lock. */
export type LockOutcome =
  | { readonly kind: 'held'; readonly lock: FileLock }
  | { readonly kind: 'taken'; readonly pid: number };

/**
 * Takes the lock file `path`, which contains process id and start time of its holder. The lock of a process that ended
 * without releasing it, by SIGKILL or a crash of the machine, is taken over. Processes on two machines that share a
 * directory, or in two process namespaces, cannot be told apart. Rejects with the system's error if nothing can be written
 * there, and with FileError if something else than a file is there.
 */
export async function takeLock(path: string): Promise<LockOutcome> {
  const mine = `${process.pid} ${(await startOf(process.pid)) ?? '-'} ${++locksAsked}\n`;
  const temporary = `${path}.${process.pid}.${locksAsked}`;
  try {
    await writeFile(temporary, mine, { mode: 0o600 });
  } catch (error) {
    // A full disk makes the file and not its content. The first error says more.
    await unlink(temporary).catch(() => {});
    throw error;
  }
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      // A link is created atomically: nobody reads a half-written lock.
      if (await linked(temporary, path)) return { kind: 'held', lock: held(path, mine) };
      const found = await contentOf(path);
      if (found === undefined) continue;
      const pid = await livingHolder(path, found);
      if (pid !== undefined) return { kind: 'taken', pid };
      await removeStale(path, found);
    }
    throw new Error('other processes keep taking the lock');
  } finally {
    await unlink(temporary);
  }
}

function held(path: string, mine: string): FileLock {
  heldHere.add(path);
  return {
    isHeld: async () => (await contentOf(path)) === mine,
    async release() {
      heldHere.delete(path);
      if ((await contentOf(path)) === mine) await unlink(path);
    },
  };
}

/** The process that holds the lock, if it is running. */
async function livingHolder(path: string, content: string): Promise<number | undefined> {
  const [, pidText, start] = /^(\d{1,10}) (\S{1,32}) \d+\n$/.exec(content) ?? [];
  const pid = Number(pidText);
  // No process writes a lock like this: it was damaged by a crash.
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  // In a container every start may have the same process id.
  if (pid === process.pid) return heldHere.has(path) ? pid : undefined;
  if (!isRunning(pid)) return undefined;
  const runningSince = await startOf(pid);
  // Another process got the id since. Where start times are not known, the id has to suffice.
  return runningSince !== undefined && start !== runningSince ? undefined : pid;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, in clock ticks since boot; `zombie` if it has ended. Undefined without /proc. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'latin1');
    // proc(5): the second field is the name in parentheses, which may hold anything; the third is the state, and
    // the 22nd is the start.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : fields[19];
  } catch {
    return undefined; // another system, or the process ended: isRunning decides
  }
}

/** Removes a stale lock, but not one that another process created in the meantime. */
async function removeStale(path: string, stale: string): Promise<void> {
  const away = `${path}.stale.${process.pid}`;
  try {
    await rename(path, away);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Another process was faster, and this is its new lock: put it back.
  if ((await contentOf(away)) !== stale) await linked(away, path);
  await unlink(away);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // FAT and some network file systems have no hard links.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') return await copied(from, to);
    throw error;
  }
}

async function copied(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return (await readUserFile(path, { maxBytes: MAX_LENGTH })).bytes.toString('latin1');
  } catch (error) {
    if (error instanceof FileError && error.kind === 'absent') return undefined;
    throw error;
  }
}

/** The locks of this process: a process id alone does not tell our lock from that of an earlier process with the same id. */
const heldHere = new Set<string>();
let locksAsked = 0;
