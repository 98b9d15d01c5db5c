import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import bencode from 'bencode';
import type { DhtNode } from '../../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { startTestNetwork } from '../../../src/testnet/test-network.ts';
import { never, newAuthor } from '../support/items.ts';
import { lookUp } from '../support/walk.ts';

/** Throws datagrams at a node, some at a time, and waits until it has been through them. */
async function bombard(node: DhtNode, datagrams: Iterable<Uint8Array>): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = await node.status();
  let sent = 0;
  for (const datagram of datagrams) {
    socket.send(datagram, port, '127.0.0.1');
    // Node reads 32 datagrams in a turn of its loop. Were more sent, the system would drop what is to be tested.
    if (++sent % 25 === 0) await new Promise((done) => setImmediate(done));
  }
  await new Promise((done) => socket.send(Buffer.from('last'), port, '127.0.0.1', done));
  socket.close();
  await drained(node);
}

/** Waits until the node has read what the system holds for it: nothing more was counted for a hundred turns. */
async function drained(node: DhtNode): Promise<void> {
  let [count, turns] = [-1, 0];
  while (turns < 100) {
    await new Promise((done) => setImmediate(done));
    const now = await received(node);
    turns = now === count ? turns + 1 : 0;
    count = now;
  }
}

async function received(node: DhtNode): Promise<number> {
  const { dropped, served } = await node.status();
  return Object.values(dropped).reduce((sum, reason) => sum + reason, served.received);
}

function* randomDatagrams(count: number): Generator<Uint8Array> {
  const bytes = randomBytes(1 << 16);
  for (let index = 0; index < count; index++) {
    const length = index % 3 === 0 ? index % 1500 : index % 60;
    const start = (index * 7919) % (bytes.length - 1500);
    const datagram = Buffer.from(bytes.subarray(start, start + length));
    if (index % 2 === 0) datagram.set(Buffer.from('d1:ad2:id20:').subarray(0, length));
    yield datagram;
  }
}

const GOOD = {
  t: 'tt',
  y: 'q',
  a: {
    id: Buffer.alloc(20, 7),
    target: Buffer.alloc(20, 8),
    info_hash: Buffer.alloc(20, 9),
    token: 'tok',
    v: 'v',
    k: Buffer.alloc(32, 1),
    sig: Buffer.alloc(64, 2),
    seq: 1,
    cas: 1,
    salt: 's',
    port: 1,
    implied_port: 1,
  },
};
const VALUES: readonly unknown[] = [
  0,
  -1,
  1,
  2 ** 40,
  '',
  'x',
  'x'.repeat(20),
  Buffer.alloc(20),
  Buffer.alloc(1200),
  [],
  [1],
  ['x', []],
  {},
  { a: { b: [] } },
];

function* mutations(): Generator<Uint8Array> {
  for (const q of [
    'ping',
    'find_node',
    'get_peers',
    'announce_peer',
    'get',
    'put',
    'sample_infohashes',
    '',
    'x'.repeat(500),
  ]) {
    for (const value of VALUES) {
      for (const field of ['t', 'y', 'q', 'a', 'v', 'ro', 'ip', 'r', 'e'])
        yield bencode.encode({ ...GOOD, q, [field]: value });
      for (const field of Object.keys(GOOD.a)) {
        yield bencode.encode({ ...GOOD, q, a: { ...GOOD.a, [field]: value } });
        yield bencode.encode({ ...GOOD, q, a: { id: GOOD.a.id, [field]: value } });
      }
      yield bencode.encode({ t: 'tt', y: 'r', r: value });
      yield bencode.encode({ t: value, y: 'r', r: GOOD.a });
      yield bencode.encode({ t: 'abcd', y: 'e', e: value });
      yield bencode.encode({ t: 'abcd', y: 'e', e: [value, value] });
    }
  }
}

for (const { serve, count } of [
  { serve: false, count: 100_000 },
  { serve: true, count: 20_000 },
]) {
  const name = serve ? 'serving' : 'read-only';
  test(`${count} random datagrams and every wrong type in every query leave a ${name} node resolving`, async () => {
    const network = await startTestNetwork({ nodes: 8 });
    const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1', serve });
    await node.settled();
    const author = newAuthor();
    await node.put(author.item(1n, 'still here'), { signal: never() });
    await bombard(node, randomDatagrams(count));
    await bombard(node, mutations());
    const { items } = await lookUp(node, author.key);
    assert.ok(items.length >= 7, `held by ${items.length}`);
    const reached = await received(node);
    assert.ok(reached >= count, `the node was reached by ${reached} datagrams`);
    const status = await node.status();
    assert.equal(status.faults, 0);
    if (!serve) assert.equal(status.served.answered, 0);
    await node.close();
    await network.close();
  });
}
