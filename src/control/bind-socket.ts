import { lstatSync, statSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { ControlError } from './socket.ts';

/**
 * Has `server` listen at `path` with these permissions. The socket file of a dead process is replaced. It is made in a
 * directory that nobody else can enter, and gets its name when it has its permissions: whatever the umask is, nobody
 * connects before.
 * @returns removes the socket file.
 * @throws ControlError when another process listens there, the file is not a socket, or others could replace it; or the
 * error of the system.
 */
export async function bindSocket(server: Server, path: string, mode: number): Promise<() => Promise<void>> {
  const directory = dirname(path);
  refuseOpenDirectory(directory);
  await refuseUsed(path);
  // mkdtemp(3): "The directory is then created with permissions 0700". The path of a socket has 107 octets at most.
  const closed = await mkdtemp(join(directory, '.s'));
  try {
    const made = join(closed, 's');
    await listen(server, made);
    await chmod(made, mode);
    await rename(made, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(closed, { recursive: true, force: true });
  }
  const { ino } = lstatSync(path);
  return async () => {
    // A program that was started meanwhile may have put its own there.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) await rm(path, { force: true });
  };
}

/** In a directory that others can write to, they could put a socket of their own in the place of ours. @throws ControlError */
function refuseOpenDirectory(directory: string): void {
  const { mode } = statSync(directory);
  const isSticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) === 0 || isSticky) return;
  throw new ControlError(`every user can write to ${directory}; run: chmod o-w ${directory}`);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** @throws ControlError when the path is in use. */
async function refuseUsed(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket()) throw new ControlError(`${path} exists and is not a socket.`);
  if (await isAlive(path)) throw new ControlError(`Another pkarrd listens on ${path}.`);
}

/** unix(7): connect(2) fails with ECONNREFUSED when no process listens; every other outcome may mean that one does. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
