import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DhtConnection } from '../../src/find/dht-connection.ts';
import type { DhtNode } from '../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import { dhtSink } from '../../src/publish/packet-sink.ts';
import { type StoringRelay, startStoringRelay } from '../publish/storing-relay.ts';
import { openBlackHole } from '../scenarios/black-hole.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { ownTime } from '../support/own-time.ts';
import { aRecord, signedPacket } from '../support/packets.ts';
import { startTestDht } from '../support/test-dht.ts';

const dht = await startTestDht();
const { bootstrap, directory, network } = dht;
const zone = dht.path('zone');
let node: DhtNode;
let relay: StoringRelay;
let key: KeyPair;
let keyFile = '';

before(async () => {
  const port = Number(bootstrap.split(':')[1]);
  node = await startMainlineNode({ bootstrap: [{ host: '127.0.0.1', port }], host: '127.0.0.1' });
  await node.ready();
  relay = await startStoringRelay();
});

beforeEach(() => {
  ({ keyPair: key, keyFile } = dht.newKey('newer'));
  writeFileSync(zone, '@ A 192.0.2.1\n');
});

after(async () => {
  await node.close();
  await relay.close();
  await dht.close();
});

const publish = (...args: string[]) => pkarrd(['publish', zone, '--key', keyFile, ...network, ...args]);
const resolve = (...args: string[]) => pkarrd(['resolve', key.publicKey.text, ...network, ...args]);
const address = async () => (await resolve('A', '--short', '--newest')).out.trim();

/** Publishes as another machine would, at a time in seconds from now. */
async function elsewhere(fromNow: number, last = 99) {
  const packet = signedPacket(key, Math.floor(Date.now() / 1000) + fromNow, [
    aRecord(key.publicKey.text, `198.51.100.${last}`),
  ]);
  await dhtSink(new DhtConnection(Promise.resolve(node))).publish(packet, {
    signal: AbortSignal.timeout(10_000),
  });
  return packet;
}

const timestampOf = (out: string) => BigInt(JSON.parse(out).timestamp);

test('publish, edit, publish again within the second: the second is the newer', async () => {
  const first = await publish('--json');
  writeFileSync(zone, '@ A 192.0.2.2\n');
  const second = await publish('--json');
  assert.deepEqual([first.code, second.code], [0, 0], second.err);
  assert.ok(timestampOf(second.out) > timestampOf(first.out));
  assert.equal(await address(), '192.0.2.2');
});

test('with a clock an hour behind the packet in the network the new one is still strictly newer', async () => {
  const packet = await elsewhere(3600);
  const { code, out, err } = await publish('--json');
  assert.equal(code, 0, err);
  assert.equal(timestampOf(out), packet.timestamp + 1n);
  assert.equal(await address(), '192.0.2.1');
});

test('a packet published elsewhere after the zone was changed is not overwritten without --force', async () => {
  utimesSync(zone, Date.now() / 1000 - 600, Date.now() / 1000 - 600);
  await elsewhere(-60);
  const refused = await publish();
  assert.deepEqual([refused.code, refused.out], [1, '']);
  const [sentence, ...lines] = refused.err.split('\n');
  assert.match(
    sentence ?? '',
    /^pkarrd: The network holds a packet of this key of 20\S+Z, published elsewhere after the zone file was changed\.$/,
  );
  const [, bootstrap = ''] = network;
  assert.deepEqual(lines, [
    `What ${zone} would change (- is there now, + would be put):`,
    '- @ 600 IN A 198.51.100.99',
    '+ @ 300 IN A 192.0.2.1',
    'Look at what is there:',
    `  pkarrd resolve ${key.publicKey} --newest --bootstrap ${bootstrap}`,
    `Replace it with ${zone}:`,
    `  pkarrd publish ${zone} --key ${keyFile} --bootstrap ${bootstrap} --force`,
    '',
  ]);
  assert.equal(await address(), '198.51.100.99');
  assert.equal((await publish('--force')).code, 0);
  assert.equal(await address(), '192.0.2.1');
});

