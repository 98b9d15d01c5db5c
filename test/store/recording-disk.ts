import type { FileHandle } from 'node:fs/promises';
import * as files from 'node:fs/promises';
import { basename } from 'node:path';
import { createDisk, type FileCalls, type StoreDisk } from '../../src/store/disk.ts';

/** The disk of this machine, and every call that changes it or brings it to the disk, in order: `write NAME`. */
export function recordingDisk(): { readonly disk: StoreDisk; readonly calls: string[] } {
  const calls: string[] = [];
  const recorded = (handle: FileHandle, name: string): FileHandle =>
    new Proxy(handle, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const result = await Reflect.apply(value, target, args);
          const isTold = ['write', 'truncate', 'datasync', 'sync'].includes(String(property));
          if (isTold) calls.push(`${String(property)} ${name}`);
          return result;
        };
      },
    });
  const system: FileCalls = {
    ...files,
    open: async (path, ...rest) => recorded(await files.open(path, ...rest), basename(String(path))),
    async rename(from, to) {
      await files.rename(from, to);
      calls.push(`rename ${basename(String(from))} ${basename(String(to))}`);
    },
  };
  return { disk: createDisk(system), calls };
}
