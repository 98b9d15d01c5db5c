import { stat, statfs } from 'node:fs/promises';
import { pathOn } from '../../integrate/machine.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

const TOPIC = 'state directory';

/** Octets that have to be free: the store grows to 16 MB by default, and is written anew at times. */
const WANTED = 64e6;

/** Where packets, nodes and resolvers are kept across restarts. */
export async function examineStateDirectory({
  machine,
  running,
  stateDir,
}: CheckParts): Promise<readonly Finding[]> {
  if (running.kind === 'answers' && ['read-only', 'waiting'].includes(running.status.store))
    return [
      warning(
        TOPIC,
        'pkarrd cannot write to it, and goes on without: what it learns is lost with a restart.',
        'Make room, or make it writable; the log says why ("Cannot write"). Then restart pkarrd.',
      ),
    ];
  const path = pathOn(machine, stateDir);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  // What runs belongs to another user, and has one of its own, where we may not look.
  if (found === undefined && running.kind === 'answers') return [];
  if (found === undefined)
    return [
      warning(
        TOPIC,
        `${stateDir} does not exist: nothing is kept across restarts yet.`,
        'Start pkarrd, which makes it.',
      ),
    ];
  if (!found.isDirectory())
    return [failure(TOPIC, `${stateDir} is not a directory.`, 'Remove it, and restart pkarrd.')];
  const { bavail, bsize } = await statfs(path);
  const free = Number(bavail) * Number(bsize);
  if (free < WANTED)
    return [
      warning(
        TOPIC,
        `The disk of ${stateDir} has ${Math.round(free / 1e6)} MB left.`,
        'Make room, or set a smaller "store-size".',
      ),
    ];
  return [fine(TOPIC, `${stateDir} has room.`)];
}
