import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { KeyPair } from '../pkarr/key-pair.ts';

/** Octets that are read of a key's file: 64 characters, and what white space an editor may add. */
const MAX_FILE_LENGTH = 256;

/** A file of a key cannot be written or used: one sentence for people, never with the secret in it. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/**
 * Writes the seed of a key as 64 hexadecimal characters to a new file that its owner alone can read and write.
 * @throws KeyFileError, also when the file exists: a secret that is overwritten is lost.
 */
export function writeKeyFile(path: string, keyPair: KeyPair): void {
  withFile(path, 'wx', 0o600, (descriptor) => {
    writeSync(descriptor, `${Buffer.from(keyPair.exportSeed()).toString('hex')}\n`);
    // What is told to be kept is kept, even if the machine stops now.
    fsyncSync(descriptor);
  });
}

/**
 * The key pair in a file that `writeKeyFile` wrote.
 * @throws KeyFileError, also when others than the owner can read the file.
 */
export function readKeyFile(path: string): KeyPair {
  return withFile(path, 'r', 0, (descriptor) => {
    const { mode } = fstatSync(descriptor);
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      throw new KeyFileError(`Others can read the key in ${path} (mode ${shown}); run: chmod 600 ${path}`);
    }
    const bytes = Buffer.alloc(MAX_FILE_LENGTH);
    const text = bytes.toString('latin1', 0, readSync(descriptor, bytes)).trim();
    if (!/^[0-9a-f]{64}$/i.test(text)) {
      throw new KeyFileError(
        `${path} holds no key; a key's file has 64 hexadecimal characters, as keygen writes it.`,
      );
    }
    return KeyPair.fromSeed(Buffer.from(text, 'hex'));
  });
}

function withFile<T>(path: string, flags: string, mode: number, use: (descriptor: number) => T): T {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, flags, mode);
    return use(descriptor);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new KeyFileError(`${sentences.get(code) ?? (error as Error).message}: ${path}`, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** What the system's codes mean here. */
const sentences: ReadonlyMap<string, string> = new Map([
  ['EEXIST', 'This file exists, and a key is never overwritten'],
  ['ENOENT', 'There is no such file or directory'],
  ['EACCES', 'The permissions do not allow it'],
  ['EISDIR', 'This is a directory'],
  ['EROFS', 'Nothing can be written there'],
]);
