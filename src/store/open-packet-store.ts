import { join } from 'node:path';
import { fileReason } from '../files/file-reason.ts';
import { type FileLock, takeLock } from '../files/lock-file.ts';
import type { Log } from '../observe/log.ts';
import { nodeDisk, type StoreDisk } from './disk.ts';
import { LogPacketStore } from './log-packet-store.ts';
import { openLog } from './open-log.ts';
import type { PacketStore, PacketStoreOptions } from './packet-store.ts';

/**
 * Opens the store of a directory. It never rejects: whatever is wrong there is logged, and the store works in memory. It
 * reads which packets there are and verifies none yet.
 */
export async function openPacketStore(options: PacketStoreOptions): Promise<PacketStore> {
  const { directory, log, disk = nodeDisk } = options;
  const path = join(directory, 'packets.log');
  const lock = await lockDirectory(disk, directory, log);
  const opened = await openLog({ disk, path, access: lock === undefined ? 'read' : 'write', log });
  return new LogPacketStore({ ...options, disk, path, lock }, opened);
}

async function lockDirectory(disk: StoreDisk, directory: string, log: Log): Promise<FileLock | undefined> {
  try {
    await disk.makeDirectory(directory);
    const outcome = await takeLock(join(directory, 'packets.lock'));
    if (outcome.kind === 'held') return outcome.lock;
    const message = 'Another process uses the packet store; this one keeps packets in memory only.';
    log.warn(message, { directory, process: outcome.pid });
  } catch (error) {
    const message = 'Cannot write the packet store; packets are kept in memory only.';
    log.warn(message, { directory, reason: fileReason(error) });
  }
  return undefined;
}
