import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../src/observe/log.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { nodeDisk, type StoreDisk, type StoreFile } from '../../src/store/disk.ts';
import {
  decodeHead,
  encodeNoteFrame,
  encodePacketFrame,
  keyIdOf,
  newSeal,
} from '../../src/store/log-format.ts';
import { openPacketStore } from '../../src/store/open-packet-store.ts';
import { ageOf, storeArchive } from '../../src/store/packet-archive.ts';
import type { PacketStore } from '../../src/store/packet-store.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { fc } from '../support/property.ts';
import { randomFrom } from '../support/random.ts';

const base = mkdtempSync(join(tmpdir(), 'pkarrd-store-'));
after(() => rmSync(base, { recursive: true }));
let directories = 0;

/** A directory of its own, the warnings of whoever opens a store there, and time that the test moves. */
function scene() {
  const directory = join(base, `${++directories}`);
  const warnings: string[] = [];
  const log: Log = {
    error: (message, fields) => assert.fail(`${message} ${JSON.stringify(fields)}`),
    warn: (message) => warnings.push(message),
    info: () => {},
    debug: () => {},
  };
  const clock = { now: 0, wall: 1_700_000_000_000 };
  return {
    directory,
    path: join(directory, 'packets.log'),
    warnings,
    clock,
    open: (options: { readonly maxBytes?: number; readonly disk?: StoreDisk } = {}) =>
      openPacketStore({
        directory,
        maxBytes: 1_000_000,
        log,
        now: () => clock.now,
        nowWall: () => clock.wall,
        randomBytes,
        ...options,
      }),
  };
}

async function timestampOf(store: PacketStore, n: number): Promise<number | undefined> {
  const stored = await store.get(testKey(n).publicKey);
  return stored && Number(stored.packet.timestamp / 1_000_000n);
}

test('what was put is there after a restart, with the time it was seen at', async () => {
  const { open } = scene();
  const store = await open();
  assert.equal(await store.put(signedPacket(testKey(1), 100), 5_000), 'durable');
  await store.close();
  const again = await open();
  const stored = await again.get(testKey(1).publicKey);
  assert.deepEqual(stored?.packet.toBytes(), signedPacket(testKey(1), 100).toBytes());
  assert.equal(stored?.lastSeenWall, 5_000);
  assert.equal(await again.get(testKey(2).publicKey), undefined);
  assert.equal(again.mayHold(testKey(2).publicKey), false);
  await again.close();
});

test('an older packet does not replace a newer one, in one run or in the next', async () => {
  const { open } = scene();
  const store = await open();
  await store.put(signedPacket(testKey(1), 200), 1);
  assert.equal(await store.put(signedPacket(testKey(1), 100), 2), 'superseded');
  await store.close();
  const again = await open();
  assert.equal(await again.put(signedPacket(testKey(1), 100), 3), 'superseded');
  assert.equal(await timestampOf(again, 1), 200);
  await again.close();
});

test('on equal timestamps the larger message stays, whichever came first, over a restart too', async () => {
  const key = testKey(1);
  const twins = ['192.0.2.1', '192.0.2.2'].map((address) =>
    signedPacket(key, 100, [aRecord(key.publicKey.text, address)]),
  );
  for (const order of [twins, [...twins].reverse()]) {
    const { open } = scene();
    for (const packet of order) {
      const store = await open();
      await store.put(packet, 1);
      await store.close();
    }
    const store = await open();
    assert.deepEqual((await store.get(key.publicKey))?.packet.toBytes(), twins[1]?.toBytes());
    await store.close();
  }
});

test('a packet that is seen again takes the place of a few octets, and none within a minute', async () => {
  const { open } = scene();
  const store = await open();
  await store.put(signedPacket(testKey(1), 100), 0);
  const size = store.statistics().fileSize;
  await store.put(signedPacket(testKey(1), 100), 59_000);
  assert.equal(store.statistics().fileSize, size);
  await store.put(signedPacket(testKey(1), 100), 61_000);
  assert.ok(store.statistics().fileSize - size < 64);
  await store.close();
  const again = await open();
  assert.equal((await again.get(testKey(1).publicKey))?.lastSeenWall, 61_000);
  await again.close();
});

