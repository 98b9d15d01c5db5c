import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { startRustLikeNetwork } from '../mainline/support/rust-like-node.ts';
import { startAppScene } from '../support/app-scene.ts';
import { askForAddresses, publishAddress } from './publish-address.ts';

const NODES = 24;

describe('a network whose nodes follow Rust mainline 7 to the letter', () => {
  let network: Awaited<ReturnType<typeof startRustLikeNetwork>>;
  let publisher: Awaited<ReturnType<typeof startMainlineNode>>;
  let scene: Awaited<ReturnType<typeof startAppScene>>;
  before(async () => {
    network = await startRustLikeNetwork(NODES);
    const bootstrap = network.nodes.slice(0, 3).map(({ host, port }) => ({ host, port }));
    publisher = await startMainlineNode({ bootstrap, host: '127.0.0.1', timeoutMs: 15_000 });
    await publisher.settled();
    scene = await startAppScene({ settings: { bootstrap }, nodes: 1 });
  });
  after(async () => {
    await scene.close();
    await publisher.close();
    await network.close();
  });
  const ask = (key: number) => askForAddresses(scene.server, key);

  test('stores a packet at its 20 closest nodes, and answers over DNS with it', async () => {
    const { report } = await publishAddress(publisher, 1, '192.0.2.51');
    assert.deepEqual([report.nodes.asked, report.nodes.stored, report.nodes.silent], [20, 20, 0]);
    assert.deepEqual(await ask(1), ['192.0.2.51']);
  });

  test('takes the next packet of a key in place of the one before', async () => {
    const first = await publishAddress(publisher, 2, '192.0.2.52');
    const second = await publishAddress(publisher, 2, '192.0.2.53');
    assert.equal(second.previous?.timestamp, first.packet.timestamp);
    assert.equal(second.report.nodes.stored, 20);
    assert.deepEqual(await ask(2), ['192.0.2.53']);
  });

  test('understood every query: the program and the publisher waited for nobody', async () => {
    const { queries } = (await scene.app.status()).dht ?? assert.fail('The DHT has not started.');
    assert.ok(queries.answered > 0);
    assert.equal(queries.silent, 0);
    assert.equal((await publisher.status()).queries.silent, 0);
  });
});
