import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ownDirectory } from '../../control/directories.ts';
import { fileReason } from '../../files/file-reason.ts';
import type { AdjustableLog, LogFields } from '../../observe/log.ts';

/** What is in the state directory, and so is not kept. */
const LOST =
  'packets, nodes of the DHT, what was published, names that are added, histories, the resolvers of the network, and the configuration for a start whose own is invalid';

/**
 * Makes the state directory and tries to write there. If that fails, one warning names all that is lost with it, and what the parts
 * of the program would say of their own files there is left out. The program works without it.
 * @returns the log for all that uses the directory.
 */
export async function openStateDirectory(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
  log: AdjustableLog,
): Promise<AdjustableLog> {
  const reason = await whyNotWritable(directory);
  if (reason === undefined) return log;
  const places = { stateDir: directory, environment };
  const commands =
    ownDirectory(places).directory === directory
      ? ' Commands such as status, flush, reload and name cannot reach this pkarrd.'
      : '';
  log.warn(`Cannot write the state directory, so nothing is kept over a restart: ${LOST}.${commands}`, {
    directory,
    reason,
  });
  const isTold = ({ path, directory: other, reason: why }: LogFields) =>
    why !== undefined &&
    [path, other].some((place) => typeof place === 'string' && isWithin(place, directory));
  return {
    ...log,
    warn: (message, fields = {}) => {
      if (!isTold(fields)) log.warn(message, fields);
    },
  };
}

/** Why no file can be made in a directory, as a clause. */
async function whyNotWritable(directory: string): Promise<string | undefined> {
  const path = join(directory, `.try-${process.pid}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(path, '', { mode: 0o600 });
    await unlink(path);
    return undefined;
  } catch (error) {
    return fileReason(error);
  }
}

function isWithin(path: string, directory: string): boolean {
  const inside = relative(directory, path);
  return inside === '' || !(inside === '..' || inside.startsWith('../'));
}