test('opening verifies nothing, so that 10,000 packets do not keep the first answer waiting', async () => {
  const { open, path } = scene();
  const store = await open({ maxBytes: 20_000_000 });
  await store.put(signedPacket(testKey(1), 100), 1);
  await store.close();
  const head = decodeHead(readFileSync(path).subarray(0, 28));
  assert.ok(head);
  const frames = Array.from({ length: 10_000 }, () =>
    encodePacketFrame(head, randomBytes(300).fill(0, 96, 104), 1),
  );
  writeFileSync(path, Buffer.concat([readFileSync(path), ...frames]));
  const began = performance.now();
  const again = await open({ maxBytes: 20_000_000 });
  const took = performance.now() - began;
  assert.equal(again.statistics().keys, 10_001);
  assert.equal(await timestampOf(again, 1), 100);
  // Verifying them would take 23 s.
  assert.ok(took < 5_000, `${took} ms`);
  await again.close();
});

test('a record that is no signed packet is not served, and makes way for the one before it', async () => {
  const { open, path, warnings } = scene();
  const store = await open();
  await store.put(signedPacket(testKey(1), 100), 1);
  await store.close();
  const seal = decodeHead(readFileSync(path).subarray(0, 28));
  assert.ok(seal);
  const forged = signedPacket(testKey(1), 300).toBytes();
  forged[40] = (forged[40] ?? 0) ^ 1;
  writeFileSync(path, Buffer.concat([readFileSync(path), encodePacketFrame(seal, forged, 2)]));
  const again = await open();
  assert.equal(await again.put(signedPacket(testKey(1), 200), 3), 'durable');
  assert.equal(await timestampOf(again, 1), 200);
  await again.close();
  const third = await open();
  assert.equal(await timestampOf(third, 1), 200);
  assert.equal(third.statistics().unverifiable, 0);
  assert.ok(warnings.length > 0);
  await third.close();
});

test('a frame that somebody puts into his packet is not found when the one around it is damaged', async () => {
  const victim = testKey(9).publicKey;
  for (const knowsTheSeal of [false, true]) {
    const { open, path } = scene();
    const store = await open();
    await store.put(signedPacket(testKey(1), 100), 1);
    const own = decodeHead(readFileSync(path).subarray(0, 28));
    assert.ok(own);
    const seal = knowsTheSeal ? own : newSeal(randomBytes(8));
    const keyId = keyIdOf(victim);
    const frame = encodeNoteFrame(seal, { kind: 'dropped', keyId, timestamp: 2n ** 60n, lastSeen: 1 });
    // A DNS message without records, and octets after it.
    const message = Buffer.concat([Buffer.from([0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]), frame]);
    await store.put(SignedPacket.sign(testKey(2), message, 5n), 1);
    await store.put(signedPacket(testKey(3), 100), 1);
    await store.close();
    const bytes = readFileSync(path);
    const at = bytes.indexOf(Buffer.from(testKey(2).publicKey.toBytes()));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const again = await open();
    assert.equal(await timestampOf(again, 3), 100);
    // Whoever could read the file would succeed; it is its owner's alone.
    assert.equal(again.floor(victim), knowsTheSeal ? 2n ** 60n : undefined);
    await again.close();
  }
});

test('the store stays within its bound, what was seen longest ago goes first, and no key goes back in time', async () => {
  const { open, path, clock } = scene();
  const maxBytes = 16_384;
  const store = await open({ maxBytes });
  for (let n = 1; n <= 120; n++) {
    clock.wall += 1000;
    await store.put(signedPacket(testKey(n), 100), clock.wall);
    assert.ok(statSync(path).size <= maxBytes + 1200);
  }
  await store.close();
  const again = await open({ maxBytes });
  const { keys, droppedKeys } = again.statistics();
  assert.ok(keys > 20 && keys < 120 && droppedKeys > 5, `${keys} kept, ${droppedKeys} dropped`);
  assert.equal(await timestampOf(again, 120), 100);
  assert.equal(await timestampOf(again, 1), undefined);
  const dropped = Array.from({ length: 120 }, (_, n) => testKey(n + 1)).filter(
    ({ publicKey }) => again.floor(publicKey) !== undefined,
  );
  assert.equal(dropped.length, droppedKeys);
  const [one] = dropped;
  assert.ok(one);
  assert.equal(again.floor(one.publicKey), 100_000_000n);
  assert.equal(await again.put(signedPacket(one, 99), clock.wall), 'superseded');
  assert.equal(await again.put(signedPacket(one, 100), clock.wall), 'durable');
  assert.equal(again.floor(one.publicKey), undefined);
  await again.close();
});

