import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import bencode from 'bencode';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { sharedBits } from '../../../src/mainline/wire/node-id.ts';
import { newAuthor } from '../support/items.ts';
import { compact } from '../support/scripted-node.ts';
import { lookUp } from '../support/walk.ts';
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
  const node = await startMainlineNode(
    { bootstrap: nodes.slice(0, 3).map(({ host, port }) => ({ host, port })), network: 'test' },
    wire.environment,
  );
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

test('a lookup at the only known address asks once more when a datagram is lost, and not for ever', async () => {
  const nodes = Array.from({ length: 30 }, (_, index) => ({
    id: randomBytes(20),
    ...{ host: `127.5.0.${index + 1}`, port: 6881 },
  }));
  const [first] = nodes;
  assert.ok(first);
  for (const lost of [1, 3]) {
    const wire = newWire();
    let asked = 0;
    wire.answerWith((message, to) => {
      const self = nodes.find(({ host }) => host === to.host);
      // The node's own search finds nothing.
      if (self === undefined || String(message.q) !== 'get') return undefined;
      if (self === first && ++asked <= lost) return undefined;
      return bencode.encode({ t: message.t, y: 'r', r: { id: self.id, nodes: compact(nodes.slice(0, 20)) } });
    });
    const node = await startMainlineNode(
      { bootstrap: [{ host: first.host, port: first.port }], network: 'test', timeoutMs: 900 },
      wire.environment,
    );
    const { summary } = await lookUp(node, newAuthor().key);
    await node.close();
    assert.equal(asked, 2);
    assert.equal(summary.ended, lost === 1 ? 'closest-answered' : 'exhausted');
    assert.equal(summary.answered, lost === 1 ? 20 : 0);
  }
});

test('a node that starts looks itself up, and then the far parts of the network', async () => {
  assert.deepEqual(await searched(300), [-1, 0, 1, 2, 3]);
});

test('a network that the first search found whole is not searched again', async () => {
  assert.deepEqual(await searched(6), [-1]);
});