test('a packet more than a day ahead is not gone past without --force', async () => {
  const packet = await elsewhere(2 * 86_400);
  const refused = await publish();
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /^pkarrd: The network holds a packet of this key that is dated [12] days? ahead of this machine's clock\. /,
  );
  const forced = await publish('--force', '--json');
  assert.equal(timestampOf(forced.out), packet.timestamp + 1n);
});

test('what was published from here may be followed by an older file', async () => {
  const environment = { STATE_DIRECTORY: join(directory, 'state') };
  const args = (file: string) => ['publish', file, '--key', keyFile, ...network];
  const older = join(directory, 'older');
  writeFileSync(older, '@ A 192.0.2.77\n');
  utimesSync(older, 1e9, 1e9);
  assert.equal((await pkarrd(args(zone), { environment })).code, 0);
  const { code, err } = await pkarrd(args(older), { environment });
  assert.equal(code, 0, err);
  assert.equal(await address(), '192.0.2.77');
});

test('996 bytes are refused with the count before anybody is asked, and 995 are published', async () => {
  const txt = (size: number) => {
    const strings = [255, 255, 255, size - 12 - 54 - 10 - 768 - 1].map((n) => `"${'a'.repeat(n)}"`);
    writeFileSync(zone, `@ TXT ${strings.join(' ')}\n`);
  };
  txt(996);
  const { code, err } = await publish();
  assert.equal(code, 1);
  assert.match(
    err,
    /^pkarrd: \S+zone: The records take 996 bytes, which is 1 over the 995 that fit into a packet\.\nWhat each /,
  );
  txt(995);
  const good = await publish();
  assert.match(good.out, /^Published 995 of 995 bytes/);
  assert.match(good.out, /20 of 20 nodes hold it\.\n$/);
});

test('a zone file without any record is refused without --force, which takes the records down', async () => {
  await publish();
  for (const content of ['', '; nothing\n', '$TTL 60\n']) {
    writeFileSync(zone, content);
    for (const flags of [[], ['--once'], ['--dry-run'], ['--once', '--json']]) {
      const { code, out, err } = await publish(...flags);
      const isJson = flags.includes('--json');
      assert.deepEqual([code, isJson ? err : out], [1, '']);
      assert.match(
        isJson ? JSON.parse(out).error : err,
        /zone: it contains no records\. Publishing it would take down .* --remove is for/,
      );
    }
  }
  assert.equal(await address(), '192.0.2.1');
  assert.equal((await publish('--force')).code, 0);
  assert.equal((await resolve('--newest', '--json')).code, 1);
});

test('--once says nothing, puts the packet that is there again, and leaves a newer one its place', async () => {
  const first = await publish('--json');
  const again = await publish('--once', '--json');
  assert.equal(timestampOf(again.out), timestampOf(first.out));
  const quiet = await publish('--once');
  assert.deepEqual(quiet, { code: 0, out: '', err: '' });
  writeFileSync(zone, '@ A 192.0.2.3\n');
  const changed = await publish('--once', '--json');
  assert.equal(changed.code, 0);
  assert.equal(await address(), '192.0.2.3');
  // The packet from elsewhere is dated to a whole second, which must be later than ours and not ahead of the clock.
  while (BigInt(Math.floor(Date.now() / 1000)) * 1_000_000n <= timestampOf(changed.out)) await sleep(20);
  const newer = await elsewhere(0);
  utimesSync(zone, 1e9, 1e9);
  const kept = await publish('--once', '--json');
  assert.deepEqual([timestampOf(kept.out), JSON.parse(kept.out).isAdopted], [newer.timestamp, true]);
  assert.equal(await address(), '198.51.100.99');
});

