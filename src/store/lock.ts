import { constants } from 'node:fs';
import { copyFile, link, readFile, rename, unlink, writeFile } from 'node:fs/promises';

/** A directory that belongs to this process alone, until it is given back. */
export interface StoreLock {
  /** Whether it is still ours. False when somebody removed or replaced the file. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** What became of asking for a lock. */
export type LockOutcome =
  | { readonly kind: 'held'; readonly lock: StoreLock }
  | { readonly kind: 'taken'; readonly pid: number };

/**
 * Takes the lock file `path`, which holds the process id and the start of whoever has it. A lock whose process ended
 * without giving it back, even by SIGKILL or with the machine, is taken over. Two machines that share a directory, or
 * two process namespaces, cannot be told apart. Throws the system's error when nothing can be written there.
 */
export async function takeLock(path: string): Promise<LockOutcome> {
  const mine = `${process.pid} ${(await startOf(process.pid)) ?? '-'} ${++locksAsked}\n`;
  const temporary = `${path}.${process.pid}.${locksAsked}`;
  await writeFile(temporary, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      // A link either appears whole or fails: nobody reads a lock that is half written.
      if (await linked(temporary, path)) return { kind: 'held', lock: held(path, mine) };
      const found = await contentOf(path);
      if (found === undefined) continue;
      const pid = await livingHolder(path, found);
      if (pid !== undefined) return { kind: 'taken', pid };
      await removeStale(path, found);
    }
    throw new Error('others take the lock again and again');
  } finally {
    await unlink(temporary);
  }
}

function held(path: string, mine: string): StoreLock {
  heldHere.add(path);
  return {
    isHeld: async () => (await contentOf(path)) === mine,
    async release() {
      heldHere.delete(path);
      if ((await contentOf(path)) === mine) await unlink(path);
    },
  };
}

/** The process that has the lock, if it lives. */
async function livingHolder(path: string, content: string): Promise<number | undefined> {
  const [, pidText, start] = /^(\d{1,10}) (\S{1,32}) \d+\n$/.exec(content) ?? [];
  const pid = Number(pidText);
  // Nobody writes a lock like this: it was damaged, and its writer with it.
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  // In a container every start may have the same process id.
  if (pid === process.pid) return heldHere.has(path) ? pid : undefined;
  if (!isRunning(pid)) return undefined;
  const runningSince = await startOf(pid);
  // Another process got the number since. Where starts cannot be told, the number has to do.
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

/** When a process started, in ticks since the machine did; `zombie` when it has ended. Undefined where there is no /proc. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'latin1');
    // proc(5): the second field is the name in parentheses, which may hold anything; the third is the state, and
    // the 22nd is the start.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : fields[19];
  } catch {
    return undefined; // another system, or the process ended: then isRunning decides
  }
}

/** Removes a stale lock, and nothing that another process made in the meantime. */
async function removeStale(path: string, stale: string): Promise<void> {
  const away = `${path}.stale.${process.pid}`;
  try {
    await rename(path, away);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Another process was quicker, and this is its new lock: it gets it back.
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
    // FAT and some shared file systems have no links.
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
    return await readFile(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The locks of this process: a process id alone does not tell whether a lock with it is ours or of one before. */
const heldHere = new Set<string>();
let locksAsked = 0;
