import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionCounts } from '../../src/http/thread/connection-counts.ts';

const bounds = { connections: 6, connectionsPerClient: 2 };

/** How many of ten connections of these addresses in turn are taken. */
function taken(counts: ConnectionCounts, ...addresses: readonly string[]): number {
  const all = Array.from({ length: 10 }, (_, index) =>
    counts.take(addresses[index % addresses.length] ?? ''),
  );
  return all.filter((one) => one !== undefined).length;
}

test('a client has its share of the connections: an IPv4 address, or a /64 of IPv6', () => {
  const counts = new ConnectionCounts(() => false, bounds);
  assert.equal(taken(counts, '192.0.2.1', '::ffff:192.0.2.1'), 2);
  assert.equal(taken(counts, '2001:db8::1', '2001:db8::2', '2001:db8::3'), 2);
  assert.equal(taken(counts, '2001:db8:0:1::1'), 2);
  // All are taken, and this machine has none of its own.
  assert.equal(taken(counts, '127.0.0.1'), 0);
});

test('this machine and those behind a proxy have what there is', () => {
  for (const address of ['127.0.0.1', '::1', '192.0.2.9'])
    assert.equal(taken(new ConnectionCounts((one) => one === '192.0.2.9', bounds), address), 6, address);
});

test('what is closed makes room', () => {
  const counts = new ConnectionCounts(() => false, bounds);
  const [first, second] = [counts.take('192.0.2.1'), counts.take('192.0.2.1')];
  assert.equal(counts.take('192.0.2.1'), undefined);
  first?.();
  assert.equal(taken(counts, '192.0.2.1'), 1);
  second?.();
  assert.equal(taken(counts, '192.0.2.1', '192.0.2.2', '192.0.2.3'), 5);
});
