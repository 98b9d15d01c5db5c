import { chmod, mkdir, open, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../files/write-file.ts';
import { MARK, type WantedFile } from './service.ts';

/** What happened to a file or directory. */
export interface FileStep {
  /** `kept`: it is not ours, and stays. */
  readonly action: 'written' | 'unchanged' | 'created' | 'removed' | 'kept';
  readonly path: string;
}

/** Octets of a file that are read; ours have a few thousand. */
const MOST = 1 << 20;

/**
 * Gives a file its content and mode, unless it has both, in one step. @throws the system's error
 */
export async function putFile(root: string, { path, content, mode }: WantedFile): Promise<FileStep> {
  const at = join(root, path);
  if ((await textOf(at)) === content && ((await stat(at)).mode & 0o7777) === mode)
    return { action: 'unchanged', path };
  const made = await mkdir(dirname(at), { recursive: true });
  // Whatever the umask is: every user may read units.
  for (let folder = dirname(at); made !== undefined && folder.startsWith(made); folder = dirname(folder))
    await chmod(folder, 0o755);
  await replaceFile(at, content, { mode });
  return { action: 'written', path };
}

/** Makes a directory with this mode, unless something is there. @throws the system's error */
export async function putDirectory(root: string, path: string, mode: number): Promise<FileStep> {
  const at = join(root, path);
  try {
    await mkdir(at, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { action: 'unchanged', path };
  }
  const handle = await open(at, 'r');
  try {
    await handle.chmod(mode);
  } finally {
    await handle.close();
  }
  return { action: 'created', path };
}

/** Removes a file that we wrote, and its directory if that is empty then. Undefined when there is none. @throws the system's error */
export async function removeFile(root: string, path: string): Promise<FileStep | undefined> {
  const at = join(root, path);
  const text = await textOf(at);
  if (text === undefined) return undefined;
  if (!text.includes(MARK)) return { action: 'kept', path };
  await rm(at);
  return { action: 'removed', path };
}

/** Removes a directory if it is empty. @throws the system's error */
export async function removeIfEmpty(root: string, path: string): Promise<void> {
  await rmdir(join(root, path)).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(error.code ?? '')) throw error;
  });
}

/** The text of a regular file; undefined when there is none. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size > MOST ? '' : await readFile(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
