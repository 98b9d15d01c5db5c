import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { takeLock } from '../../files/lock-file.ts';
import { type Machine, pathOn } from '../machine.ts';
import { ChangesError } from './journal.ts';

/** Where a run that changes something says that it runs; gone after a restart of the machine. */
const LOCK = '/run/pkarrd-integrate.lock';

/**
 * Does `work` while no other run changes anything: two at once would each take the other's changes for what was there before,
 * and an undo would restore them.
 * @throws ChangesError at once when another run is under way, or when it cannot be found out whether one is.
 */
export async function oneAtATime<T>(machine: Machine, work: () => Promise<T>): Promise<T> {
  const path = pathOn(machine, LOCK);
  const outcome = await lockAt(path);
  if (outcome.kind === 'taken') {
    throw new ChangesError(
      `Another "pkarrd integrate" is changing this machine (process ${outcome.pid}). Run this again when it has ended. ` +
        'Nothing was changed.',
    );
  }
  try {
    return await work();
  } finally {
    await outcome.lock.release();
  }
}

async function lockAt(path: string): ReturnType<typeof takeLock> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await takeLock(path);
  } catch (cause) {
    throw new ChangesError(
      `Cannot find out whether another "pkarrd integrate" is changing this machine: ${(cause as Error).message}. Nothing was changed.`,
      { cause },
    );
  }
}
