import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreRecord } from '../../src/store/log-format.ts';
import { StoreIndex } from '../../src/store/log-index.ts';
import { fc } from '../support/property.ts';

const packet = (keyId: string, timestamp: bigint, packetAt: number): StoreRecord => ({
  kind: 'packet',
  keyId,
  timestamp,
  lastSeen: Number(timestamp),
  packetAt,
  packetLength: 104,
});
const dropped = (keyId: string, timestamp: bigint): StoreRecord => ({
  kind: 'dropped',
  keyId,
  timestamp,
  lastSeen: 0,
});

function indexOf(records: readonly StoreRecord[]): StoreIndex {
  const index = new StoreIndex();
  for (const record of records) index.apply(record, 0);
  return index;
}

test('a record that is older than the one before it in the file does not take its place', () => {
  const index = indexOf([packet('a', 200n, 10), packet('a', 100n, 20)]);
  assert.deepEqual([index.get('a')?.timestamp, index.get('a')?.offset], [200n, 10]);
});

test('of two records with the same timestamp the later one counts: whoever wrote it compared the messages', () => {
  const index = indexOf([packet('a', 200n, 10), packet('a', 200n, 20)]);
  assert.equal(index.get('a')?.offset, 20);
});

test('a record that is older than what was dropped for want of room is not taken in, and a newer one is', () => {
  const index = indexOf([dropped('a', 200n), packet('a', 199n, 10)]);
  assert.deepEqual([index.get('a'), index.floor('a')], [undefined, 200n]);
  index.apply(packet('a', 200n, 20), 0);
  assert.deepEqual([index.get('a')?.offset, index.floor('a')], [20, undefined]);
});

test('that a packet was seen again is noted of that packet alone', () => {
  const index = indexOf([packet('a', 200n, 10)]);
  index.apply({ kind: 'seen', keyId: 'a', timestamp: 100n, lastSeen: 900 }, 0);
  assert.equal(index.get('a')?.lastSeen, 200);
  index.apply({ kind: 'seen', keyId: 'a', timestamp: 200n, lastSeen: 900 }, 0);
  assert.equal(index.get('a')?.lastSeen, 900);
});

test('whatever the records of a file are, a key is never older than any record before it in the file', () => {
  const record = fc
    .tuple(fc.constantFrom('a', 'b'), fc.bigInt({ min: 0n, max: 20n }), fc.boolean())
    .map(([keyId, timestamp, isPacket]) =>
      isPacket ? packet(keyId, timestamp, 0) : dropped(keyId, timestamp),
    );
  const newestOf = (index: StoreIndex, keyId: string) =>
    index.get(keyId)?.timestamp ?? index.floor(keyId) ?? -1n;
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const index = new StoreIndex();
      for (const next of records) {
        const before = newestOf(index, next.keyId);
        index.apply(next, 0);
        const after = newestOf(index, next.keyId);
        assert.ok(after >= before && after >= next.timestamp);
        assert.ok(after === before || after === next.timestamp);
      }
    }),
  );
});
