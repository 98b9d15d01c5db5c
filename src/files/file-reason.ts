import { FileError } from './read-file.ts';

/**
 * Why a file cannot be read or written, as a clause for people without the path: `the permissions do not allow it`. What the system
 * says of an error that is rare stays as it is.
 */
export function fileReason(error: unknown): string {
  if (error instanceof FileError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons.get(code ?? '') ?? message;
}

/** What the codes of the system mean (errno(3)). */
const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or directory'],
  ['ENOTDIR', 'a part of the path is no directory'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'the permissions do not allow it'],
  // An immutable file or directory (chattr(1)), or a service that may not.
  ['EPERM', 'the system does not permit it'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
]);
