import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** A file that is to be written. */
export interface NewFile {
  readonly name: string;
  readonly content: string;
  /** Permission bits of chmod(2), whatever the umask is. */
  readonly mode: number;
}

/** Files cannot be written. The message is a sentence for people; nothing was changed. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
}

/** Whether files that exist are replaced. */
export interface WriteOptions {
  readonly force: boolean;
}

/**
 * Writes files into a directory, all or none of them. A directory that is not there is made with them in it, in one step, so
 * that not even a power failure leaves half of them; only its owner can enter it. In one that is there, other files stay.
 * @throws WriteError
 */
export function writeDirectory(path: string, files: readonly NewFile[], { force }: WriteOptions): void {
  const directory = resolve(path);
  explained(path, () => {
    const found = statOf(directory, statSync);
    if (found === undefined) return makeDirectory(directory, files);
    if (!found.isDirectory()) throw new WriteError(`This is not a directory: ${path}`);
    if ((found.mode & 0o022) !== 0) {
      const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
      throw new WriteError(
        `Others can write to ${path} (mode ${mode}), and could replace the files. Use another directory.`,
      );
    }
    putFiles(directory, files, { force });
  });
}

/** Writes one file. @throws WriteError */
export function writeOneFile(path: string, file: Omit<NewFile, 'name'>, options: WriteOptions): void {
  const whole = resolve(path);
  explained(path, () => putFiles(dirname(whole), [{ ...file, name: basename(whole) }], options));
}

/** Makes the directory under another name and renames it; rename(2) refuses if another one with files came meanwhile. */
function makeDirectory(directory: string, files: readonly NewFile[]): void {
  const parent = dirname(directory);
  mkdirSync(parent, { recursive: true });
  const temporary = temporaryBeside(directory);
  mkdirSync(temporary, { mode: 0o700 });
  try {
    for (const file of files) writeNew(join(temporary, file.name), file);
    syncDirectory(temporary);
    renameSync(temporary, directory);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  syncDirectory(parent);
}

/** Writes all under other names first. What can fail then is over, but for what the system may refuse to rename. */
function putFiles(directory: string, files: readonly NewFile[], { force }: WriteOptions): void {
  const steps = files.map((file) => {
    const path = join(directory, file.name);
    return { file, path, temporary: temporaryBeside(path), old: statOf(path, lstatSync) };
  });
  for (const { path, old } of steps) if (old !== undefined) requireReplaceable(path, old, force);
  const done: string[] = [];
  try {
    for (const { file, temporary } of steps) writeNew(temporary, file);
    for (const { path, temporary } of steps) {
      if (force) renameSync(temporary, path);
      else putNew(temporary, path);
      done.push(path);
    }
    syncDirectory(directory);
  } catch (error) {
    if (!force) for (const path of done) rmSync(path, { force: true });
    throw error;
  } finally {
    for (const { temporary } of steps) rmSync(temporary, { force: true });
  }
}

/** Unlike rename(2), link(2) never replaces what came meanwhile. Some file systems, such as vfat, have no links. */
function putNew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    renameSync(temporary, path);
  }
}

/** Not a device such as /dev/null, and not a link, which may lead to a file of another program. */
function requireReplaceable(path: string, old: Stats, force: boolean): void {
  if (old.isDirectory()) throw new WriteError(`This is a directory: ${path}`);
  if (!old.isFile()) throw new WriteError(`This is not a regular file: ${path}`);
  if (!force) throw new WriteError(`This file exists; add --force to replace it: ${path}`);
}

/** Writes a file that is on the disk before this returns. */
function writeNew(path: string, { content, mode }: NewFile): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(descriptor, content);
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A name that nobody else uses, and that no program reads from a directory of certificates. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
}

function statOf(path: string, stat: (path: string) => Stats): Stats | undefined {
  try {
    return stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Signals that would end the program in the middle. One that comes during the milliseconds of a write is too late. */
const held = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `write`, which signals do not interrupt, and makes its errors sentences. */
function explained(path: string, write: () => void): void {
  const wait = () => {};
  for (const signal of held) process.on(signal, wait);
  try {
    write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new WriteError(`${sentences.get(code) ?? message}: ${path}`, { cause: error });
  } finally {
    for (const signal of held) process.off(signal, wait);
  }
}

/** What the system's error codes mean for files that are to be written. */
const sentences: ReadonlyMap<string, string> = new Map([
  ['EEXIST', 'Something came to be there at the same time'],
  ['ENOTEMPTY', 'Something came to be there at the same time'],
  ['ENOENT', 'There is no such directory'],
  ['ENOTDIR', 'A part of this path is not a directory'],
  ['EACCES', 'The permissions do not allow it'],
  ['EPERM', 'The permissions do not allow it'],
  ['EISDIR', 'This is a directory'],
  ['EROFS', 'This file system is read-only'],
  ['ENOSPC', 'The disk is full'],
]);
