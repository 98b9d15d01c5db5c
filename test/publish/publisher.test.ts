import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { SourceError } from '../../src/find/packet-source.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import type { PacketSink } from '../../src/publish/packet-sink.ts';
import { aRecord, signedPacket } from '../support/packets.ts';
import { type Network, Scene, startNetwork, turn } from './publisher-scene.ts';
import { startStoringRelay } from './storing-relay.ts';

const HOUR = 3_600_000;

let network: Network;
before(async () => {
  network = await startNetwork();
});
after(() => network.close());

const addresses = (packet: SignedPacket | undefined) => packet?.records.map(({ rdata }) => rdata.join('.'));
const seconds = () => Math.floor(Date.now() / 1000);

/** A scene with one zone that is published already. */
async function published(text = '@ A 192.0.2.1\n') {
  const scene = new Scene(network);
  const key = KeyPair.generate();
  const zone = scene.write('a.zone', text);
  const entries = { publish: [{ zone, key: scene.keyFile('a.key', key), name: 'home' }] };
  const publisher = await scene.start(entries);
  await turn(publisher);
  return { scene, key, entries, publisher };
}

test('a zone is published at the start, and status says who holds it and when it is put again', async () => {
  const { scene, key, publisher } = await published();
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  const [status] = publisher.status();
  assert.equal(status?.state, 'held');
  assert.equal(status.key, key.publicKey.text);
  assert.equal(status.lastSuccess?.nodes, status.lastSuccess?.nodesAsked);
  assert.ok((status.lastSuccess?.nodes ?? 0) > 6);
  const { nextInMs = 0 } = status;
  assert.ok(nextInMs > 0.9 * HOUR - 60_000 && nextInMs <= 1.1 * HOUR);
  assert.equal(scene.learnt.length, 1);
  assert.match(scene.lines.join(''), / info A zone is published\. name=home nodes=\d+ relays=0\n/);
  assert.equal(scene.lines.join('').includes(key.publicKey.text), false);
  await publisher.close();
  scene.remove();
});

test('a change of the file is published at the second look, which finds it whole', async () => {
  const { scene, key, publisher } = await published();
  const first = await network.newest(key);
  scene.write('a.zone', '@ A 192.0.2.2\n');
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  await turn(publisher);
  const second = await network.newest(key);
  assert.deepEqual(addresses(second), ['192.0.2.2']);
  assert.ok((second?.timestamp ?? 0n) > (first?.timestamp ?? 0n));
  await publisher.close();
  scene.remove();
});

test('each hour the same packet is put again as it is, and nothing before', async () => {
  const { scene, key, publisher } = await published();
  const first = await network.newest(key);
  await turn(publisher);
  assert.equal(scene.learnt.length, 1);
  scene.pass(1.01 * HOUR);
  await turn(publisher);
  assert.equal(scene.learnt.length, 2);
  assert.equal((await network.newest(key))?.timestamp, first?.timestamp);
  await publisher.close();
  scene.remove();
});

test('a broken or empty file leaves the last good zone, with a warning that names the place, once', async () => {
  const { scene, key, publisher } = await published();
  scene.write('a.zone', '@ A 192.0.2.3\nwww A 999.1.1.1\n');
  for (let i = 0; i < 4; i++) await turn(publisher);
  const told = scene.lines.filter((line) => line.includes('a.zone:2:7: '));
  assert.equal(told.length, 1);
  assert.match(
    told[0] ?? '',
    / warn A zone file cannot be used; the last good version stays published\. name=home fault=/,
  );
  assert.match(publisher.status()[0]?.problem ?? '', /a\.zone:2:7: "999\.1\.1\.1" is not an IPv4 address/);
  scene.write('a.zone', '; nothing\n');
  for (let i = 0; i < 3; i++) await turn(publisher);
  assert.match(publisher.status()[0]?.problem ?? '', /it contains no records/);
  rmSync(scene.path('a.zone'));
  await turn(publisher);
  assert.match(publisher.status()[0]?.problem ?? '', /there is no such file/);
  scene.pass(2 * HOUR);
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  assert.equal(publisher.status()[0]?.state, 'held');
  scene.write('a.zone', '@ A 192.0.2.4\n');
  for (let i = 0; i < 2; i++) await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.4']);
  assert.equal(publisher.status()[0]?.problem, undefined);
  await publisher.close();
  scene.remove();
});

