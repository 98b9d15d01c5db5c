import type { Log } from '../observe/log.ts';
import { compactionPath } from './compaction.ts';
import type { StoreDisk, StoreFile } from './disk.ts';
import type { LogSeal } from './log-format.ts';
import { StoreIndex } from './log-index.ts';
import { scanStore } from './scan-log.ts';

/** A log as it was found. */
export interface OpenedLog {
  readonly index: StoreIndex;
  /** Undefined where there is no file, or none of ours. */
  readonly found: { readonly file: StoreFile; readonly seal: LogSeal } | undefined;
  /** Appending to the file that was found will not do. */
  readonly mustRewrite: boolean;
}

/**
 * Opens the log at `path` and reads which packets it holds. With `write` a damaged tail is cut off and what is no log
 * of ours is set aside under another name; with `read` nothing is touched, since another process may be writing.
 * Never rejects: whatever is wrong is told to `log`, and the index is empty then.
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
    log.warn('The packet store cannot be read.', { path, reason: String(error) });
    return { ...nothing, index: new StoreIndex() };
  }
}

const nothing = { found: undefined, mustRewrite: true } as const;

async function open({ disk, path, access, log }: Parameters<typeof openLog>[0]): Promise<OpenedLog> {
  // A process that was killed during a compaction leaves its half.
  if (access === 'write') await disk.remove(compactionPath(path));
  const file = await disk.open(path, access);
  if (file === 'absent') return { ...nothing, index: new StoreIndex() };
  const outcome = file === 'no-file' ? ({ kind: 'foreign' } as const) : await scanOrClose(file);
  if (outcome.kind !== 'log' || file === 'no-file') {
    if (file !== 'no-file') await file.close();
    if (outcome.kind === 'foreign') {
      const kept = access === 'write' ? await disk.setAside(path) : path;
      log.warn('What is in the place of the packet store is none, or damaged; it is left as it is.', {
        kept,
      });
    }
    return { ...nothing, index: new StoreIndex() };
  }
  const { seal, index, end, skipped } = outcome;
  if (skipped > 0) log.warn('Damaged parts of the packet store are skipped.', { path, octets: skipped });
  let mustRewrite = false;
  if (end < file.size && access === 'write') {
    log.warn('The end of the packet store is damaged and is cut off.', { path, octets: file.size - end });
    mustRewrite = await file.cut(end).then(
      () => false,
      () => true, // then a whole new file takes its place
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
