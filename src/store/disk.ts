import { constants } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeEntry, syncDirectory } from '../files/write-file.ts';

type FileHandle = nodeFiles.FileHandle;

/** A file that grows at its end. Every error is the system's, a NodeJS.ErrnoException. */
export interface StoreFile {
  /** Bytes that were read or written whole. What a failed `append` left behind is not counted. */
  readonly size: number;
  /** The bytes from `offset`, fewer when the file ends before. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Writes at the end. After a failure the end is where it was. */
  append(bytes: Buffer): Promise<void>;
  /** Returns when what was appended survives a loss of power. */
  sync(): Promise<void>;
  /** Removes what stands after `size` bytes. */
  cut(size: number): Promise<void>;
  /** Waits for pending reads, and closes. */
  close(): Promise<void>;
}

/** What the store needs of a file system; a test gives one that fails. */
export interface StoreDisk {
  /** Creates the directory, and those above it, for its owner alone. */
  makeDirectory(path: string): Promise<void>;
  /**
   * Opens a file to read and write, or to read. `absent` when there is none, `no-file` when it is a directory or a
   * device.
   */
  open(path: string, access: 'read' | 'write'): Promise<StoreFile | 'absent' | 'no-file'>;
  /** A new and empty file that only its owner can read, in place of any that was there. */
  create(path: string): Promise<StoreFile>;
  /** Gives `from` the name `to`, whatever had it before, and returns when that survives a loss of power. */
  replace(from: string, to: string): Promise<void>;
  /** Gives `from` a name like `to-1` that nothing has, and says which. */
  setAside(from: string): Promise<string>;
  remove(path: string): Promise<void>;
}

/** The calls of `node:fs/promises` that a disk makes; a test records them. */
export type FileCalls = Pick<typeof nodeFiles, 'mkdir' | 'open' | 'rename' | 'stat' | 'unlink'>;

/** A disk over the calls of the system. */
export function createDisk(calls: FileCalls): StoreDisk {
  return {
    async makeDirectory(path) {
      await calls.mkdir(path, { recursive: true, mode: 0o700 });
    },
    async open(path, access) {
      let handle: FileHandle;
      try {
        // Without O_NONBLOCK, opening a FIFO would wait for its other end; for a regular file it means nothing.
        const flags = (access === 'write' ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK;
        handle = await calls.open(path, flags);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return 'absent';
        if (code === 'EISDIR' || code === 'ENXIO') return 'no-file';
        throw error;
      }
      const found = await handle.stat();
      if (found.isFile()) return new HandleFile(handle, found.size);
      await handle.close();
      return 'no-file';
    },
    async create(path) {
      return new HandleFile(await calls.open(path, 'w+', 0o600), 0);
    },
    async replace(from, to) {
      await calls.rename(from, to);
      await syncDirectory(dirname(to), calls);
    },
    async setAside(from) {
      for (let n = 1; n < 1000; n++) {
        const to = `${from}.set-aside-${n}`;
        if (await exists(calls, to)) continue;
        await calls.rename(from, to);
        return to;
      }
      throw new Error(`${from} was set aside too often`);
    },
    async remove(path) {
      await removeEntry(path, calls);
    },
  };
}

/** The disk of this machine. */
export const nodeDisk: StoreDisk = createDisk(nodeFiles);

class HandleFile implements StoreFile {
  readonly #handle: FileHandle;
  readonly #reads = new Set<Promise<unknown>>();
  #size: number;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const reading = readWhole(this.#handle, offset, length);
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }

  async append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#size + done);
      done += bytesWritten;
    }
    this.#size += bytes.length;
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async cut(size: number): Promise<void> {
    await this.#handle.truncate(size);
    this.#size = size;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#reads);
    await this.#handle.close();
  }
}

async function readWhole(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

async function exists(calls: FileCalls, path: string): Promise<boolean> {
  try {
    await calls.stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