test('a FIFO in the place of a zone file or a key file is told, and holds nothing up', async () => {
  const { scene, key, publisher } = await published();
  rmSync(scene.path('a.zone'));
  execFileSync('mkfifo', [scene.path('a.zone'), scene.path('fifo.key')]);
  const other = scene.write('b.zone', '@ A 192.0.2.5\n');
  const second = await scene.start({ publish: [{ zone: other, key: scene.path('fifo.key'), name: 'x' }] });
  for (let i = 0; i < 2; i++) await turn(publisher);
  await turn(second);
  assert.match(publisher.status()[0]?.problem ?? '', /a\.zone: it is not a regular file/);
  assert.match(second.status()[0]?.problem ?? '', /fifo\.key cannot be read: it is not a regular file/);
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  await publisher.close();
  await second.close();
  scene.remove();
});

test('an internal error stops the publication that it came out of, which status tells, and no other', async () => {
  const scene = new Scene(network);
  const keys = [KeyPair.generate(), KeyPair.generate()];
  const publish = keys.map((key, i) => ({
    zone: scene.write(`${i}.zone`, '@ A 192.0.2.1\n'),
    key: scene.keyFile(`${i}.key`, key),
    name: `zone ${i}`,
  }));
  const first = keys[0]?.publicKey.text;
  let puts = 0;
  scene.sink = {
    label: 'dht',
    publish: async (packet, options) => {
      if (packet.key.text !== first) return await network.sink.publish(packet, options);
      puts++;
      throw new TypeError('a bug');
    },
  };
  const publisher = await scene.start({ publish });
  await turn(publisher);
  scene.pass(3 * HOUR);
  scene.write('0.zone', '@ A 192.0.2.2\n');
  for (let i = 0; i < 3; i++) await turn(publisher);
  publisher.networkChanged();
  await turn(publisher);
  assert.equal(puts, 1);
  const [stopped, other] = publisher.status();
  assert.deepEqual([stopped?.state, stopped?.nextInMs, other?.state], ['stopped', undefined, 'held']);
  assert.equal(stopped?.lastError?.text, 'internal error: a bug');
  assert.equal(scene.learnt.length, 2);
  const told = scene.lines.filter((line) => line.includes('Internal error while publishing'));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /name="zone 0" error="TypeError: a bug\\n {4}at /);
  await publisher.close();
  scene.remove();
});

test('an internal error while files or addresses are looked at stops that publication too', async () => {
  const { scene, publisher } = await published('@ A {external_ipv4}\nwww A 192.0.2.1\n');
  Object.defineProperty(scene, 'external', {
    get() {
      throw new TypeError('a bug');
    },
  });
  await turn(publisher);
  await turn(publisher);
  assert.equal(publisher.status()[0]?.state, 'stopped');
  assert.equal(scene.lines.filter((line) => line.includes('Internal error')).length, 1);
  await publisher.close();
  scene.remove();
});

test('a packet published elsewhere is adopted, over restarts too, until the file changes', async () => {
  const { scene, key, entries, publisher } = await published();
  const elsewhere = signedPacket(key, seconds() + 100, [aRecord(key.publicKey.text, '198.51.100.1')]);
  await network.put(elsewhere);
  scene.pass(1.2 * HOUR);
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['198.51.100.1']);
  assert.equal(publisher.status()[0]?.isAdopted, true);
  assert.match(
    scene.lines.join(''),
    / info A packet was published elsewhere; it is kept until .* name=home file=/,
  );
  await publisher.close();

  const again = await scene.start(entries);
  await turn(again);
  assert.equal((await network.newest(key))?.timestamp, elsewhere.timestamp);
  scene.write('a.zone', '@ A 192.0.2.9\n');
  await turn(again);
  await turn(again);
  const last = await network.newest(key);
  assert.deepEqual(addresses(last), ['192.0.2.9']);
  assert.ok((last?.timestamp ?? 0n) > elsewhere.timestamp);
  await again.close();
  scene.remove();
});

test('a file that changed while the program was down is published, also with a clock set back an hour', async () => {
  const { scene, key, entries, publisher } = await published();
  const first = await network.newest(key);
  await publisher.close();
  scene.write('a.zone', '@ A 192.0.2.5\n', Date.now() - HOUR);
  scene.pass(-HOUR);
  const again = await scene.start(entries);
  await turn(again);
  const second = await network.newest(key);
  assert.deepEqual(addresses(second), ['192.0.2.5']);
  assert.equal(second?.timestamp, (first?.timestamp ?? 0n) + 1n);
  await again.close();
  scene.remove();
});

