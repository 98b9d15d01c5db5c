import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import bencode from 'bencode';
import { targetOf } from '../../src/bep44/mutable-item.ts';
import type { NodeAddress } from '../../src/mainline/dht-node.ts';
import { type LocalDhtNode, startMainlineNode } from '../../src/mainline/node/node.ts';
import { type LocalTestNetwork, startTestNetwork } from '../../src/testnet/test-network.ts';
import { fieldsOf, newAuthor } from './support/items.ts';
import { newWire, type Wire } from './support/wire.ts';

const ID = randomBytes(20);

/** A reply or error as the `bencode` package reads it. */
interface Answer {
  readonly t: Buffer;
  readonly y: Buffer;
  readonly r?: { readonly [name in 'id' | 'token' | 'nodes' | 'v' | 'k' | 'sig' | 'values']?: Buffer } & {
    seq?: number;
  };
  readonly e?: readonly [number, Buffer];
  readonly ip?: Buffer;
  readonly length: number;
}

describe('a serving node', () => {
  let network: LocalTestNetwork;
  let socket: Socket;
  let port: number;

  before(async () => {
    network = await startTestNetwork({ nodes: 30 });
    port = network.addresses[0]?.port ?? 0;
    socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  });
  after(async () => {
    socket.close();
    await network.close();
  });

  /** Asks as any program would, and gives what comes back. */
  async function ask(q: unknown, a: object, t: Buffer = randomBytes(2)): Promise<Answer> {
    const arrival = once(socket, 'message');
    socket.send(bencode.encode({ t, y: 'q', q, a: { id: ID, ...a }, ro: 1 }), port, '127.0.0.1');
    const [datagram] = await arrival;
    return { ...Object(bencode.decode(datagram)), length: datagram.length };
  }

  const code = (answer: Answer) => answer.e?.[0];

  test('answers each kind of query with its id, the same transaction id, and our address', async () => {
    const queries: readonly (readonly [string, object])[] = [
      ['ping', {}],
      ['find_node', { target: randomBytes(20) }],
      ['get_peers', { info_hash: randomBytes(20) }],
      ['get', { target: randomBytes(20) }],
    ];
    for (const [q, a] of queries) {
      for (const length of [1, 2, 4, 17, 32]) {
        const t = randomBytes(length);
        const answer = await ask(q, a, t);
        assert.equal(String(answer.y), 'r');
        assert.deepEqual(answer.t, t);
        assert.equal(answer.r?.id?.length, 20);
        assert.equal(answer.ip?.readUInt16BE(4), socket.address().port);
      }
    }
  });

  test('keeps an item, and gives it with nodes beside it; with its seq asked, it gives the seq alone', async () => {
    const item = newAuthor().item(2n ** 53n - 1n, 'x'.repeat(1000));
    const target = targetOf(item.key);
    const { r } = await ask('get', { target });
    const put = { token: r?.token, ...fieldsOf(item) };
    assert.equal(String((await ask('put', put)).y), 'r');
    const held = (await ask('get', { target })).r;
    assert.deepEqual(
      [held?.seq, held?.v, held?.k, held?.sig],
      [Number(item.seq), ...[item.value, item.key, item.signature].map((bytes) => Buffer.from(bytes))],
    );
    assert.equal(held?.nodes?.length, 20 * 26);
    const same = (await ask('get', { target, seq: Number(item.seq) })).r;
    assert.deepEqual(
      [same?.seq, same?.v, same?.k, same?.sig],
      [Number(item.seq), undefined, undefined, undefined],
    );
    assert.equal(code(await ask('put', put)), 302);
    assert.equal(code(await ask('put', { ...put, cas: 3 })), 301);
  });

  test('refuses puts with the codes of BEP 44', async () => {
    const item = newAuthor().item(1n, 'x');
    const { r } = await ask('get', { target: targetOf(item.key) });
    const put = { token: r?.token, ...fieldsOf(item) };
    assert.equal(code(await ask('put', { ...put, token: Buffer.from('made up') })), 203);
    assert.equal(code(await ask('put', { ...put, v: Buffer.alloc(1001) })), 205);
    assert.equal(code(await ask('put', { ...put, v: Buffer.from('y') })), 206);
    assert.equal(code(await ask('put', { ...put, salt: Buffer.alloc(65) })), 207);
    assert.equal(code(await ask('put', { ...put, seq: -1 })), 203);
    const smallOrder = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
    const forged = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
    assert.equal(code(await ask('put', { ...put, k: smallOrder, sig: forged })), 206);
    assert.equal(String((await ask('put', put)).y), 'r');
  });

  test('refuses a sequence number that its store would round', async () => {
    const item = newAuthor().item(2n ** 60n, 'x');
    const { r } = await ask('get', { target: targetOf(item.key) });
    assert.equal(code(await ask('put', { token: r?.token, ...fieldsOf(item) })), 203);
  });

  test('refuses malformed queries with 203 and unknown ones with 204', async () => {
    assert.equal(code(await ask('find_node', { target: 7 })), 203);
    assert.equal(code(await ask('get', {})), 203);
    assert.equal(code(await ask('put', { token: [], v: 'x' })), 203);
    assert.equal(code(await ask(7, {})), 203);
    assert.equal(code(await ask('sample_infohashes', { target: randomBytes(20) })), 204);
    assert.equal(code(await ask('announce_peer', { info_hash: randomBytes(20), port: 1, token: 't' })), 204);
  });

  test('does not take who says it is read-only into its table', async () => {
    const asked = await ask('find_node', { target: ID });
    assert.ok(!asked.r?.nodes?.includes(ID));
  });
});