test('a file of something else is set aside and not destroyed, and the store begins anew', async () => {
  for (const content of [
    'not a store at all, but somebody wanted it',
    'x'.repeat(100_000),
    'pkarrd packets\0\u0002rest',
  ]) {
    const { open, directory, path, warnings } = scene();
    mkdirSync(directory);
    writeFileSync(path, content);
    const store = await open();
    assert.equal(await store.put(signedPacket(testKey(1), 100), 1), 'durable');
    await store.close();
    assert.equal(readFileSync(`${path}.set-aside-1`, 'latin1'), content);
    assert.equal(warnings.length, 1);
    const again = await open();
    assert.equal(await timestampOf(again, 1), 100);
    await again.close();
  }
});

test('a damaged end is cut off with a warning, and what follows stands where it was', async () => {
  const { open, path, warnings } = scene();
  const store = await open();
  await store.put(signedPacket(testKey(1), 100), 1);
  await store.put(signedPacket(testKey(2), 100), 1);
  await store.close();
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length - 5));
  const again = await open();
  assert.equal(warnings.length, 1);
  assert.ok(statSync(path).size < whole.length - 100);
  assert.equal(await again.put(signedPacket(testKey(2), 100), 1), 'durable');
  await again.close();
  assert.deepEqual(readFileSync(path), whole);
});

test('a FIFO in the place of the file or of the lock holds nothing up', async () => {
  const first = scene();
  mkdirSync(first.directory);
  execFileSync('mkfifo', [first.path]);
  const store = await first.open();
  assert.equal(await store.put(signedPacket(testKey(1), 100), 1), 'durable');
  await store.close();
  const second = scene();
  mkdirSync(second.directory);
  execFileSync('mkfifo', [join(second.directory, 'packets.lock')]);
  const inMemory = await second.open();
  assert.equal(await inMemory.put(signedPacket(testKey(1), 100), 1), 'memory');
  assert.match(second.warnings[0] ?? '', /Cannot write the packet store/);
  await inMemory.close();
});

test('a directory in the place of the file is set aside', async () => {
  const { open, path } = scene();
  mkdirSync(path, { recursive: true });
  const store = await open();
  assert.equal(await store.put(signedPacket(testKey(1), 100), 1), 'durable');
  await store.close();
  assert.ok(statSync(`${path}.set-aside-1`).isDirectory());
});

test('where no directory can be made, the store works in memory, warns once, and does not go back in time', async () => {
  const { open, directory, warnings } = scene();
  writeFileSync(directory, 'a file');
  const store = await open();
  assert.equal(await store.put(signedPacket(testKey(1), 200), 1), 'memory');
  assert.equal(await store.put(signedPacket(testKey(1), 100), 1), 'superseded');
  assert.equal(await timestampOf(store, 1), 200);
  assert.equal(store.statistics().state, 'read-only');
  assert.equal(warnings.filter((message) => message.includes('Cannot write')).length, 1);
  await store.close();
});

test('a second process on the same directory reads, writes nothing and says so', async () => {
  const { open, warnings, path } = scene();
  const first = await open();
  await first.put(signedPacket(testKey(1), 100), 1);
  const second = await open();
  assert.match(warnings.join(), /Another process/);
  assert.equal(await timestampOf(second, 1), 100);
  const size = statSync(path).size;
  assert.equal(await second.put(signedPacket(testKey(2), 100), 1), 'memory');
  assert.equal(await timestampOf(second, 2), 100);
  assert.equal(statSync(path).size, size);
  await second.close();
  assert.equal(await first.put(signedPacket(testKey(3), 100), 1), 'durable');
  await first.close();
  assert.deepEqual(readdirSync(join(path, '..')), ['packets.log']);
});

test('a lock whose process is gone, or whose number another process got, is taken over', async () => {
  const child = spawn(process.execPath, ['--eval', '']);
  await new Promise((resolve) => child.once('exit', resolve));
  for (const content of [
    `${child.pid} 123 1\n`,
    `${process.ppid} 1 1\n`,
    `${process.pid} 1 1\n`,
    'garbage',
    '',
  ]) {
    const { open, directory, warnings } = scene();
    mkdirSync(directory);
    writeFileSync(join(directory, 'packets.lock'), content);
    const store = await open();
    assert.equal(await store.put(signedPacket(testKey(1), 100), 1), 'durable', content);
    assert.deepEqual(warnings, []);
    await store.close();
    assert.equal(existsSync(join(directory, 'packets.lock')), false);
  }
});