test('on the first run the later one counts, file or packet', async () => {
  for (const [age, expected] of [
    [60_000, '198.51.100.2'],
    [-60_000, '192.0.2.1'],
  ] as const) {
    const scene = new Scene(network);
    const key = KeyPair.generate();
    await network.put(signedPacket(key, seconds(), [aRecord(key.publicKey.text, '198.51.100.2')]));
    const zone = scene.write('a.zone', '@ A 192.0.2.1\n', Date.now() - age);
    const publisher = await scene.start({ publish: [{ zone, key: scene.keyFile('k', key), name: 'x' }] });
    await turn(publisher);
    assert.deepEqual(addresses(await network.newest(key)), [expected]);
    await publisher.close();
    scene.remove();
  }
});

test('a packet dated more than a day ahead is not gone past, and status says why', async () => {
  const scene = new Scene(network);
  const key = KeyPair.generate();
  await network.put(signedPacket(key, seconds() + 3 * 86_400));
  const zone = scene.write('a.zone', '@ A 192.0.2.1\n', Date.now() + 4 * 86_400_000);
  const publisher = await scene.start({ publish: [{ zone, key: scene.keyFile('k', key), name: 'x' }] });
  await turn(publisher);
  const [status] = publisher.status();
  assert.equal(status?.state, 'failing');
  assert.match(status.lastError?.text ?? '', /dated [23] days ahead of this machine's clock/);
  await publisher.close();
  scene.remove();
});

test('an address in a zone is waited for, put in, and published anew when it changes', async () => {
  const text = '@ A {external_ipv4}\nwww A 192.0.2.1\n';
  const { scene, key, publisher } = await published(text);
  assert.equal(publisher.status()[0]?.state, 'waiting');
  assert.equal(await network.newest(key), undefined);
  assert.equal(scene.lines.join('').includes('not known'), false);
  scene.external = new Map([['external_ipv4', '198.51.100.7']]);
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['198.51.100.7', '192.0.2.1']);
  scene.external = new Map([['external_ipv4', undefined]]);
  await turn(publisher);
  scene.external = new Map([['external_ipv4', '198.51.100.8']]);
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['198.51.100.8', '192.0.2.1']);
  assert.equal(scene.learnt.length, 2);
  await publisher.close();
  scene.remove();
});

test('an address that stays unknown for a minute leaves its record out, with a warning', async () => {
  const { scene, key, publisher } = await published('@ A {external_ipv4}\nwww A 192.0.2.1\n');
  scene.pass(61_000);
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  assert.match(
    scene.lines.join(''),
    /a\.zone:1:5: The value of \{external_ipv4\} is not known yet, so the record is left out/,
  );
  await publisher.close();
  scene.remove();
});

test('a key is kept without its secret: the newest packet is found hourly and put as it is, where it is missing too', async () => {
  const scene = new Scene(network);
  const relay = await startStoringRelay();
  scene.relays = [relay.client];
  const key = KeyPair.generate();
  const first = signedPacket(key, seconds() - 100);
  await network.put(first);
  const publisher = await scene.start({ keep: [{ key: key.publicKey, name: 'friend' }] });
  await turn(publisher);
  assert.equal(relay.packets.get(key.publicKey.text)?.timestamp, first.timestamp);
  assert.deepEqual([publisher.status()[0]?.state, publisher.status()[0]?.lastSuccess?.relays], ['held', 1]);
  const second = signedPacket(key, seconds());
  await network.put(second);
  scene.pass(1.01 * HOUR);
  await turn(publisher);
  assert.equal(relay.packets.get(key.publicKey.text)?.timestamp, second.timestamp);
  await publisher.close();

  // The network forgot it: another network.
  const other = await startNetwork();
  const later = new Scene(other, scene.directory);
  const again = await later.start({ keep: [{ key: key.publicKey, name: 'friend' }] });
  await turn(again);
  assert.equal((await other.newest(key))?.timestamp, second.timestamp);
  await again.close();
  await other.close();
  await relay.close();
  scene.remove();
});

