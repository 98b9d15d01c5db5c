import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import { startTestNetwork } from '../../src/testnet/test-network.ts';
import { never, newAuthor } from '../mainline/support/items.ts';
import { firstEvent, lookUp } from '../mainline/support/walk.ts';

test('exactly the share of nodes that was asked for is silent, and none of the bootstrap nodes is', async () => {
  const network = await startTestNetwork({ nodes: 20, silentFraction: 0.3 });
  const isSilent = await Promise.all(
    network.addresses.map(async (address) => {
      // Long enough for any answer of a busy machine: only who is silent takes it.
      const node = await startMainlineNode({ bootstrap: [address], host: '127.0.0.1', timeoutMs: 3_000 });
      await node.settled();
      const { queries } = await node.status();
      await node.close();
      return queries.answered === 0;
    }),
  );
  const silent = [...isSilent.keys()].filter((index) => isSilent[index]);
  assert.equal(silent.length, 6);
  for (const { port } of network.bootstrap) {
    assert.ok(!silent.includes(network.addresses.findIndex((address) => address.port === port)));
  }
  await network.close();
});

test('every node knows others, and an item is found with silent nodes, delay and loss', async () => {
  // Every tenth datagram is lost: by chance it could be most of them.
  let sent = 0;
  const random = () => (++sent % 10) / 10;
  const conditions = { nodes: 24, silentFraction: 0.25, delayMs: 10, lossRate: 0.1 };
  const network = await startTestNetwork(conditions, undefined, random);
  for (const node of network.nodes) assert.ok((await node.status()).nodes >= 8);
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1', timeoutMs: 1_000 });
  await node.ready();
  const author = newAuthor();
  const { stored } = await node.put(author.item(1n, 'x'), { signal: never() });
  assert.ok(stored >= 10, `stored at ${stored}`);
  assert.equal((await firstEvent(node, author.key, 'item'))?.kind, 'item');
  const { summary } = await lookUp(node, author.key);
  assert.ok(summary.silent > 0 && summary.held >= 10, JSON.stringify(summary));
  await node.close();
  await network.close();
});

test('a delay holds back every answer', async () => {
  const network = await startTestNetwork({ nodes: 3, delayMs: 40 });
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  const start = performance.now();
  await node.settled();
  assert.ok(performance.now() - start >= 39);
  await node.close();
  await network.close();
});

test('a network runs in a thread of its own', async () => {
  const network = await startTestNetworkThread({ nodes: 12 });
  assert.equal(network.addresses.length, 12);
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.settled();
  const author = newAuthor();
  assert.equal((await node.put(author.item(1n, 'x'), { signal: never() })).stored, 12);
  await node.close();
  await network.close();
});

test('a network starts without a query, however large it is, and every item is found in it from anywhere', async () => {
  const network = await startTestNetwork({ nodes: 300 });
  for (const node of network.nodes) assert.equal((await node.status()).queries.sent, 0);
  const [first, last] = [network.nodes[0], network.nodes.at(-1)];
  assert.ok(first !== undefined && last !== undefined);
  const author = newAuthor();
  assert.equal((await first.put(author.item(1n, 'x'), { signal: never() })).stored, 20);
  const { summary } = await lookUp(last, author.key);
  assert.ok(summary.held >= 19 && summary.asked < 100, JSON.stringify(summary));
  await network.close();
});