test('a store whose lock somebody took makes no new file in the place of the other one', async () => {
  const { open, directory, path, warnings } = scene();
  const store = await open({ maxBytes: 16_384 });
  await store.put(signedPacket(testKey(1), 100), 1);
  writeFileSync(join(directory, 'packets.lock'), '1 1 1\n');
  const head = readFileSync(path).subarray(0, 28);
  for (let n = 2; n <= 120; n++) await store.put(signedPacket(testKey(n), 100), 1);
  assert.deepEqual(readFileSync(path).subarray(0, 28), head);
  assert.match(warnings.join(), /Another process took the packet store/);
  assert.equal(store.statistics().state, 'read-only');
  assert.equal(await timestampOf(store, 120), 100);
  await store.close();
  assert.equal(readFileSync(join(directory, 'packets.lock'), 'latin1'), '1 1 1\n');
});

test('nobody but the owner can read which keys were looked for, whatever the umask is', async (t) => {
  const { open, path, directory } = scene();
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const store = await open();
  await store.put(signedPacket(testKey(1), 100), 1);
  await store.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

/** A disk whose writes or syncs fail while the test says so; a write that fails leaves half of itself behind. */
function failingDisk() {
  let held = Promise.resolve();
  const state = {
    fails: 'nothing' as 'nothing' | 'append' | 'sync',
    /** Holds up every sync until what this gives is called. */
    holdSync(): () => void {
      let release = () => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const failing = (file: StoreFile): StoreFile => ({
    get size() {
      return file.size;
    },
    read: (offset, length) => file.read(offset, length),
    async append(bytes) {
      if (state.fails !== 'append') return await file.append(bytes);
      const { size } = file;
      await file.append(bytes.subarray(0, bytes.length / 2));
      await file.cut(size).catch(() => {});
      throw full;
    },
    async sync() {
      await held;
      if (state.fails === 'sync') throw full;
      await file.sync();
    },
    cut: (size) => file.cut(size),
    close: () => file.close(),
  });
  const disk: StoreDisk = {
    ...nodeDisk,
    async open(path, access) {
      const file = await nodeDisk.open(path, access);
      return typeof file === 'string' ? file : failing(file);
    },
    create: async (path) => failing(await nodeDisk.create(path)),
  };
  return { disk, state };
}

for (const fails of ['append', 'sync'] as const) {
  test(`when the disk refuses (${fails}) packets are held in memory, and written when it takes them again`, async () => {
    const { open, clock, warnings } = scene();
    const { disk, state } = failingDisk();
    const store = await open({ disk });
    assert.equal(await store.put(signedPacket(testKey(1), 100), 1), 'durable');
    state.fails = fails;
    assert.equal(await store.put(signedPacket(testKey(1), 200), 1), 'memory');
    assert.equal(await store.put(signedPacket(testKey(2), 200), 1), 'memory');
    assert.equal(await store.put(signedPacket(testKey(1), 150), 1), 'superseded');
    assert.equal(await timestampOf(store, 1), 200);
    assert.equal(warnings.length, 1);
    clock.now += 31_000;
    assert.equal(await store.put(signedPacket(testKey(3), 200), 1), 'memory');
    assert.equal(warnings.length, 1);
    state.fails = 'nothing';
    clock.now += 31_000;
    assert.equal(await store.put(signedPacket(testKey(4), 200), 1), 'durable');
    assert.equal(store.statistics().keysInMemory, 0);
    assert.equal(store.statistics().state, 'writing');
    await store.close();
    const again = await open();
    for (const n of [1, 2, 3, 4]) assert.equal(await timestampOf(again, n), 200);
    await again.close();
  });
}

test('a slow sync holds up who waits for the disk, and not who waits for the write, whose packets are kept if it fails', async () => {
  const { open, clock } = scene();
  const { disk, state } = failingDisk();
  const store = await open({ disk });
  await store.put(signedPacket(testKey(1), 100), 1);
  const release = state.holdSync();
  // The first of them has its sync held up behind it.
  for (const n of [2, 3, 4])
    assert.equal(await store.put(signedPacket(testKey(n), 100), 1, 'written'), 'written');
  const durable = store.put(signedPacket(testKey(5), 100), 1);
  assert.equal(await Promise.race([durable, sleep(50)]), undefined);
  state.fails = 'sync';
  release();
  assert.equal(await durable, 'memory');
  for (const n of [2, 3, 4, 5]) assert.equal(await timestampOf(store, n), 100);
  assert.equal(store.statistics().state, 'waiting');
  state.fails = 'nothing';
  clock.now += 31_000;
  assert.equal(await store.put(signedPacket(testKey(6), 100), 1), 'durable');
  assert.equal(store.statistics().keysInMemory, 0);
  await store.close();
  const again = await open();
  for (const n of [1, 2, 3, 4, 5, 6]) assert.equal(await timestampOf(again, n), 100);
  await again.close();
});

test('whatever is damaged or missing: the store opens, serves no packet that is none, and keeps what is whole', async () => {
  const { open, directory, path } = scene();
  const store = await open();
  // Two packets of each key: the older one is in the file, and must not come back while the newer one is whole.
  for (const timestamp of [100, 200]) {
    for (let n = 1; n <= 6; n++) await store.put(signedPacket(testKey(n), timestamp), timestamp);
  }
  await store.close();
  const whole = readFileSync(path);
  const newest = Array.from({ length: 6 }, (_, n) =>
    Buffer.from(signedPacket(testKey(n + 1), 200).toBytes()),
  );
  const damage = fc.record({
    cutAt: fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
    flips: fc.array(fc.record({ at: fc.nat(whole.length - 1), with: fc.integer({ min: 1, max: 255 }) }), {
      maxLength: 4,
    }),
    inserted: fc.option(fc.record({ at: fc.nat(whole.length), bytes: fc.uint8Array({ maxLength: 40 }) })),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ cutAt, flips, inserted }) => {
      let bytes = Buffer.from(whole);
      for (const flip of flips) bytes[flip.at] = (bytes[flip.at] ?? 0) ^ flip.with;
      bytes = bytes.subarray(0, cutAt);
      if (inserted !== null) {
        bytes = Buffer.concat([bytes.subarray(0, inserted.at), inserted.bytes, bytes.subarray(inserted.at)]);
      }
      const headIsWhole = bytes.subarray(0, 28).equals(whole.subarray(0, 28));
      rmSync(directory, { recursive: true });
      mkdirSync(directory);
      writeFileSync(path, bytes);
      const damaged = await open();
      for (const [at, packet] of newest.entries()) {
        const key = testKey(at + 1).publicKey;
        const stored = await damaged.get(key);
        if (headIsWhole && bytes.includes(packet)) {
          const frameIsWhole = bytes.includes(frameAround(whole, packet));
          if (frameIsWhole) assert.equal(stored?.packet.timestamp, 200_000_000n);
        }
        if (stored === undefined) continue;
        assert.ok(SignedPacket.fromBytes(stored.packet.toBytes()).ok);
        assert.ok(stored.packet.key.equals(key));
      }
      // And it goes on from there.
      assert.equal(await damaged.put(signedPacket(testKey(7), 300), 1), 'durable');
      await damaged.close();
      const again = await open();
      assert.equal(await timestampOf(again, 7), 300);
      await again.close();
    }),
    { numRuns: 60 },
  );
});

function frameAround(file: Buffer, packet: Buffer): Buffer {
  const at = file.indexOf(packet);
  return file.subarray(at - 17, at + packet.length);
}

test('killed at any moment, the store loses nothing that was acknowledged and no key goes back in time', async () => {
  const { directory, open, path } = scene();
  const keys = 8;
  const acknowledged = new Map<number, number>();
  const seen = new Map<number, number>();
  const random = randomFrom(20_260_101);
  let writes = 0;
  let compacted = 0;
  let seal = Buffer.alloc(0);
  for (let round = 0; round < 40; round++) {
    const first = Math.max(0, ...acknowledged.values(), ...seen.values()) + 1;
    writes += await killedAfter(directory, {
      first,
      keys,
      lines: Math.floor(random() * 90),
      delay: random() * 4,
      acknowledged,
    });
    // Every compaction draws a new seal, so the file tells whether the process that was killed made one.
    const head = existsSync(path) ? readFileSync(path).subarray(0, 28) : seal;
    if (seal.length > 0 && !head.equals(seal)) compacted++;
    const store = await open({ maxBytes: 1_000_000 });
    assert.equal(store.statistics().state, 'writing', `round ${round}`);
    for (let n = 1; n <= keys; n++) {
      const timestamp = (await timestampOf(store, n)) ?? 0;
      assert.ok(
        timestamp >= (acknowledged.get(n) ?? 0),
        `key ${n} lost an acknowledged packet in round ${round}`,
      );
      assert.ok(timestamp >= (seen.get(n) ?? 0), `key ${n} went back in time in round ${round}`);
      seen.set(n, timestamp);
    }
    assert.equal(store.statistics().unverifiable, 0);
    await store.close();
    seal = readFileSync(path).subarray(0, 28);
  }
  assert.ok(compacted >= 5, `${compacted} compactions`);
  assert.ok(writes >= 300, `${writes} acknowledged writes`);
});

/** Starts a process that puts packets, kills it when it has acknowledged so many and a little later, and reads all it said. */
async function killedAfter(
  directory: string,
  options: {
    readonly first: number;
    readonly keys: number;
    readonly lines: number;
    readonly delay: number;
    readonly acknowledged: Map<number, number>;
  },
): Promise<number> {
  const program = fileURLToPath(import.meta.url).replace('packet-store.test', 'packet-store-child');
  const child = spawn(
    process.execPath,
    [program, directory, `${options.first}`, `${options.keys}`, '16384'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_, signal) => resolve(signal)),
  );
  let lines = 0;
  let killing: Promise<void> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, n, timestamp] = /^(\d+) (\d+)$/.exec(line) ?? assert.fail(line);
    options.acknowledged.set(Number(n), Number(timestamp));
    if (++lines >= options.lines) killing ??= sleep(options.delay).then(() => void child.kill('SIGKILL'));
  }
  await killing;
  assert.equal(await exited, 'SIGKILL', 'The process ended by itself.');
  return lines;
}

