import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Candidates } from '../../../src/mainline/traversal/candidates.ts';
import { isSecureNodeId, secureNodeId } from '../../../src/mainline/wire/node-id.ts';
import { fc } from '../../support/property.ts';

/** Ids that differ from the target late, early or not at all, so that every part of them decides. */
const ids = fc
  .tuple(fc.constantFrom(0, 3, 4, 6, 8, 13, 19, 20), fc.uint8Array({ minLength: 20, maxLength: 20 }))
  .map(([shared, octets]) => Buffer.concat([Buffer.alloc(shared, 0x9c), octets.subarray(shared)]));
const nodes = fc.array(
  fc.record({
    id: ids,
    address: fc.constantFrom(0x7f000001, 0x08080808, 0xfffffffe),
    port: fc.constantFrom(1, 6881),
  }),
  { maxLength: 40 },
);
const target = Buffer.alloc(20, 0x9c);

test('nodes are in the order of their distance, each once, with the id and address that they came with', () => {
  fc.assert(
    fc.property(nodes, (all) => {
      const candidates = new Candidates(target);
      for (const { id, address, port } of all) candidates.place(id, 0, address, port);
      const nameOf = (id: Uint8Array, address: number, port: number) =>
        `${Buffer.from(id.map((octet) => octet ^ 0x9c)).toString('hex')} ${String(address).padStart(10)} ${String(port).padStart(5)}`;
      const expected = [...new Set(all.map(({ id, address, port }) => nameOf(id, address, port)))].sort();
      assert.deepEqual(
        candidates.sorted.map(({ id, address, port }) => nameOf(id, address, port)),
        expected,
      );
    }),
  );
});

test('a node that is placed again is the same object, also from the middle of a list', () => {
  const candidates = new Candidates(target);
  const id = Buffer.alloc(20, 0x9d);
  const first = candidates.place(id, 0, 0x01020304, 6881);
  assert.equal(candidates.place(Buffer.concat([Buffer.alloc(26), id]), 26, 0x01020304, 6881), first);
  assert.notEqual(candidates.place(id, 0, 0x01020304, 6882), first);
  assert.equal(first?.host, '1.2.3.4');
});

test('of more nodes than are kept those that came first stay', () => {
  const candidates = new Candidates(target);
  for (let port = 1; port <= 3000; port++) candidates.place(Buffer.alloc(20, 1), 0, 0x01020304, port);
  assert.equal(candidates.sorted.length, 2048);
  assert.equal(candidates.place(target, 0, 0x01020304, 1), undefined);
});

test('whether an id fits its address is judged as for the whole id', () => {
  fc.assert(
    fc.property(ids, fc.nat(0xffffffff), (other, address) => {
      const fitting = secureNodeId(address, (count) => other.subarray(0, count));
      for (const id of [other, fitting]) {
        const placed = new Candidates(target).place(id, 0, address, 1);
        assert.equal(placed?.isSecure, isSecureNodeId(id, address));
      }
    }),
  );
});
