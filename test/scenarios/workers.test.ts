import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { writeKeyFile } from '../../src/publish/key-file.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import type { TestNetwork } from '../../src/testnet/test-network.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { startNeighbour } from '../support/neighbour.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { openFlood, startWorkers, type WorkerScene } from '../support/worker-scene.ts';

const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };

let network: TestNetwork;
let bootstrap: readonly string[];
before(async () => {
  network = await startTestNetworkThread({ nodes: 12 });
  bootstrap = network.bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`]);
});
after(async () => {
  await network.close();
});

async function put(packet: SignedPacket): Promise<void> {
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.ready();
  await node.put(packet.item, { signal: AbortSignal.timeout(10_000) });
  await node.close();
}

/** Packets out of the test network alone. */
const withDht = (...words: readonly string[]) =>
  startWorkers(2, ...bootstrap, ...['--dht-listen', '127.0.0.1', '--relay', 'none'], ...words);

/** Asks for the names at once, and gives the addresses in all replies, each once. */
async function addressesOf(scene: WorkerScene, names: readonly string[]): Promise<readonly string[]> {
  const flood = await openFlood(scene.server);
  for (const [id, name] of names.entries()) flood.send(query(name, Type.A, { id, edns }));
  await flood.settle(names.length, 5_000);
  flood.close();
  assert.equal(flood.replies.size, names.length);
  return [
    ...new Set([...flood.replies.values()].flatMap(({ answers }) => answers.map((a) => a.rdata.join('.')))),
  ];
}

/** Asks so often that every worker has had some of it. */
async function askAll(
  scene: WorkerScene,
  names: (round: number) => readonly string[],
): Promise<readonly string[]> {
  const before = await scene.status();
  const found = new Set<string>();
  for (let round = 0; round < 50; round++) {
    for (const address of await addressesOf(scene, names(round))) found.add(address);
    const now = await scene.status();
    const had = (pid: number) => before.workers?.running.find((worker) => worker.pid === pid)?.queries ?? 0;
    if (now.workers?.running.every(({ pid, queries }) => queries > had(pid) + 5)) return [...found];
  }
  throw new Error('One worker takes nothing.');
}

const numbered = (count: number, key: KeyPair) => (round: number) =>
  Array.from({ length: count }, (_, i) => `n${round}-${i}.${key.publicKey.text}`);

test('a key that all workers are asked for is looked up once, and its packet answers in each', async () => {
  const key = testKey(41);
  await put(signedPacket(key, 1_700_000_000, [aRecord(`*.${key.publicKey.text}`, '192.0.2.41')]));
  const scene = await withDht('--upstream', '127.0.0.1:9');
  try {
    assert.deepEqual(await askAll(scene, numbered(40, key)), ['192.0.2.41']);
    const { packets } = await scene.status();
    assert.deepEqual([packets.lookupsStarted, packets.keysHeld], [1, 1]);
  } finally {
    await scene.close();
  }
});

test('flush reaches every worker: the newer packet is fetched once, and all answer from it', async () => {
  const key = testKey(42);
  const { text } = key.publicKey;
  await put(signedPacket(key, 1_700_000_000, [aRecord(text, '192.0.2.1')]));
  const scene = await withDht('--upstream', '127.0.0.1:9');
  const same = () => Array.from({ length: 40 }, () => text);
  try {
    assert.deepEqual(await askAll(scene, same), ['192.0.2.1']);
    assert.equal((await scene.status()).cache.entries, 2);
    await put(signedPacket(key, 1_700_000_001, [aRecord(text, '192.0.2.2')]));
    assert.deepEqual(await askAll(scene, same), ['192.0.2.1']);
    assert.deepEqual(await scene.tell('flush', text), { answers: 2, packets: 1 });
    assert.equal((await scene.status()).cache.entries, 0);
    assert.deepEqual(await askAll(scene, same), ['192.0.2.2']);
    assert.equal((await scene.status()).packets.lookupsStarted, 2);
  } finally {
    await scene.close();
  }
});

test('what the program publishes itself is known to every worker at once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-workers-zone-'));
  const key = KeyPair.generate();
  const zone = join(directory, 'home.zone');
  const config = join(directory, 'pkarrd.toml');
  writeKeyFile(join(directory, 'home.key'), key);
  writeFileSync(zone, '* 300 A 192.0.2.1\n');
  writeFileSync(config, '[[publish]]\nzone = "home.zone"\nkey = "home.key"\n');
  const scene = await withDht('--upstream', '127.0.0.1:9', '--config', config);
  const published = (timestamp?: string) =>
    scene.until(({ publications: [first] }) => {
      const last = first?.lastSuccess;
      return first?.state === 'held' && last !== undefined && last.timestamp !== timestamp;
    });
  try {
    const first = await published();
    // The same names in each round, so that they stand in the caches.
    const names = () => numbered(40, key)(0);
    assert.deepEqual(await askAll(scene, names), ['192.0.2.1']);
    writeFileSync(zone, '* 300 A 192.0.2.2\n');
    await published(first.publications[0]?.lastSuccess?.timestamp);
    assert.deepEqual(await askAll(scene, names), ['192.0.2.2']);
    assert.equal((await scene.status()).packets.lookupsStarted, 0);
  } finally {
    await scene.close();
    rmSync(directory, { recursive: true });
  }
});

test('the bound on new keys holds for all workers together', async () => {
  const scene = await withDht('--upstream', '127.0.0.1:9', '--cold-key-rate', '1');
  const keys = Array.from({ length: 60 }, () => KeyPair.generate().publicKey.text);
  try {
    await scene.until(({ dht }) => (dht?.nodes ?? 0) > 0);
    await addressesOf(scene, keys);
    // A burst of five, and one for each second that this may take.
    const { packets } = await scene.status();
    assert.ok(packets.lookupsStarted >= 5 && packets.lookupsStarted <= 10, String(packets.lookupsStarted));
  } finally {
    await scene.close();
  }
});

test('upstreams are one line of the status, with what all workers asked', async () => {
  const upstream = await startScriptedUpstream();
  const scene = await startWorkers(2, '--dht', 'off', '--upstream', upstream.spec);
  try {
    await askAll(scene, (round) => Array.from({ length: 40 }, (_, i) => `n${round}-${i}.example`));
    const { forwarder } = await scene.status();
    assert.equal(forwarder.upstreams.length, 1);
    assert.equal(forwarder.upstreams[0]?.asked, upstream.received.length);
    assert.equal(forwarder.next?.label, forwarder.upstreams[0]?.label);
  } finally {
    await scene.close();
    await upstream.close();
  }
});

test('a loop through another resolver is cut in under a second, whichever worker a query comes back to', async () => {
  const neighbour = await startNeighbour();
  const scene = await startWorkers(3, '--dht', 'off', '--upstream', `127.0.0.1:${neighbour.port}`);
  neighbour.forwardTo(scene.server);
  try {
    for (let i = 0; i < 30; i++) {
      const startedAt = performance.now();
      const reply = await askUdp(scene.server, query(`looping-name-${i}.example.org`, Type.A, { edns }));
      assert.equal(reply.rcode, Rcode.SERVFAIL);
      assert.ok(performance.now() - startedAt < 1_000, `${performance.now() - startedAt} ms`);
    }
    // Each went round once, and a few times more for tries and probes; one that is not cut goes round for ever.
    assert.ok(neighbour.forwarded < 30 * 5, `${neighbour.forwarded} queries went round`);
    await scene.command.printed(/error Forwarding loop: an upstream sends our own queries back to us/);
    const told = await scene.command.stop();
    assert.equal(told.err.match(/Forwarding loop/g)?.length, 1);
  } finally {
    neighbour.close();
    await scene.close();
  }
});
