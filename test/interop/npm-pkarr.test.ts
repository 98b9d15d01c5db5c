import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { testKey } from '../support/packets.ts';
import { loadNpmPkarr, type NpmPkarr, startPkarrDht } from './npm-pkarr.ts';
import { askForAddresses, publishAddress } from './publish-address.ts';

const loaded = await loadNpmPkarr();
const skip = loaded === undefined ? 'the npm package pkarr is not installed' : false;

describe('the npm package pkarr', { skip }, () => {
  let pkarr: NpmPkarr;
  let scene: AppScene;
  let dht: Awaited<ReturnType<typeof startPkarrDht>>;
  before(async () => {
    pkarr = loaded ?? assert.fail();
    scene = await startAppScene();
    dht = await startPkarrDht(pkarr, scene.network.bootstrap);
  });
  after(async () => {
    await dht.destroy();
    await scene.close();
  });

  /** Signs with the package, which names records relative to the key. */
  const sign = (key: number, address: string) =>
    pkarr.SignedPacket.fromPacket(pkarr.generateKeyPair(testKey(key).exportSeed()), {
      id: 0,
      type: 'response',
      flags: 0,
      answers: [{ name: 'www', type: 'A', ttl: 300, data: address }],
    });
  const ask = (key: number) => askForAddresses(scene.server, key);

  test('what it publishes is answered over DNS', async () => {
    await dht.put(sign(1, '192.0.2.41').bep44Args());
    assert.deepEqual(await ask(1), ['192.0.2.41']);
  });

  test('what we publish it finds, verifies and reads', async () => {
    const { packet } = await publishAddress(scene.node, 2, '192.0.2.42');
    const item = await dht.get(packet.key.toBytes(), { fullLookup: false });
    const read = pkarr.SignedPacket.fromBep44Args(item ?? assert.fail('It found nothing.'));
    assert.equal(BigInt(read.timestamp()), packet.timestamp);
    assert.deepEqual(
      read.resourceRecords('www').map(({ type, data }) => [type, data]),
      [['A', '192.0.2.42']],
    );
  });

  test('each publishes over the other', async () => {
    const theirs = sign(3, '192.0.2.43');
    await dht.put(theirs.bep44Args());
    const { packet, previous } = await publishAddress(scene.node, 3, '192.0.2.44');
    assert.equal(previous?.timestamp, BigInt(theirs.timestamp()));
    assert.equal((await dht.get(packet.key.toBytes(), { fullLookup: true }))?.seq, Number(packet.timestamp));
    await dht.put(sign(3, '192.0.2.45').bep44Args());
    assert.deepEqual(await ask(3), ['192.0.2.45']);
  });
});