test('a node that does not serve answers nobody and is in nobody’s table', async () => {
  const network = await startTestNetwork({ nodes: 3 });
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.settled();
  const { port, nodeId } = await node.status();
  const socket = createSocket('udp4');
  for (const q of ['ping', 'find_node', 'nonsense', 7]) {
    const query = bencode.encode({ t: 'tt', y: 'q', q, a: { id: ID, target: ID } });
    await new Promise((done) => socket.send(query, port, '127.0.0.1', done));
  }
  socket.close();
  while (((await node.status()).dropped['not-serving'] ?? 0) < 3)
    await new Promise((done) => setImmediate(done));
  const status = await node.status();
  assert.equal(status.served.answered, 0);
  assert.equal(status.serving, false);
  assert.equal((await network.nodes[0]?.status())?.nodes, 2, 'the other two');
  assert.equal(nodeId.length, 20);
  await node.close();
  await network.close();
});

test('on the public network one address is answered so often and no more, others go on', async () => {
  const wire = newWire();
  const node: LocalDhtNode = await startMainlineNode(
    { bootstrap: [], network: 'public', serve: true },
    wire.environment,
  );
  const ping = bencode.encode({ t: 'tt', y: 'q', q: 'ping', a: { id: ID }, ro: 1 });
  for (let count = 0; count < 500; count++) wire.putPacket(ping, { host: '8.8.8.8', port: 1024 + count });
  assert.ok(wire.sent.length >= 60 && wire.sent.length < 80, `answered ${wire.sent.length} times`);
  const { dropped } = await node.status();
  assert.equal(dropped['rate-limited'], 500 - wire.sent.length);
  const before = wire.sent.length;
  wire.putPacket(ping, { host: '9.9.9.9', port: 53 });
  assert.equal(wire.sent.length, before + 1);
  wire.putPacket(ping, { host: '192.168.1.1', port: 53 });
  assert.equal(wire.sent.length, before + 1, 'no node of the public network lives there');
  await node.close();
});

test('on the public network an answer names 8 nodes at most and has less than 400 bytes, though more are known', async () => {
  const wire = newWire();
  const node = await startMainlineNode({ bootstrap: [], network: 'public', serve: true }, wire.environment);
  for (let index = 0; index < 16; index++)
    await introduce(wire, { host: `45.1.2.${index}`, port: 6881 }, randomBytes(20));
  assert.equal((await node.status()).nodes, 16);
  const asker = { host: '9.9.9.9', port: 6881 };
  for (const [q, name] of [
    ['find_node', 'target'],
    ['get_peers', 'info_hash'],
    ['get', 'target'],
  ] as const) {
    const query = bencode.encode({ t: 'tt', y: 'q', q, a: { id: ID, [name]: randomBytes(20) }, ro: 1 });
    wire.putPacket(query, asker);
    const answer: Answer = Object(wire.sent.at(-1)?.message);
    assert.equal(answer.r?.nodes?.length, 8 * 26, q);
    assert.equal(answer.r?.values, undefined);
    assert.ok(bencode.encode(answer).length < Math.min(400, 4 * query.length));
  }
  await node.close();
});

/** Lets a node ask something, and answer the ping that comes back. */
async function introduce(wire: Wire, from: NodeAddress, id: Buffer): Promise<void> {
  wire.putPacket(bencode.encode({ t: 'tt', y: 'q', q: 'ping', a: { id } }), from);
  const ping = wire.sent.findLast(({ to, message }) => to.host === from.host && String(message.y) === 'q');
  wire.putPacket(bencode.encode({ t: ping?.message.t, y: 'r', r: { id } }), from);
}

test('a stranger comes into the table only after it answered a ping at its address', async () => {
  const wire = newWire();
  const node = await startMainlineNode({ bootstrap: [], network: 'public', serve: true }, wire.environment);
  const ping = bencode.encode({ t: 'tt', y: 'q', q: 'ping', a: { id: ID } });
  wire.putPacket(ping, { host: '8.8.8.8', port: 6881 });
  assert.equal((await node.status()).nodes, 0);
  const question = wire.sent.find(({ message }) => String(message.y) === 'q');
  assert.deepEqual(question?.to, { host: '8.8.8.8', port: 6881 });
  wire.putPacket(bencode.encode({ t: question?.message.t, y: 'r', r: { id: ID } }), {
    host: '8.8.8.8',
    port: 6881,
  });
  assert.equal((await node.status()).nodes, 1);
  await node.close();
});

test('of a crowd of strangers sixteen are pinged at a time, and the next when one has answered', async () => {
  const wire = newWire();
  const node = await startMainlineNode({ bootstrap: [], network: 'public', serve: true }, wire.environment);
  const pings = () => wire.sent.filter(({ message }) => String(message.q) === 'ping');
  const knock = (index: number) => {
    const id = randomBytes(20);
    const query = bencode.encode({ t: 'tt', y: 'q', q: 'ping', a: { id } });
    wire.putPacket(query, { host: `45.1.3.${index}`, port: 6881 });
  };
  for (let index = 0; index < 40; index++) knock(index);
  assert.equal(pings().length, 16);
  const [first = assert.fail()] = pings();
  wire.putPacket(bencode.encode({ t: first.message.t, y: 'r', r: { id: randomBytes(20) } }), first.to);
  knock(41);
  knock(42);
  assert.equal(pings().length, 17);
  await node.close();
});
