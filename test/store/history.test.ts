import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createLog } from '../../src/observe/log.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { MAX_KEYS, MAX_PACKETS, PacketHistory } from '../../src/store/history.ts';
import { signedPacket, testKey } from '../support/packets.ts';

const [key, other] = [testKey(1), testKey(2)] as const;
const DAY = 86_400_000;
let directory = '';
let path = '';
let now = 0;
let lines: string[] = [];
let held: SignedPacket[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pkarrd-history-'));
  path = join(directory, 'history');
  [now, lines, held] = [1_000_000, [], []];
});
afterEach(() => rmSync(directory, { recursive: true }));

const log = createLog({ level: 'info', write: (line) => lines.push(line), now: () => 0, journal: false });
const open = (...kept: readonly KeyPair[]) =>
  PacketHistory.open({
    ...{ path, log, nowWall: () => now },
    isKept: (text) => kept.some(({ publicKey }) => publicKey.text === text),
    held: async (key) => held.find((packet) => packet.key.text === key.text),
  });
const secondsOf = (history: PacketHistory, { publicKey }: KeyPair) =>
  history.of(publicKey).map(({ packet }) => Number(packet.timestamp / 1_000_000n));

test('the last packets of a key that is kept are there after a restart, the newest first', async () => {
  const history = await open(key);
  for (let n = 1; n <= MAX_PACKETS + 3; n++) {
    now += 1000;
    history.note(signedPacket(key, n));
  }
  // Not newer, and not of interest.
  history.note(signedPacket(key, 2));
  history.note(signedPacket(other, 5));
  await history.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  for (const read of [history, await open(key)]) {
    assert.deepEqual(secondsOf(read, key), [11, 10, 9, 8, 7, 6, 5, 4]);
    assert.equal(read.of(key.publicKey)[0]?.firstSeen, now);
    assert.deepEqual(secondsOf(read, other), []);
  }
});

test('a history begins with the packet that is there when a key is watched, or has a name', async () => {
  held = [signedPacket(key, 7), signedPacket(other, 5)];
  const history = await open(other);
  await history.watch(key.publicKey);
  await history.begin(other.publicKey);
  history.note(signedPacket(key, 9));
  assert.deepEqual(secondsOf(history, key), [9, 7]);
  assert.deepEqual(secondsOf(history, other), [5]);
  // It has begun: what is there now is no beginning.
  held = [signedPacket(key, 11)];
  await history.watch(key.publicKey);
  assert.deepEqual(secondsOf(history, key), [9, 7]);
  await history.close();
  // Nobody asked for this one.
  const without = await open();
  await without.begin(testKey(3).publicKey);
  assert.deepEqual(secondsOf(without, testKey(3)), []);
});

test('a key is watched for 30 days after that was said last, over restarts', async () => {
  const history = await open();
  await history.watch(key.publicKey);
  await history.watch(other.publicKey);
  history.note(signedPacket(key, 1));
  await history.close();
  assert.deepEqual((await open()).watched, [other.publicKey.text, key.publicKey.text]);
  now += 29 * DAY;
  const later = await open();
  await later.watch(key.publicKey);
  await later.close();
  now += 2 * DAY;
  const last = await open();
  assert.deepEqual(last.watched, [key.publicKey.text]);
  assert.deepEqual(secondsOf(last, key), [1]);
  last.note(signedPacket(other, 1));
  assert.deepEqual(secondsOf(last, other), []);
});

test('it has so many keys at most, and forgets the one that changed longest ago', async () => {
  const history = await PacketHistory.open({
    path,
    log,
    nowWall: () => now,
    isKept: () => true,
    held: async () => undefined,
  });
  const keys = Array.from({ length: MAX_KEYS + 1 }, (_, n) =>
    KeyPair.fromSeed(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? n & 255 : i === 1 ? n >> 8 : 1))),
  );
  for (const one of keys) history.note(signedPacket(one, 1));
  await history.close();
  const [first, second, last] = [keys[0], keys[1], keys.at(-1)] as [KeyPair, KeyPair, KeyPair];
  for (const read of [history, await open()])
    assert.deepEqual(
      [secondsOf(read, first), secondsOf(read, second), secondsOf(read, last)],
      [[], [1], [1]],
    );
});

test('what somebody wrote into the file is no packet, unless the key signed it', async () => {
  const history = await open(key);
  history.note(signedPacket(key, 1));
  history.note(signedPacket(key, 3));
  await history.watch(key.publicKey);
  await history.close();
  const text = readFileSync(path, 'utf8');
  const forged = Buffer.from(signedPacket(other, 9).toBytes()).toString('base64');
  writeFileSync(
    path,
    `${text}packet ${key.publicKey} 1 ${9_000_000} ${forged}\npacket x 1 1 x\nwatched\npacket ${key.publicKey} -1 5 AAAA\n${'x'.repeat(9999)}\n`,
  );
  const read = await open(key);
  assert.deepEqual(secondsOf(read, key), [3, 1]);
  for (const content of ['', 'something else\n', Buffer.alloc(9_000_000), Buffer.from([0xff, 0xfe, 10])]) {
    writeFileSync(path, content);
    lines = [];
    const none = await open(key);
    assert.deepEqual([none.watched, secondsOf(none, key)], [[], []]);
    assert.match(lines.join(''), /Cannot read the file of earlier packets/);
  }
});

test('that it cannot be written is told once, and what was noted is still known', async () => {
  rmSync(directory, { recursive: true });
  const history = await open(key);
  for (const n of [1, 2, 3]) {
    history.note(signedPacket(key, n));
    await history.close();
  }
  assert.deepEqual(secondsOf(history, key), [3, 2, 1]);
  assert.equal(lines.filter((line) => line.includes('Cannot write the file of earlier packets')).length, 1);
  directory = mkdtempSync(join(tmpdir(), 'pkarrd-history-'));
});
