import { closeSync, openSync, readSync } from 'node:fs';
import { fileReason } from '../../files/file-reason.ts';
import { MAX_SECRET_FILE } from '../../pkarr/secret/find-secret.ts';
import { CommandError } from '../command.ts';

/**
 * The descriptor of standard input. It is read as it is: `process.stdin` would make a pipe one that says EAGAIN where its writer is
 * slow.
 */
export const STANDARD_INPUT = 0;

/**
 * The octets of a file, or of standard input for `-`, to its end.
 * @param what for messages: `key`
 * @throws CommandError, which never shows the content; also when it is longer than any secret
 */
export function readSecretFile(file: string, what: 'key' | 'passphrase'): Buffer {
  const bytes = Buffer.alloc(MAX_SECRET_FILE + 1);
  const where = file === '-' ? 'standard input' : file;
  let descriptor: number | undefined;
  let length = 0;
  try {
    descriptor = file === '-' ? STANDARD_INPUT : openSync(file, 'r');
    // A read from a pipe returns what is there; more may follow.
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === 'ENOENT' ? 'no such file' : fileReason(error);
    throw new CommandError(`Cannot read the ${what} from ${where}: ${reason}.`, { cause: error });
  } finally {
    if (descriptor !== undefined && descriptor !== STANDARD_INPUT) closeSync(descriptor);
  }
  if (length > MAX_SECRET_FILE)
    throw new CommandError(`There is no ${what} in ${where}: it is over ${MAX_SECRET_FILE} octets long.`);
  return bytes.subarray(0, length);
}
