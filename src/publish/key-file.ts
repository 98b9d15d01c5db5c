import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { FileError, readUserFile } from '../files/read-file.ts';
import { KeyPair } from '../pkarr/key-pair.ts';

/** Bytes of a key file that are read: 64 characters, and the white space that an editor may add. */
const MAX_FILE_LENGTH = 256;

/** A key file cannot be written or used. The message is a sentence for people and never contains the secret. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/**
 * Writes the seed of a key as 64 hexadecimal characters to a new file that only its owner can read and write. If it cannot
 * be written whole, no file is left.
 * @throws KeyFileError, also when the file exists: an overwritten secret is lost.
 */
export function writeKeyFile(path: string, keyPair: KeyPair): void {
  const text = `${Buffer.from(keyPair.exportSeed()).toString('hex')}\n`;
  try {
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      for (let done = 0; done < text.length; ) done += writeSync(descriptor, text.slice(done));
      // The key is there even if the machine loses power now.
      fsyncSync(descriptor);
    } catch (error) {
      removeQuietly(path);
      throw error;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new KeyFileError(`${sentences.get(code) ?? message}: ${path}`, { cause: error });
  }
}

/**
 * The key pair in a file that `writeKeyFile` wrote.
 * @param credential the file that the service manager made of it for this program. Its owner and its permissions are the
 * service manager's business: systemd 257 has it of root, with 0440.
 * @throws KeyFileError, also when others than the owner can read the file.
 */
export async function readKeyFile(path: string, credential?: string): Promise<KeyPair> {
  const { bytes, mode } = await readFile(path, credential);
  if (credential === undefined && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    throw new KeyFileError(`Others can read the key in ${path} (mode ${shown}). Run: chmod 600 ${path}`);
  }
  const text = bytes.toString('latin1').trim();
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new KeyFileError(notAKey(path));
  return KeyPair.fromSeed(Buffer.from(text, 'hex'));
}

async function readFile(path: string, credential?: string): ReturnType<typeof readUserFile> {
  try {
    return await readUserFile(credential ?? path, { maxBytes: MAX_FILE_LENGTH });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (credential !== undefined && error.kind === 'absent') throw new KeyFileError(notGiven(path));
    const message =
      error.kind === 'too-large' ? notAKey(path) : `The key file ${path} cannot be read: ${error.message}.`;
    throw new KeyFileError(message, { cause: error });
  }
}

/** Removes a file of ours without a whole key in it, which would only be in the way of the next try. */
function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // the error of the write says more
  }
}

/** What to do about a key file that was not there, or not known, when the service was started. */
export function notGiven(path: string): string {
  return `The key file ${path} was not there when the service was started, which is when systemd reads it. Run: systemctl restart pkarrd`;
}

function notAKey(path: string): string {
  return `${path} is not a key file: expected 64 hexadecimal characters, as written by pkarrd keygen.`;
}

/** What the system's error codes mean for a file that is to be written. */
const sentences: ReadonlyMap<string, string> = new Map([
  ['EEXIST', 'This file exists, and a key is never overwritten'],
  ['ENOENT', 'There is no such directory'],
  ['EACCES', 'The permissions do not allow it'],
  ['EISDIR', 'This is a directory'],
  ['EROFS', 'This file system is read-only'],
  ['ENOSPC', 'The disk is full'],
]);
