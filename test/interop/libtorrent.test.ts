import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { lookUp } from '../mainline/support/walk.ts';
import { startAppScene } from '../support/app-scene.ts';
import { building } from '../support/building.ts';
import { aRecord, testKey } from '../support/packets.ts';
import { hex, libtorrentIsMissing, startLibtorrent } from './libtorrent.ts';
import { askForAddresses, publishAddress, wwwOf } from './publish-address.ts';

describe('libtorrent', { skip: libtorrentIsMissing }, () => {
  test('an item that libtorrent signed and put is answered over DNS', async () => {
    await using scene = await sharedNetwork();
    const put = await scene.libtorrent.put(testKey(1), messageWith(1, '192.0.2.31'));
    assert.ok((put?.stored ?? 0) > 0);
    assert.equal(put?.seq, 1);
    assert.deepEqual(await scene.ask(1), ['192.0.2.31']);
  });

  test('a packet that we published is what libtorrent reads, and verifies', async () => {
    await using scene = await sharedNetwork();
    const { packet } = await publishAddress(scene.publisher, 2, '192.0.2.32');
    assert.deepEqual(await scene.libtorrent.get(packet.key), {
      seq: Number(packet.timestamp),
      v: hex(packet.message),
      sig: hex(packet.signature),
    });
  });

  test('what libtorrent put over a packet of ours is newer, and is published over in turn', async () => {
    await using scene = await sharedNetwork();
    const first = await publishAddress(scene.publisher, 3, '192.0.2.33');
    const put = await scene.libtorrent.put(testKey(3), messageWith(3, '192.0.2.34'));
    assert.equal(put?.seq, Number(first.packet.timestamp) + 1);
    assert.deepEqual(await scene.ask(3), ['192.0.2.34']);
    const second = await publishAddress(scene.publisher, 3, '192.0.2.35');
    assert.equal(second.previous?.timestamp, first.packet.timestamp + 1n);
    assert.equal((await scene.libtorrent.get(first.packet.key))?.seq, Number(second.packet.timestamp));
  });

  test('nodes of libtorrent alone store what we publish, and give it to us', async () => {
    await using alone = await separateNetwork();
    const { publisher, scene } = alone;
    const { report, packet } = await publishAddress(publisher, 4, '192.0.2.36');
    // At least: a port that a node of another test had may be one of theirs now, and bring its network along.
    assert.ok(report.nodes.stored >= 6, `${report.nodes.stored} nodes`);
    assert.deepEqual(await askForAddresses(scene.server, 4), ['192.0.2.36']);
    // libtorrent takes whoever puts into its table, read-only or not, and so names us to ourselves.
    const { summary } = await lookUp(publisher, packet.key.toBytes());
    assert.ok(summary.held >= 6 && summary.asked >= summary.held, `${summary.held} of ${summary.asked}`);
  });
});

/** Nodes of this test wait as long for an answer as a busy machine takes: who answers late has stored all the same. */
const patient = { host: '127.0.0.1', timeoutMs: 15_000 };

/** The whole program and a node to publish with in a network of libtorrent alone. */
async function separateNetwork() {
  const parts = await building(async (undo) => {
    const libtorrent = await startLibtorrent({ nodes: 6 });
    undo(() => libtorrent.close());
    const scene = await startAppScene({ settings: { bootstrap: libtorrent.addresses }, nodes: 1 });
    undo(() => scene.close());
    const publisher = await startMainlineNode({ bootstrap: libtorrent.addresses, ...patient });
    undo(() => publisher.close());
    await publisher.settled();
    return { publisher, scene };
  });
  return { ...parts, [Symbol.asyncDispose]: () => parts.close() };
}

/** The whole program, a node to publish with and a node of libtorrent in one test network. */
async function sharedNetwork() {
  const shared = await building(async (undo) => {
    const scene = await startAppScene();
    undo(() => scene.close());
    const [bootstrap = assert.fail('The network has no nodes.')] = scene.network.bootstrap;
    const libtorrent = await startLibtorrent({ nodes: 1, bootstrap });
    undo(() => libtorrent.close());
    // A node that answers: libtorrent asks whoever put something before, and waits 15 s for one that is read-only.
    const publisher = await startMainlineNode({ bootstrap: [bootstrap], ...patient, serve: true });
    undo(() => publisher.close());
    await publisher.settled();
    return { libtorrent, publisher, scene };
  });
  return {
    ...shared,
    ask: (key: number) => askForAddresses(shared.scene.server, key),
    [Symbol.asyncDispose]: () => shared.close(),
  };
}

/** The DNS message of a packet; libtorrent signs it for itself, with a sequence number of its own. */
function messageWith(key: number, address: string): Uint8Array {
  return SignedPacket.sign(testKey(key), [aRecord(wwwOf(key), address)], 0n).message;
}