test('without a network it is tried again later and later, and at once when the network changes', async () => {
  const scene = new Scene(network);
  let isDown = true;
  let tries = 0;
  scene.sources = [
    {
      label: 'dht',
      async *lookup(...args) {
        tries++;
        if (isDown) throw new SourceError('there is no network');
        yield* network.source.lookup(...args);
      },
    },
  ];
  const key = KeyPair.generate();
  const zone = scene.write('a.zone', '@ A 192.0.2.1\n');
  const publisher = await scene.start({ publish: [{ zone, key: scene.keyFile('k', key), name: 'x' }] });
  const pauses: number[] = [];
  for (let i = 0; i < 4; i++) {
    await turn(publisher);
    pauses.push(Math.round((publisher.status()[0]?.nextInMs ?? 0) / 1000));
    scene.pass((publisher.status()[0]?.nextInMs ?? 0) + 1);
  }
  assert.deepEqual([pauses, tries], [[5, 10, 20, 40], 4]);
  assert.match(publisher.status()[0]?.lastError?.text ?? '', /could not be reached: there is no network\./);
  assert.equal(scene.lines.filter((line) => line.includes('could not be published')).length, 1);
  await turn(publisher);
  isDown = false;
  await turn(publisher);
  assert.equal(tries, 5);
  publisher.networkChanged();
  await turn(publisher);
  assert.equal(publisher.status()[0]?.state, 'held');
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  await publisher.close();
  scene.remove();
});

test('a key never has two puts at once, and two entries with one key are told', async () => {
  const scene = new Scene(network);
  let open = 0;
  let most = 0;
  let release: () => void = () => {};
  const sink: PacketSink = {
    label: 'slow',
    async publish(packet, options) {
      most = Math.max(most, ++open);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      open--;
      return await network.sink.publish(packet, options);
    },
  };
  scene.sink = sink;
  const key = KeyPair.generate();
  const zone = scene.write('a.zone', '@ A 192.0.2.1\n');
  const publisher = await scene.start({
    publish: [
      { zone, key: scene.keyFile('one', key), name: 'one' },
      { zone, key: scene.keyFile('two', key), name: 'two' },
    ],
    keep: [{ key: key.publicKey, name: 'three' }],
  });
  await publisher.tick();
  while (open === 0) await new Promise((resolve) => setImmediate(resolve));
  scene.write('a.zone', '@ A 192.0.2.2\n');
  for (let i = 0; i < 3; i++) {
    scene.pass(2 * HOUR);
    await publisher.tick();
  }
  const [one, two, three] = publisher.status();
  assert.deepEqual([one?.state, two?.state, three?.state], ['running', 'failing', 'failing']);
  assert.match(two?.lastError?.text ?? '', /^one has the same key\.$/);
  scene.sink = network.sink;
  release();
  await publisher.idle();
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.2']);
  assert.equal(most, 1);
  await publisher.close();
  scene.remove();
});

test('a relay that wants to be left alone is, and the nodes that hold the zone count', async () => {
  const relay = await startStoringRelay();
  relay.refuse = { status: 429, headers: { 'Retry-After': '3600' } };
  const scene = new Scene(network);
  scene.relays = [relay.client];
  const key = KeyPair.generate();
  const zone = scene.write('a.zone', '@ A 192.0.2.1\n');
  const publisher = await scene.start({ publish: [{ zone, key: scene.keyFile('k', key), name: 'x' }] });
  await turn(publisher);
  const success = publisher.status()[0]?.lastSuccess;
  assert.deepEqual([success?.relays, success?.relaysAsked], [0, 1]);
  assert.ok((success?.nodes ?? 0) > 6);
  // The one GET was answered 429: no PUT follows, and nothing within the hour.
  scene.pass(1.2 * HOUR);
  await turn(publisher);
  assert.equal(relay.server.requests.length, 1);
  await publisher.close();
  await relay.close();
  scene.remove();
});

test('a key that others can read is refused until that is mended', async () => {
  const scene = new Scene(network);
  const key = KeyPair.generate();
  const zone = scene.write('a.zone', '@ A 192.0.2.1\n');
  const file = scene.keyFile('k', key);
  chmodSync(file, 0o644);
  const publisher = await scene.start({ publish: [{ zone, key: file, name: 'x' }] });
  await turn(publisher);
  assert.match(publisher.status()[0]?.problem ?? '', /Others can read the key/);
  assert.equal(await network.newest(key), undefined);
  chmodSync(file, 0o600);
  await turn(publisher);
  assert.deepEqual(addresses(await network.newest(key)), ['192.0.2.1']);
  assert.equal(scene.lines.filter((line) => line.includes('its key file cannot be read')).length, 1);
  await publisher.close();
  scene.remove();
});
