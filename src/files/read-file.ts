import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** A regular file as it was read. */
export interface FileContent {
  readonly bytes: Buffer;
  /** Differs when the file was written or replaced: see `fileIdentity`. */
  readonly identity: string;
  /** When the content was last changed, in microseconds since 1970 by the clock of its file system. */
  readonly changedAt: bigint;
  /** Permission bits of chmod(2), for example 0o600. */
  readonly mode: number;
  /** The user id of its owner. */
  readonly owner: number;
  /** The file is longer than was allowed, and `bytes` is its start. */
  readonly isCut: boolean;
}

/**
 * Why a file cannot be read. A closed list.
 *
 * - `absent`: there is no such file. `denied`: the permissions do not allow it.
 * - `not-a-file`: a directory, a FIFO, a socket or a device.
 * - `too-large`: more bytes than the caller allows. `changing`: it was written while it was read.
 * - `timeout`: the file system does not respond. `failed`: any other error of the system.
 */
export type FileProblem =
  | 'absent'
  | 'denied'
  | 'not-a-file'
  | 'too-large'
  | 'changing'
  | 'timeout'
  | 'failed';

/** A file cannot be read. The message is a clause for people without the path: `it is not a regular file`. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly kind: FileProblem;

  constructor(kind: FileProblem, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** What is needed of a file system; a test gives one that hangs. */
export interface FileSystem {
  stat(path: string): Promise<BigIntStats>;
  open(path: string, flags: number): Promise<Pick<FileHandle, 'stat' | 'read' | 'close'>>;
}

/** Milliseconds that a file system has; a local disk needs under one. */
const TIMEOUT = 5_000;
/**
 * Reads at one time. Node runs file calls in four threads, and a call to a network file system whose server is gone keeps its
 * thread: with two at most, two threads are left for the packet store.
 */
const MAX_READING = 2;

const machine: FileSystem = { stat: (path) => stat(path, { bigint: true }), open };

/** Reads that have not ended, by path; `isLate` when nobody waits for them any more. */
const reading = new Map<string, { isLate: boolean }>();
/** Wake the reads that wait for one of them to end. */
const queue = new Set<() => void>();

/**
 * Reads a file at a path that a user chose. Whatever is there, neither this thread nor the program waits for it: a FIFO
 * or a device is refused before it is opened, and a file system that hangs is given up after five seconds.
 *
 * @param maxBytes the largest size that is read, at least 1.
 * @param mayCut of a larger file the start is read, instead of nothing.
 * @throws FileError
 */
export async function readUserFile(
  path: string,
  {
    maxBytes,
    mayCut = false,
    timeout = TIMEOUT,
    fileSystem = machine,
  }: ReadOptions & { readonly maxBytes: number; readonly mayCut?: boolean },
): Promise<FileContent> {
  return await bounded(path, timeout, async () => {
    // Opening some devices already does something, so the file is looked at before.
    requireFile(await fileSystem.stat(path));
    // If a FIFO took its place meanwhile, O_NONBLOCK opens it at once; it means nothing for a regular file.
    const handle = await fileSystem.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const before = requireFile(await handle.stat({ bigint: true }));
      if (!mayCut && before.size > BigInt(maxBytes)) throw tooLarge(maxBytes);
      const { bytes, isCut } = await readAtMost(handle, maxBytes, mayCut);
      const identity = identityOf(before);
      if (identityOf(await handle.stat({ bigint: true })) !== identity)
        throw new FileError('changing', 'it was written while it was read');
      const changedAt = before.mtimeNs / 1000n;
      return {
        bytes,
        identity,
        changedAt,
        mode: Number(before.mode) & 0o7777,
        owner: Number(before.uid),
        isCut,
      };
    } finally {
      await handle.close();
    }
  });
}

/**
 * What tells one version of a file from another: device, inode, size, and times of the last change.
 * @throws FileError
 */
export async function fileIdentity(
  path: string,
  { timeout = TIMEOUT, fileSystem = machine }: ReadOptions = {},
): Promise<string> {
  return await bounded(path, timeout, async () => identityOf(requireFile(await fileSystem.stat(path))));
}

/** How long to wait, in milliseconds, and for which file system. */
export interface ReadOptions {
  readonly timeout?: number;
  readonly fileSystem?: FileSystem;
}

/** Runs `work` when its turn comes, and gives up on it after `timeout` milliseconds. It keeps its turn until it ends. */
async function bounded<T>(path: string, timeout: number, work: () => Promise<T>): Promise<T> {
  if (reading.get(path)?.isLate) throw noResponse(timeout);
  const turn = { isLate: false };
  let isRunning = false;
  let leaveQueue = () => {};
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      turn.isLate = true;
      reject(
        isRunning ? noResponse(timeout) : new FileError('timeout', 'reads of other files have not ended'),
      );
    }, timeout);
  });
  const run = async (): Promise<T> => {
    while (reading.size >= MAX_READING || reading.has(path)) {
      await new Promise<void>((resolve) => {
        leaveQueue = () => queue.delete(resolve);
        queue.add(resolve);
      });
    }
    isRunning = true;
    reading.set(path, turn);
    try {
      return await work();
    } finally {
      reading.delete(path);
      for (const wake of queue) wake();
      queue.clear();
    }
  };
  try {
    return await Promise.race([run(), late]);
  } catch (error) {
    throw error instanceof FileError ? error : systemError(error);
  } finally {
    clearTimeout(timer);
    leaveQueue();
  }
}

function noResponse(timeout: number): FileError {
  return new FileError('timeout', `its file system did not respond within ${timeout / 1000} s`);
}

function requireFile(found: BigIntStats): BigIntStats {
  if (!found.isFile()) throw new FileError('not-a-file', 'it is not a regular file');
  return found;
}

/** The whole file, or its start. A size of 0 says nothing: files of /proc have it. */
async function readAtMost(
  handle: Pick<FileHandle, 'read'>,
  maxBytes: number,
  mayCut: boolean,
): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  for (let length = 0; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, null);
    if (bytesRead === 0) return { bytes: Buffer.concat(chunks), isCut: false };
    length += bytesRead;
    chunks.push(buffer.subarray(0, bytesRead));
    if (length <= maxBytes) continue;
    if (!mayCut) throw tooLarge(maxBytes);
    return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isCut: true };
  }
}

/** Bytes that are read at once. */
const CHUNK = 64 * 1024;

function tooLarge(maxBytes: number): FileError {
  return new FileError('too-large', `it is over ${maxBytes} bytes long`);
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function systemError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new FileError('absent', 'there is no such file', { cause: error });
  if (code === 'EACCES' || code === 'EPERM')
    return new FileError('denied', 'the permissions do not allow reading it', { cause: error });
  return new FileError('failed', message, { cause: error });
}
