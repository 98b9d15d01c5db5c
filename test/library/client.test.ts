import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, ClientError } from '../../src/library/client.ts';
import { compileZone, KeyPair, SignedPacket } from '../../src/library/pkarr.ts';
import { startTestNetwork, type TestNetwork } from '../../src/testnet/test-network.ts';
import { startStoringRelay } from './relay.ts';

/** A packet with one address. */
function packetOf(keyPair: KeyPair, address: string, after?: SignedPacket): SignedPacket {
  const zone = compileZone(`@ A ${address}`, keyPair.publicKey);
  return SignedPacket.sign(keyPair, zone.ok ? zone.message : assert.fail(), { after });
}

describe('a client', () => {
  let network: TestNetwork;
  let client: Client;
  before(async () => {
    network = await startTestNetwork({ nodes: 20 });
    client = new Client({ bootstrap: bootstrapOf(network) });
  });
  after(async () => {
    await client.close();
    await network.close();
  });

  test('finds what was published, and nothing for a key that published nothing', async () => {
    const keyPair = KeyPair.generate();
    assert.equal(await client.resolve(keyPair.publicKey), undefined);
    const packet = packetOf(keyPair, '192.0.2.1');
    const { nodes, relays } = await client.publish(packet);
    assert.deepEqual([nodes, relays], [{ asked: 20, holding: 20 }, []]);
    for (const options of [{}, { first: true }]) {
      const found = await client.resolve(keyPair.publicKey.text, options);
      assert.deepEqual(found?.toBytes(), packet.toBytes());
    }
  });

  test('does not replace a newer packet, and says so', async () => {
    const keyPair = KeyPair.generate();
    const older = packetOf(keyPair, '192.0.2.1');
    await client.publish(packetOf(keyPair, '192.0.2.2', older));
    await assert.rejects(client.publish(older), { name: 'ClientError', fault: 'conflict' });
  });

  test('sees each newer packet while it watches, until the loop is left', async () => {
    const keyPair = KeyPair.generate();
    let packet = packetOf(keyPair, '192.0.2.1');
    await client.publish(packet);
    const seen: (string | undefined)[] = [];
    for await (const { records } of client.watch(keyPair.publicKey, { every: 0.05 })) {
      seen.push(records[0]?.data);
      if (seen.length === 3) break;
      packet = packetOf(keyPair, `192.0.2.${seen.length + 1}`, packet);
      await client.publish(packet);
    }
    assert.deepEqual(seen, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  });

  test('stops when the signal aborts, with its reason', async () => {
    const reason = new Error('enough');
    const stopping = new AbortController();
    const watch = client.watch(KeyPair.generate().publicKey, { every: 60, signal: stopping.signal });
    const next = watch.next();
    setTimeout(() => stopping.abort(reason), 50);
    await assert.rejects(next, reason);
    const { signal } = stopping;
    await assert.rejects(client.resolve(KeyPair.generate().publicKey, { signal }), reason);
    await assert.rejects(client.publish(packetOf(KeyPair.generate(), '192.0.2.1'), { signal }), reason);
  });

  test('uses relays alone where it is told so', async () => {
    const relay = await startStoringRelay();
    const overRelay = new Client({ bootstrap: [], relays: [relay.url] });
    const keyPair = KeyPair.generate();
    assert.equal(await overRelay.resolve(keyPair.publicKey), undefined);
    const packet = packetOf(keyPair, '192.0.2.1');
    const { nodes, relays } = await overRelay.publish(packet);
    assert.deepEqual(nodes, { asked: 0, holding: 0 });
    assert.deepEqual(relays, [{ relay: new URL(relay.url).host, problem: undefined }]);
    assert.deepEqual((await overRelay.resolve(keyPair.publicKey))?.toBytes(), packet.toBytes());
    await overRelay.close();
    await relay.close();
    await assert.rejects(overRelay.resolve(keyPair.publicKey), ClientError);
  });

  test('says that it reached nobody, which is not that there is nothing', async () => {
    const gone = await startTestNetwork({ nodes: 1 });
    const bootstrap = bootstrapOf(gone);
    await gone.close();
    const lonely = new Client({ bootstrap });
    const { publicKey } = KeyPair.generate();
    await assert.rejects(lonely.resolve(publicKey), { name: 'ClientError', fault: 'unreachable' });
    await lonely.close();
  });

  test('refuses what is no address of a node or relay', () => {
    assert.throws(() => new Client({ bootstrap: ['192.0.2.1'] }), /HOST:PORT/);
    assert.throws(() => new Client({ relays: ['ftp://relay.test'] }), /is not the address of a relay/);
    assert.throws(() => new Client({ bootstrap: [], relays: [] }), /neither a node nor a relay/);
  });
});

function bootstrapOf({ bootstrap }: TestNetwork): readonly string[] {
  return bootstrap.map(({ host, port }) => `${host}:${port}`);
}
