import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import bencode from 'bencode';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { sharedBits } from '../../../src/mainline/wire/node-id.ts';
import { compact } from '../support/scripted-node.ts';
import { newWire } from '../support/wire.ts';

/** For how many bits of its own id a node searched when it started in a network of `count` nodes; -1 for the whole id. */
async function searched(count: number): Promise<readonly number[]> {
  const nodes = Array.from({ length: count }, (_, index) => ({
    id: randomBytes(20),
    ...{ host: `127.4.${index >> 8}.${(index & 255) + 1}`, port: 6881 },
  }));
  const byHost = new Map(nodes.map((node) => [node.host, node]));
  const wire = newWire();
  wire.answerWith((message, to) => {
    const self = byHost.get(to.host);
    if (self === undefined) return undefined;
    const { target } = message.a as { readonly target: Uint8Array };
    const closest = [...nodes].sort(
      (one, other) => sharedBits(other.id, target) - sharedBits(one.id, target),
    );
    return bencode.encode({ t: message.t, y: 'r', r: { id: self.id, nodes: compact(closest.slice(0, 20)) } });
  });
  const node = await startMainlineNode({ bootstrap: nodes.slice(0, 3), network: 'test' }, wire.environment);
  await node.settled();
  const { nodeId } = await node.status();
  await node.close();
  const bits = wire.sent.map(({ message }) => {
    assert.equal(String(message.q), 'find_node');
    const { target } = message.a as { readonly target: Uint8Array };
    return Buffer.compare(target, nodeId) === 0 ? -1 : sharedBits(target, nodeId);
  });
  return [...new Set(bits)].sort((one, other) => one - other);
}

test('a node that starts looks itself up, and then the far parts of the network', async () => {
  assert.deepEqual(await searched(300), [-1, 0, 1, 2, 3]);
});

test('a network that the first search found whole is not searched again', async () => {
  assert.deepEqual(await searched(6), [-1]);
});