test('relays are told too, and the result says how many nodes and relays hold it', async () => {
  const { code, out, err } = await publish('--relay', relay.server.url);
  assert.equal(code, 0, err);
  assert.match(out, /\n20 of 20 nodes hold it\.\n1 of 1 relay holds it\.\n$/);
  assert.equal(relay.packets.get(key.publicKey.text)?.records.length, 1);
  relay.refuse = { status: 429, headers: { 'Retry-After': '3600' } };
  const limited = await publish('--relay', relay.server.url);
  relay.refuse = undefined;
  assert.equal(limited.code, 0, limited.err);
  assert.match(
    limited.out,
    /\n0 of 1 relay hold it; 127\.0\.0\.1:\d+: (not asked for another|rate limit exceeded).* \d+ s.*\.\n$/,
  );
  const off = await publish('--relay', relay.server.url, '--relay-use', 'off');
  assert.doesNotMatch(off.out, /relay/);
});

test('with a DHT that nobody answers in, a relay holds the zone within seconds, and the command says so', async () => {
  const hole = await openBlackHole();
  const bootstrap = `127.0.0.1:${hole.address.port}`;
  const args = ['publish', zone, '--key', keyFile, '--bootstrap', bootstrap, '--relay', relay.server.url];
  const { value, ms } = await ownTime(() => pkarrd(args));
  await hole.close();
  assert.equal(value.code, 0, value.err);
  assert.match(
    value.out,
    /\nNo node holds it: no DHT node has answered recently\.\n1 of 1 relay holds it\.\n$/,
  );
  // Three seconds for the DHT, once, and the start of the command.
  assert.ok(ms < 7_000, `after ${ms} ms`);
});

test('an address in a zone is filled with what the nodes agree on', async () => {
  writeFileSync(zone, '@ A {external_ipv4}\nwww TXT "{external_ipv4}"\n');
  const { code, err } = await publish();
  assert.deepEqual([code, err], [0, '']);
  assert.equal(await address(), '127.0.0.1');
  const dry = await publish('--dry-run');
  assert.match(
    dry.err,
    /^warning: .*zone:1:5: The value of \{external_ipv4\} is not known yet, so the record is left out\.\n/,
  );
});

test('resolve asks the DHT alone, relays alone, or both', async () => {
  await publish();
  const newer = signedPacket(key, Math.floor(Date.now() / 1000) + 60, [
    aRecord(key.publicKey.text, '203.0.113.5'),
  ]);
  relay.packets.set(key.publicKey.text, newer);
  const url = relay.server.url;
  const requests = () => relay.server.requests.length;
  assert.match((await resolve('A', '--relay', url)).out, / A 203\.0\.113\.5\n$/);
  const before = requests();
  assert.match((await resolve('A', '--dht')).out, / A 192\.0\.2\.1\n$/);
  assert.equal(requests(), before);
  assert.match((await resolve('A', '--dht', '--relay', url, '--newest')).out, / A 203\.0\.113\.5\n$/);
  assert.match((await resolve('A')).out, / A 192\.0\.2\.1\n$/);
});

test('resolve shows the packet itself, the data alone, and takes type and name in any order', async () => {
  await publish();
  const { out } = await resolve('--packet', '--newest');
  assert.match(out, /^[0-9a-f]+\n$/);
  assert.ok(out.startsWith(Buffer.from(key.publicKey.toBytes()).toString('hex')));
  assert.equal(JSON.parse((await resolve('--json')).out).packet, out.trim());
  assert.equal((await resolve('A', '--short')).out, '192.0.2.1\n');
  const swapped = await pkarrd(['resolve', 'a', key.publicKey.text, '--short', ...network]);
  assert.equal(swapped.out, '192.0.2.1\n');
  assert.equal((await resolve('--packet', '--short')).code, 2);
  assert.equal((await resolve('--every', '0')).code, 2);
});

test('--watch shows what is there and each change, until Ctrl-C', async () => {
  await publish();
  const watching = new RunningCommand(['resolve', key.publicKey.text, ...network, '--watch', '--every', '1']);
  await watching.printed(/ A 192\.0\.2\.1\n/);
  writeFileSync(zone, '@ A 192.0.2.8\n');
  await publish('--force');
  await watching.printed(/ A 192\.0\.2\.8\n/);
  const { code, out } = await watching.stop('SIGINT');
  assert.equal(code, 0);
  assert.equal(out.match(/^; key /gm)?.length, 2);
});
