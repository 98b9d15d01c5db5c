import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { FileError, readUserFile } from '../files/read-file.ts';
import { replaceFile } from '../files/write-file.ts';
import { decryptSeed, encryptSeed, isEncryptedKey } from '../pkarr/encrypted-seed.ts';
import { KeyPair } from '../pkarr/key-pair.ts';

/** Bytes of a key file that are read: 64 characters, or 280 of an encrypted key, with some text around it. */
const MAX_FILE_LENGTH = 4096;

/** A key file cannot be written or used. The message is a sentence for people and never contains the secret. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** The content of a key file that a passphrase opens; OpenSSL reads it too. */
export async function encryptedKeyFile(keyPair: KeyPair, passphrase: string): Promise<string> {
  return `Public key: ${keyPair.publicKey}\n${await encryptSeed(keyPair.exportSeed(), passphrase)}`;
}

/**
 * Writes the seed of a key as 64 hexadecimal characters, or what `encryptedKeyFile` made of it, to a new file that only its owner
 * can read and write. If it cannot be written whole, no file is left.
 * @throws KeyFileError, also when the file exists: an overwritten secret is lost.
 */
export function writeKeyFile(path: string, key: KeyPair | string): void {
  const text = contentOf(key);
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
    throw notWritten(path, error);
  }
}

/**
 * As `writeKeyFile`, in one step in the place of a file that may be there, whose secret is then lost.
 * @throws KeyFileError; then the file is as it was
 */
export async function replaceKeyFile(path: string, key: KeyPair | string): Promise<void> {
  try {
    await replaceFile(path, contentOf(key));
  } catch (error) {
    throw notWritten(path, error);
  }
}

/**
 * Whether a key file can be written there, as far as that is known before: for who would search for days first.
 * @param replaces a file that is there is no problem
 * @throws KeyFileError
 */
export function checkKeyTarget(path: string, replaces: boolean): void {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !replaces) throw Object.assign(new Error('it exists'), { code: 'EEXIST' });
    if (found?.isDirectory() === true) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw notWritten(path, error);
  }
}

function contentOf(key: KeyPair | string): string {
  return typeof key === 'string' ? key : `${Buffer.from(key.exportSeed()).toString('hex')}\n`;
}

function notWritten(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  // In a directory such as /proc no file can be made.
  const isRefused = code === 'ENOENT' && existsSync(dirname(path));
  const sentence = isRefused ? 'No file can be made there' : (sentences.get(code) ?? message);
  return new KeyFileError(`${sentence}: ${path}`, { cause: error });
}

/**
 * The key pair in a file that `writeKeyFile` wrote.
 * @param credential the file that the service manager made of it for this program. Its owner and its permissions are the
 * service manager's business: systemd 257 has it of root, with 0440.
 * @param passphrase asks for the passphrase of a file that needs one, which otherwise is refused.
 * @throws KeyFileError, also when others than the owner can read the file. What `passphrase` throws.
 */
export async function readKeyFile(
  path: string,
  credential?: string,
  passphrase?: () => Promise<string>,
): Promise<KeyPair> {
  const { bytes, mode } = await readFile(path, credential);
  const text = bytes.toString('latin1').trim();
  const isSeed = /^[0-9a-f]{64}$/i.test(text);
  // First: what is no key is no secret either, and may be there for everybody.
  if (!isSeed && !isEncryptedKey(text)) throw new KeyFileError(notAKey(path));
  if (credential === undefined && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    throw new KeyFileError(`Others can read the key in ${path} (mode ${shown}). Run: chmod 600 ${path}`);
  }
  if (isSeed) return KeyPair.fromSeed(Buffer.from(text, 'hex'));
  if (passphrase === undefined)
    throw new KeyFileError(
      `The key in ${path} is encrypted, and there is nobody to ask for its passphrase here. Give a file without one: pkarrd keygen --from ${path} --out FILE`,
    );
  const opened = await decryptSeed(text, await passphrase());
  if (opened.ok) return KeyPair.fromSeed(opened.seed);
  throw new KeyFileError(
    opened.fault === 'wrong-passphrase'
      ? `The passphrase does not open ${path}.`
      : `The key in ${path} is encrypted in another way than pkarrd does it. Import it: pkarrd keygen --from ${path}`,
  );
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
  return `${path} is not a key file: expected 64 hexadecimal characters, as written by pkarrd keygen. It makes one of keys in other forms: pkarrd keygen --from ${path}`;
}

/** What the system's error codes mean for a file that is to be written. */
const sentences: ReadonlyMap<string, string> = new Map([
  ['EEXIST', 'This file exists, and a key is not overwritten without --force'],
  ['ENOENT', 'There is no such directory'],
  ['EACCES', 'The permissions do not allow it'],
  ['ENOTDIR', 'A part of the path is no directory'],
  ['EISDIR', 'This is a directory'],
  ['EROFS', 'This file system is read-only'],
  ['ENOSPC', 'The disk is full'],
]);
