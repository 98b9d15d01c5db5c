import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { sharedBits } from '../../src/mainline/wire/node-id.ts';
import { tablesOf } from '../../src/testnet/tables.ts';

for (const count of [1, 2, 20, 21, 22, 200, 1000]) {
  test(`of ${count} nodes each knows 20 of every distance, or all that there are, and all of the nearest`, () => {
    const nodes = Array.from({ length: count }, (_, port) => ({
      id: randomBytes(20),
      host: '127.0.0.1',
      port,
    }));
    const tables = tablesOf(nodes);
    assert.equal(tables.length, count);
    for (const [index, { id, table }] of tables.entries()) {
      assert.equal(id, nodes[index]?.id);
      assert.equal(new Set(table).size, table.length, 'each once');
      assert.ok(!table.some((other) => other.id === id), 'not itself');
      const within = (all: readonly { readonly id: Uint8Array }[], bits: number) =>
        all.filter((other) => other.id !== id && sharedBits(other.id, id) === bits).length;
      let left = count - 1;
      for (let bits = 0; left > 0; bits++) {
        const there = within(nodes, bits);
        assert.equal(within(table, bits), left <= 20 ? there : Math.min(20, there), `${bits} bits`);
        left -= there;
      }
    }
  });
}

test('different nodes know different ones of those that are far away', () => {
  const nodes = Array.from({ length: 400 }, (_, port) => ({ id: randomBytes(20), host: '127.0.0.1', port }));
  const known = new Set(tablesOf(nodes).flatMap(({ table }) => table.slice(0, 20)));
  assert.equal(known.size, 400);
});