test('an age is known only when the clock has not been set back behind what was seen', () => {
  assert.equal(ageOf(1_000, { nowWall: 301_000, latestSeenWall: 200_000 }), 300_000);
  assert.equal(ageOf(1_000, { nowWall: 500, latestSeenWall: 30_000 }), 0);
  assert.equal(ageOf(1_000, { nowWall: 2_000, latestSeenWall: 200_000 }), Number.POSITIVE_INFINITY);
});

test('a packet comes back from the archive as old as it is, and of unknown age after the clock was set back', async () => {
  const { open, clock } = scene();
  const clocks = { now: () => clock.now, nowWall: () => clock.wall };
  const store = await open();
  const archive = storeArchive(store, clocks);
  await archive.note({ packet: signedPacket(testKey(1), 100), lastSeen: clock.now });
  clock.now += 10_000;
  clock.wall += 10_000;
  await archive.note({ packet: signedPacket(testKey(2), 100), lastSeen: clock.now });
  await store.close();

  // The next run: its clock begins at another place.
  clock.now = 5;
  clock.wall += 100_000;
  const again = await open();
  const recalled = storeArchive(again, clocks);
  assert.equal((await recalled.recall(testKey(1).publicKey))?.lastSeen, 5 - 110_000);
  assert.equal((await recalled.recall(testKey(2).publicKey))?.lastSeen, 5 - 100_000);
  clock.wall = 86_400_000;
  const held = await recalled.recall(testKey(1).publicKey);
  assert.equal(held?.lastSeen, Number.NEGATIVE_INFINITY);
  assert.equal(held?.packet.timestamp, 100_000_000n);
  await again.close();
});

test('a clock that was wrong once does not make every later age unknown', async () => {
  const { open, clock } = scene();
  const store = await open({ maxBytes: 16_384 });
  const now = clock.wall;
  await store.put(signedPacket(testKey(1), 100), now + 10 ** 12);
  assert.equal(store.latestSeenWall, now + 10 ** 12);
  for (let n = 2; n < 120; n++) await store.put(signedPacket(testKey(n), 100), now);
  assert.ok(store.statistics().compactions > 1);
  assert.ok(store.latestSeenWall <= now);
  await store.close();
});

test('many who ask the archive for one packet share the work of verifying it', async () => {
  const { open, clock } = scene();
  const store = await open();
  await store.put(signedPacket(testKey(1), 100), clock.wall);
  const archive = storeArchive(store, { now: () => clock.now, nowWall: () => clock.wall });
  const all = await Promise.all(Array.from({ length: 20 }, () => archive.recall(testKey(1).publicKey)));
  assert.equal(new Set(all.map((held) => held?.packet)).size, 1);
  await store.close();
});
