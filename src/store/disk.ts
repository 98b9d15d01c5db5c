import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that grows at its end. Every error is the system's, a NodeJS.ErrnoException. */
export interface StoreFile {
  /** Octets that were read or written whole. What a failed `append` left behind is not counted. */
  readonly size: number;
  /** The octets from `offset`, fewer when the file ends before. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Writes at the end. After a failure the end is where it was. */
  append(bytes: Buffer): Promise<void>;
  /** Returns when what was appended survives a loss of power. */
  sync(): Promise<void>;
  /** Drops what stands after `size` octets. */
  cut(size: number): Promise<void>;
  /** Waits for reads that go on, and closes. */
  close(): Promise<void>;
}

/** What the store needs of a file system; a test gives one that fails. */
export interface StoreDisk {
  /** Makes the directory, and those above it, readable by its owner alone. */
  makeDirectory(path: string): Promise<void>;
  /**
   * Opens a file to read and write, or to read. `absent` when there is none, `no-file` when it is a directory or a
   * device.
   */
  open(path: string, access: 'read' | 'write'): Promise<StoreFile | 'absent' | 'no-file'>;
  /** A new and empty file that its owner alone can read, in place of any that was there. */
  create(path: string): Promise<StoreFile>;
  /** Gives `from` the name `to`, whatever had it before, and returns when that survives a loss of power. */
  replace(from: string, to: string): Promise<void>;
  /** Gives `from` a name like `to-1` that nothing has, and says which. */
  setAside(from: string): Promise<string>;
  remove(path: string): Promise<void>;
}

/** The disk of this machine. */
export const nodeDisk: StoreDisk = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async open(path, access) {
    let handle: FileHandle;
    try {
      // A FIFO would be waited for without O_NONBLOCK, which means nothing for a file.
      const flags = (access === 'write' ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK;
      handle = await open(path, flags);
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
    return new HandleFile(await open(path, 'w+', 0o600), 0);
  },
  async replace(from, to) {
    await rename(from, to);
    await syncDirectory(dirname(to));
  },
  async setAside(from) {
    for (let n = 1; n < 1000; n++) {
      const to = `${from}.set-aside-${n}`;
      if (await exists(to)) continue;
      await rename(from, to);
      return to;
    }
    throw new Error(`${from} has been set aside too often`);
  },
  async remove(path) {
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  },
};

/** Writes a small file whole or not at all: a reader, and a start after a crash, sees the old one or the new one. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  // Two processes that write at once must not write into one file.
  const temporary = `${path}.${process.pid}.new`;
  try {
    const file = await nodeDisk.create(temporary);
    try {
      await file.append(Buffer.from(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await nodeDisk.replace(temporary, path);
  } catch (error) {
    await nodeDisk.remove(temporary).catch(() => {}); // the first error says more
    throw error;
  }
}

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

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A new name lives in the directory, which has to reach the disk too. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
