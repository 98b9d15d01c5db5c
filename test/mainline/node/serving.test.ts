import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import bencode from 'bencode';
import type { MutableItem } from '../../../src/bep44/mutable-item.ts';
import { targetOf } from '../../../src/bep44/target.ts';
import type { NodeAddress } from '../../../src/mainline/dht-node.ts';
import { type LocalDhtNode, startMainlineNode } from '../../../src/mainline/node/node.ts';
import { type BencodedDictionary, decodeBencode } from '../../../src/mainline/wire/bencode-read.ts';
import { encodeBencode } from '../../../src/mainline/wire/bencode-write.ts';
import { type LocalTestNetwork, startTestNetwork } from '../../../src/testnet/test-network.ts';
import { fieldsOf, newAuthor } from '../support/items.ts';
import { newWire, type Wire } from '../support/wire.ts';

const ID = randomBytes(20);

/** A reply or error as the `bencode` package reads it. */
interface Answer {
  readonly t: Buffer;
  readonly y: Buffer;
  readonly r?: { readonly [name in 'id' | 'token' | 'nodes' | 'v' | 'k' | 'sig']?: Buffer } & {
    seq?: number;
    values?: Buffer | readonly Buffer[];
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
    assert.equal(code(await ask('put', { ...put, cas: 3 })), 301);
  });

  /** Puts an item with a token that was asked for, and gives the refusal if there is one. */
  async function put(item: MutableItem, more: object = {}): Promise<number | undefined> {
    const { r } = await ask('get', { target: targetOf(item.key) });
    return code(await ask('put', { token: r?.token, ...fieldsOf(item), ...more }));
  }

  test('takes the item that it holds once more, and another one only with a larger sequence number', async () => {
    const author = newAuthor();
    assert.equal(await put(author.item(5n, 'x')), undefined);
    assert.equal(await put(author.item(5n, 'x')), undefined);
    assert.equal(await put(author.item(5n, 'x'), { cas: 5 }), undefined);
    assert.equal(await put(author.item(5n, 'y')), 302);
    assert.equal(await put(author.item(4n, 'x')), 302);
    assert.equal(await put(author.item(6n, 'y')), undefined);
    assert.equal(await put(author.item(6n, 'y'), { cas: 5 }), 301);
    assert.equal((await ask('get', { target: targetOf(author.key) })).r?.seq, 6);
  });

  test('keeps sequence numbers exact up to the largest', async () => {
    const author = newAuthor();
    const target = targetOf(author.key);
    // The `bencode` package reads and writes numbers, which are not exact here.
    const askExactly = async (q: string, a: object): Promise<BencodedDictionary> => {
      const arrival = once(socket, 'message');
      socket.send(encodeBencode({ t: 'tt', y: 'q', q, a: { id: ID, ...a }, ro: 1 }), port, '127.0.0.1');
      const [answer] = await arrival;
      return decodeBencode(answer) as BencodedDictionary;
    };
    const held = async (seq: bigint) => {
      const r = (await askExactly('get', { target, seq })).get('r') as BencodedDictionary;
      return { token: r.get('token'), seq: r.get('seq'), isWhole: r.has('v') };
    };
    const putExactly = async ({ key: k, seq, signature: sig, value: v }: MutableItem) => {
      const { token } = await held(0n);
      return String((await askExactly('put', { token, k, seq, sig, v })).get('y'));
    };
    const largest = 2n ** 63n - 1n;
    assert.equal(await putExactly(author.item(largest - 1n, 'x')), 'r');
    assert.deepEqual(
      [(await held(largest - 2n)).isWhole, (await held(largest - 1n)).isWhole, (await held(0n)).seq],
      [true, false, largest - 1n],
    );
    assert.equal(await putExactly(author.item(largest - 2n, 'y')), 'e');
    assert.equal(await putExactly(author.item(largest, 'y')), 'r');
  });

  test('keeps items with a salt beside the one without, and immutable ones under the hash of their value', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const [v, salt] = [Buffer.from('Hello World!'), Buffer.from('foobar')];
    const target = createHash('sha1').update(key).update(salt).digest();
    const { r } = await ask('get', { target });
    // Test 2 of BEP 44: "4:salt6:foobar3:seqi1e1:v12:Hello World!".
    const sig = sign(null, Buffer.from('4:salt6:foobar3:seqi1e1:v12:Hello World!'), privateKey);
    const salted = { token: r?.token, k: key, seq: 1, salt, sig, v };
    assert.equal(code(await ask('put', { ...salted, salt: '' })), 206);
    assert.equal(code(await ask('put', salted)), undefined);
    assert.deepEqual((await ask('get', { target })).r?.v, v);
    assert.equal((await ask('get', { target: targetOf(key) })).r?.v, undefined);
    // Test 3: an immutable item.
    const hash = Buffer.from('e5f96f6f38320f0f33959cb4d3d656452117aadb', 'hex');
    assert.equal(code(await ask('put', { token: r?.token, v })), undefined);
    const immutable = (await ask('get', { target: hash })).r;
    assert.deepEqual([immutable?.v, immutable?.k, immutable?.seq], [v, undefined, undefined]);
  });

  test('gives peers to whoever asks after they were announced with its token', async () => {
    const info_hash = randomBytes(20);
    const { r } = await ask('get_peers', { info_hash });
    assert.deepEqual([r?.token !== undefined, r?.nodes?.length, r?.values], [true, 20 * 26, undefined]);
    const announce = { info_hash, port: 7001, token: r?.token };
    assert.equal(code(await ask('announce_peer', { ...announce, token: 'made up' })), 203);
    assert.equal(code(await ask('announce_peer', { ...announce, port: 0 })), 203);
    assert.equal(String((await ask('announce_peer', announce)).y), 'r');
    // Rust mainline announces with the token of a `get`.
    const { token } = (await ask('get', { target: info_hash })).r ?? {};
    assert.equal(
      String((await ask('announce_peer', { ...announce, token, port: 1, implied_port: 1 })).y),
      'r',
    );
    const told = (await ask('get_peers', { info_hash })).r;
    const peer = (port: number) => Buffer.from([127, 0, 0, 1, port >> 8, port & 255]);
    const values = [told?.values].flat().map(String).sort();
    assert.deepEqual(values, [peer(7001), peer(socket.address().port)].map(String).sort());
    assert.equal(told?.nodes?.length, 20 * 26);
    for (let more = 7002; more < 7030; more++)
      assert.equal(code(await ask('announce_peer', { ...announce, port: more })), undefined);
    assert.equal([(await ask('get_peers', { info_hash })).r?.values].flat().length, 16, 'some of many');
  });

  test('answers what stands before other bytes', async () => {
    const arrival = once(socket, 'message');
    const query = bencode.encode({ t: 'tt', y: 'q', q: 'ping', a: { id: ID }, ro: 1 });
    socket.send(Buffer.concat([query, Buffer.from('\0\0trailing')]), port, '127.0.0.1');
    assert.equal(String(Object(bencode.decode((await arrival)[0])).y), 'r');
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

  test('answers an unknown method that has a target with the nodes closest to it, and no other', async () => {
    const target = randomBytes(20);
    const { nodes } = (await ask('find_node', { target })).r ?? {};
    // BEP 51, and what is to come.
    assert.deepEqual((await ask('sample_infohashes', { target })).r?.nodes, nodes);
    assert.deepEqual((await ask('scrape', { info_hash: target })).r?.nodes, nodes);
    assert.equal(code(await ask('frobnicate', {})), 204);
    assert.equal(code(await ask('frobnicate', { target: 'short' })), 204);
  });

  test('refuses malformed queries with 203', async () => {
    assert.equal(code(await ask('find_node', { target: 7 })), 203);
    assert.equal(code(await ask('get', {})), 203);
    assert.equal(code(await ask('put', { token: [], v: 'x' })), 203);
    assert.equal(code(await ask(7, {})), 203);
    assert.equal(code(await ask('announce_peer', { info_hash: randomBytes(20), token: 't' })), 203);
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
