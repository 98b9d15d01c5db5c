import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLog } from '../../src/observe/log.ts';
import { nodeDisk } from '../../src/store/disk.ts';
import { openPacketStore } from '../../src/store/open-packet-store.ts';
import { signedPacket, testKey } from '../support/packets.ts';
import { recordingDisk } from './recording-disk.ts';

const base = mkdtempSync(join(tmpdir(), 'pkarrd-disk-'));
after(() => rmSync(base, { recursive: true }));

test('directories that are made are for their owner alone, whatever the umask is', async () => {
  const before = process.umask(0);
  try {
    await nodeDisk.makeDirectory(join(base, 'outer/inner'));
  } finally {
    process.umask(before);
  }
  for (const path of ['outer', 'outer/inner']) assert.equal(statSync(join(base, path)).mode & 0o777, 0o700);
});

test('a packet is acknowledged when it is on the disk, and a new log when its name is too', async () => {
  const { disk, calls } = recordingDisk();
  const directory = join(base, 'store');
  const store = await openPacketStore({
    directory,
    maxBytes: 16_384,
    log: silentLog,
    now: () => 0,
    nowWall: () => 1_700_000_000_000,
    randomBytes,
    disk,
  });
  assert.equal(await store.put(signedPacket(testKey(1), 100), 1), 'durable');
  // The log is made at the first put, empty.
  const made = [
    'write packets.log.new',
    'datasync packets.log.new',
    'rename packets.log.new packets.log',
    'sync store',
  ];
  // The file keeps the handle under which it was made.
  const put = ['write packets.log.new', 'datasync packets.log.new'];
  assert.deepEqual(calls, [...made, ...put]);
  calls.length = 0;
  assert.equal(await store.put(signedPacket(testKey(2), 100), 2), 'durable');
  assert.deepEqual(calls, put);
  calls.length = 0;
  // Enough versions of one key for a compaction.
  for (let n = 0; n < 120; n++) await store.put(signedPacket(testKey(1), 200 + n), 3 + n);
  const renamed = calls.indexOf('rename packets.log.new packets.log');
  assert.deepEqual(calls.slice(renamed - 1, renamed + 2), made.slice(1));
  assert.equal(calls[renamed - 2], 'write packets.log.new');
  await store.close();
});
