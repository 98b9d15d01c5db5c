import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Closest, K, type Placed } from '../../../src/mainline/traversal/closest.ts';
import { NetworkSize } from '../../../src/mainline/traversal/network-size.ts';
import { fc } from '../../support/property.ts';

/** Takes nodes as a traversal does, and gives those that belong to the closest. */
function closestOf(nodes: readonly Placed[], reach = 0, isShared = false): readonly Placed[] {
  const closest = new Closest(reach, isShared);
  const taken: Placed[] = [];
  for (const node of [...nodes].sort((one, other) => one.distance - other.distance)) {
    if (!closest.admits(node)) continue;
    if (closest.isBeyond(node)) break;
    closest.take(node);
    taken.push(node);
  }
  return taken;
}

/** So many nodes, evenly spread up to a distance, each in a network of its own unless it is given. */
function nodes(count: number, upTo: number, parts: Partial<Placed> = {}): readonly Placed[] {
  return Array.from({ length: count }, (_, index) => ({
    distance: ((index + 1) / count) * upTo,
    isSecure: true,
    network: index,
    ...parts,
  }));
}

test('without anything odd the closest are the 20 closest', () => {
  const all = nodes(100, 1);
  assert.deepEqual(closestOf(all), all.slice(0, K));
  assert.deepEqual(closestOf(all, 0.05), all.slice(0, K), 'a reach within them');
});

test('nodes whose ids do not fit their addresses do not push away those whose do', () => {
  const honest = nodes(30, 1);
  const placed = nodes(500, 0.001, { isSecure: false });
  const closest = closestOf([...honest, ...placed]);
  assert.deepEqual(
    closest.filter(({ isSecure }) => isSecure),
    honest.slice(0, K),
  );
  assert.equal(closest.length, 2 * K, 'twenty of the others are taken beside them');
});

test('of one /16 two count, however many there are', () => {
  const honest = nodes(30, 1);
  const block = nodes(500, 0.001, { network: 1000 });
  const closest = closestOf([...honest, ...block]);
  assert.deepEqual(
    closest.filter(({ network }) => network < 1000),
    honest.slice(0, K - 2),
  );
  assert.equal(closest.length, K - 2 + 2 + K);
});

test('where hosts are shared all count', () => {
  const all = nodes(100, 1, { network: 7 });
  assert.deepEqual(closestOf(all, 0, true), all.slice(0, K));
});

test('behind a crowd around the target all within reach belong to the closest', () => {
  const honest = nodes(100, 1);
  const crowd = nodes(43, 0.001).map((node) => ({ ...node, network: 1000 + node.network }));
  assert.equal(closestOf([...honest, ...crowd]).filter(({ network }) => network < 1000).length, 0);
  const within = closestOf([...honest, ...crowd], 0.08).filter(({ network }) => network < 1000);
  assert.deepEqual(within, honest.slice(0, 8));
});

const target = (n: number) => Buffer.alloc(20, n);
const evenly = (size: number) => Array.from({ length: K }, (_, index) => (index + 1) / size);

test('the reach is 0.4 of the distance in which 20 nodes are expected, whatever the size of the network', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 20_000_000 }), (count) => {
      const size = new NetworkSize();
      assert.equal(size.reach(target(1)), 0, 'nothing is known');
      size.observe(target(1), evenly(count));
      assert.equal(size.reach(target(1)), 0, 'a target says nothing of itself');
      const reach = size.reach(target(2));
      assert.ok(Math.abs(reach - (0.4 * K) / count) < 1e-9, `${reach}`);
    }),
  );
});

test('a crowd around one target does not change what is expected of the others', () => {
  const size = new NetworkSize();
  for (const n of [1, 2, 3]) size.observe(target(n), evenly(1000));
  const before = size.reach(target(9));
  size.observe(target(4), evenly(1_000_000));
  for (let again = 0; again < 50; again++) size.observe(target(4), evenly(1_000_000));
  assert.equal(size.reach(target(9)), before);
  size.observe(target(5), evenly(1000).slice(1));
  assert.equal(size.reach(target(9)), before, 'fewer than 20 nodes say nothing');
});

test('where nodes stand by chance, more than the 20 closest are within reach once in hundreds of times at most', () => {
  const random = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 200, maxLength: 200 });
  const observe = (size: NetworkSize, n: number, distances: readonly number[]) =>
    size.observe(target(n), [...distances].sort((one, other) => one - other).slice(0, K));
  let odd = 0;
  for (const [n, one, two, three, four] of fc.sample(
    fc.tuple(fc.nat(), random, random, random, random),
    400,
  )) {
    const size = new NetworkSize();
    for (const [index, distances] of [one, two, three].entries()) observe(size, index + 1, distances);
    const reach = size.reach(target(n % 2 === 0 ? 8 : 9));
    if (four.filter((distance) => distance <= reach).length > K) odd++;
  }
  assert.ok(odd <= 4, `${odd} of 400`);
});
