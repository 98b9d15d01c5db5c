import { fileReason } from '../files/file-reason.ts';
import type { Log } from '../observe/log.ts';
import { compactionPath } from './compaction.ts';
import type { StoreDisk, StoreFile } from './disk.ts';
import type { LogSeal } from './log-format.ts';
import { StoreIndex } from './log-index.ts';
import { scanStore } from './scan-log.ts';

/** A log as it was found. */
export interface OpenedLog {
  readonly index: StoreIndex;
  /** Undefined if there is no file, or none of ours. */
  readonly found: { readonly file: StoreFile; readonly seal: LogSeal } | undefined;
  /** The file cannot be appended to and has to be written anew. */
  readonly mustRewrite: boolean;
}

/**
 * Opens the log at `path` and reads which packets it holds. With `write` a damaged end is cut off, and a file that is not
 * a log of ours is renamed; with `read` nothing is changed, because another process may be writing. Never rejects:
 * whatever is wrong is logged, and then the index is empty.
 */
export async function openLog(options: {
  readonly disk: StoreDisk;
  readonly path: string;
  readonly access: 'read' | 'write';
  readonly log: Log;
}): Promise<OpenedLog> {
  const { path, log } = options;
  try {
    return await open(options);
  } catch (error) {
    log.warn('Cannot read the packet store.', { path, reason: fileReason(error) });
    return { ...nothing, index: new StoreIndex() };
  }
}

const nothing = { found: undefined, mustRewrite: true } as const;

async function open({ disk, path, access, log }: Parameters<typeof openLog>[0]): Promise<OpenedLog> {
  // A process that was killed during a compaction leaves an incomplete file.
  if (access === 'write') await disk.remove(compactionPath(path));
  const file = await disk.open(path, access);
  if (file === 'absent') return { ...nothing, index: new StoreIndex() };
  const outcome = file === 'no-file' ? ({ kind: 'foreign' } as const) : await scanOrClose(file);
  if (outcome.kind !== 'log' || file === 'no-file') {
    if (file !== 'no-file') await file.close();
    if (outcome.kind === 'foreign') {
      const kept = access === 'write' ? await disk.setAside(path) : path;
      log.warn(
        'The file of the packet store is damaged or not a packet store. It was kept; a new one is used.',
        {
          kept,
        },
      );
    }
    return { ...nothing, index: new StoreIndex() };
  }
  const { seal, index, end, skipped } = outcome;
  if (skipped > 0) log.warn('Skipped damaged parts of the packet store.', { path, bytes: skipped });
  let mustRewrite = false;
  if (end < file.size && access === 'write') {
    log.warn('Cut off the damaged end of the packet store.', { path, bytes: file.size - end });
    mustRewrite = await file.cut(end).then(
      () => false,
      () => true, // then it is written anew
    );
  }
  return { index, found: { file, seal }, mustRewrite };
}

async function scanOrClose(file: StoreFile): ReturnType<typeof scanStore> {
  try {
    return await scanStore(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}
