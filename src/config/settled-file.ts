import { setTimeout as sleep } from 'node:timers/promises';
import { FileError, fileIdentity } from '../files/read-file.ts';
import { ConfigError } from './config-error.ts';

/** Milliseconds in which a file must not change: whoever writes it may empty it first, and an empty one is valid. */
const SETTLE = 50;

/** How often a file that changes is read again. */
const MAX_TRIES = 40;

/**
 * Loads what depends on a file when nobody is writing it.
 * @throws what `load` throws, and ConfigError when the file does not come to rest.
 */
export async function loadSettled<T>(path: string, load: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = await identityOf(path);
    await sleep(SETTLE);
    if ((await identityOf(path)) !== before) continue;
    const outcome = await load().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if ((await identityOf(path)) !== before) continue;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }
  const message = `the file changed again and again for ${(MAX_TRIES * SETTLE) / 1000} s; reload when it is complete.`;
  throw new ConfigError([{ where: path, message }]);
}

/** What tells one version of the file from another; that it cannot be read is one as well. */
async function identityOf(path: string): Promise<string> {
  try {
    return await fileIdentity(path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.kind;
  }
}
