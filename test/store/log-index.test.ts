import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, StoreIndex } from '../../src/store/log-index.ts';

const entry = (timestamp: bigint): Entry => {
  return { keyId: 'key', timestamp, offset: 0, length: 104, lastSeen: 0, older: undefined };
};

test('an older packet never takes the place of a newer one: that is a failed invariant', () => {
  const index = new StoreIndex();
  index.set(entry(2n));
  index.set(entry(2n));
  assert.throws(() => index.set(entry(1n)), { name: 'InvariantError' });
  assert.equal(index.get('key')?.timestamp, 2n);
  // Unless the newer one turned out to be no packet.
  index.delete('key');
  index.set(entry(1n));
  assert.equal(index.get('key')?.timestamp, 1n);
});
