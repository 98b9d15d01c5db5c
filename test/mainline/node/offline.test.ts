import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import bencode from 'bencode';
import { parseIpv4 } from '../../../src/mainline/addresses.ts';
import type { LookupEvent } from '../../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { isSecureNodeId } from '../../../src/mainline/wire/node-id.ts';
import { startTestNetwork } from '../../../src/testnet/test-network.ts';
import { fieldsOf, never, newAuthor } from '../support/items.ts';
import { compact } from '../support/scripted-node.ts';
import { lookUp } from '../support/walk.ts';
import { newWire, type PlainMessage } from '../support/wire.ts';

/** What the system says without a route. */
const DOWN = 'ENETUNREACH';
const ROUTER = { host: '67.215.246.10', port: 6881 };

/** Twelve nodes of the public network, each of which names all. */
const PUBLIC = Array.from({ length: 12 }, (_, index) => ({
  id: randomBytes(20),
  host: `45.${index}.7.9`,
  port: 6881 + index,
}));

/** What such a node says. */
function publicAnswer(message: PlainMessage, to: { host: string }, extra: object = {}): Buffer {
  const self = PUBLIC.find(({ host }) => host === to.host);
  const r = { id: self?.id ?? Buffer.alloc(20, 1), nodes: compact(PUBLIC), token: 't', ...extra };
  return bencode.encode({
    t: message.t,
    y: 'r',
    r,
    ip: compact([{ id: Buffer.alloc(0), host: '21.75.31.124', port: 1 }]),
  });
}

test('without a network nothing is thrown, failures are counted, and when it comes the node finds its way', async () => {
  const wire = newWire();
  wire.failWith(DOWN);
  const node = await startMainlineNode({ bootstrap: [ROUTER] }, wire.environment);
  let ready = false;
  const readiness = node.ready().then(() => {
    ready = true;
  });
  const { summary } = await lookUp(node, newAuthor().key);
  assert.deepEqual([summary.asked, summary.answered, summary.ended], [1, 0, 'exhausted']);
  const outcome = await node.put(newAuthor().item(1n, 'x'), { signal: never() });
  assert.equal(outcome.asked, 0);
  assert.ok(((await node.status()).sendErrors[DOWN] ?? 0) >= 3);
  assert.equal(ready, false);

  wire.answerWith(publicAnswer);
  wire.failWith(undefined);
  await readiness; // the next retry
  assert.equal(wire.faults.length, 0);
  assert.ok((await node.status()).nodes >= 8);
  await node.close();
});

test('a lookup that begins when the network has come finds its way at once, and the table is filled after it', async () => {
  const wire = newWire();
  wire.failWith(DOWN);
  const node = await startMainlineNode({ bootstrap: [ROUTER] }, wire.environment);
  await node.settled();
  const searches = () => wire.sent.filter(({ message }) => String(message.q) === 'find_node').length;
  assert.equal(searches(), 0);
  wire.answerWith(publicAnswer);
  wire.failWith(undefined);
  const { summary } = await lookUp(node, newAuthor().key);
  assert.equal(summary.answered, 1 + PUBLIC.length);
  // Long before the first retry is due, a second after the search that failed.
  for (let turn = 0; turn < 100 && searches() === 0; turn++) await new Promise((done) => setImmediate(done));
  assert.ok(searches() > 0);
  await node.ready();
  await node.close();
});

test('each lookup begins at sixteen remembered nodes, if there are so many, also when those before it had most of them', async () => {
  const wire = newWire();
  const gone = { host: '67.215.246.11', port: 6881 };
  const alive = Array.from({ length: 16 }, (_, index) => ({ host: `46.${index}.7.9`, port: 6881 }));
  wire.answerWith((message, to) => {
    if (!alive.some(({ host }) => host === to.host)) return undefined;
    const r = { id: Buffer.alloc(20, to.host), nodes: compact([]), token: 't' };
    return bencode.encode({ t: message.t, y: 'r', r });
  });
  // The search of the start begins at the first sixteen, and nobody has answered it yet.
  const node = await startMainlineNode(
    { bootstrap: [gone], nodes: [...alive, gone], timeoutMs: 200 },
    wire.environment,
  );
  const { summary } = await lookUp(node, newAuthor().key);
  assert.deepEqual([summary.asked, summary.answered], [16, 15]);
  await node.close();
});

test('a change of network begins the search anew at once, and our address of before is forgotten', async () => {
  const wire = newWire();
  wire.answerWith(publicAnswer);
  const node = await startMainlineNode({ bootstrap: [ROUTER] }, wire.environment);
  await node.settled();
  assert.equal((await node.status()).externalHost, '21.75.31.124');
  wire.answerWith(() => undefined);
  const before = wire.sent.length;
  node.networkChanged();
  assert.equal((await node.status()).externalHost, undefined);
  while (wire.sent.length === before) await new Promise((done) => setImmediate(done));
  assert.equal(String(wire.sent[before]?.message.q), 'find_node');
  await node.close();
});

for (const [when, timeoutMs] of [
  ['when they have all had their time', 200],
  ['after half a second in which nobody answered', 60_000],
] as const) {
  test(`when all nodes of the table have gone, a lookup goes on from the bootstrap addresses, ${when}`, async () => {
    const wire = newWire();
    wire.answerWith(publicAnswer);
    const node = await startMainlineNode({ bootstrap: PUBLIC.slice(0, 1), timeoutMs }, wire.environment);
    await node.settled();
    node.setBootstrap([ROUTER]);
    // Weeks later: others live elsewhere, and the router alone is where it was.
    const successors = PUBLIC.map(({ port }, index) => ({
      id: randomBytes(20),
      host: `46.${index}.8.8`,
      port,
    }));
    wire.answerWith((message, to) => {
      const self = successors.find(({ host }) => host === to.host);
      if (self === undefined && to.host !== ROUTER.host) return undefined;
      const r = { id: self?.id ?? Buffer.alloc(20, 1), nodes: compact(successors), token: 't' };
      return bencode.encode({ t: message.t, y: 'r', r });
    });
    const controller = new AbortController();
    const walking = (async () => {
      for await (const _ of node.lookup(newAuthor().key, { signal: controller.signal }));
    })();
    const asked = (host: string) =>
      wire.sent.some(({ to, message }) => to.host === host && String(message.q) === 'get');
    const reached = () => successors.filter(({ host }) => asked(host)).length;
    while (reached() < successors.length) await new Promise((done) => setTimeout(done, 5));
    controller.abort();
    await walking.catch(() => {});
    await node.close();
  });
}

test('a lookup that nobody has answered goes on from bootstrap addresses that come while it runs', async () => {
  const wire = newWire();
  const dead = { host: '67.215.246.11', port: 6881 };
  wire.answerWith((message, to) => (to.host === dead.host ? undefined : publicAnswer(message, to)));
  const node = await startMainlineNode({ bootstrap: [dead], timeoutMs: 60_000 }, wire.environment);
  const finding = lookUp(node, newAuthor().key);
  // Longer than a lookup waits before it looks at other addresses by itself.
  await new Promise((done) => setTimeout(done, 700));
  node.setBootstrap([ROUTER]);
  await node.ready();
  // It ends when the silent one has had its time; what it finds does not wait for that.
  const gets = () =>
    wire.sent.filter(({ to, message }) => String(message.q) === 'get' && to.host !== dead.host);
  while (gets().length < 1 + PUBLIC.length) await new Promise((done) => setImmediate(done));
  await node.close();
  await assert.rejects(finding, { kind: 'closed' });
  assert.throws(() => node.setBootstrap([{ host: 'router.example', port: 6881 }]), {
    kind: 'invalid-argument',
  });
});

test('a node of a test network sends nothing out of this machine, whatever nodes it remembers', async () => {
  const wire = newWire();
  const nodes = Array.from({ length: 10 }, (_, index) => ({ host: `45.1.1.${index}`, port: 6881 }));
  const loopback = { host: '127.0.0.1', port: 9 };
  for (const options of [
    { bootstrap: [loopback] },
    { bootstrap: [...nodes, loopback], network: 'test' as const },
  ]) {
    const node = await startMainlineNode({ ...options, nodes, timeoutMs: 100 }, wire.environment);
    await node.settled();
    await lookUp(node, newAuthor().key);
    await node.close();
  }
  assert.ok(wire.sent.length > 0);
  assert.deepEqual([...new Set(wire.sent.map(({ to }) => to.host))], ['127.0.0.1']);
});

test('remembered nodes are asked beside the bootstrap address, sixteen at a time and others the next time', async () => {
  const wire = newWire();
  const nodes = Array.from({ length: 40 }, (_, index) => ({ host: `47.1.1.${index}`, port: 6881 }));
  const node = await startMainlineNode({ bootstrap: [ROUTER], nodes, timeoutMs: 100 }, wire.environment);
  await node.settled();
  const hosts = () => [...new Set(wire.sent.map(({ to }) => to.host))];
  assert.deepEqual(hosts(), [ROUTER.host, ...nodes.slice(0, 16).map(({ host }) => host)]);
  await lookUp(node, newAuthor().key);
  assert.equal(hosts().length, 1 + 32);
  await lookUp(node, newAuthor().key);
  assert.equal(hosts().length, 1 + 40);
  await node.close();
});

test('while nobody answers, no node is dropped from the table', async () => {
  const wire = newWire();
  wire.answerWith(publicAnswer);
  const node = await startMainlineNode({ bootstrap: [ROUTER], timeoutMs: 100 }, wire.environment);
  await node.settled();
  const before = (await node.status()).nodes;
  assert.ok(before >= 12);
  wire.answerWith(() => undefined);
  for (let count = 0; count < 3; count++) {
    const { summary } = await lookUp(node, newAuthor().key);
    assert.equal(summary.answered, 0);
  }
  assert.equal((await node.status()).nodes, 0, 'none of them can be reached');
  assert.equal((await node.knownNodes()).length, before);

  // One that is silent while the others speak is dropped, after the second time.
  const [dead] = PUBLIC;
  wire.answerWith((message, to) => (to.host === dead?.host ? undefined : publicAnswer(message, to)));
  for (let count = 0; (await node.knownNodes()).some(({ host }) => host === dead?.host); count++) {
    assert.ok(count < 10, 'it is dropped after a few lookups');
    await lookUp(node, newAuthor().key);
    await new Promise((done) => setTimeout(done, 120)); // the time-out of its query
  }
  assert.equal((await node.status()).nodes, before - 1);
  await node.close();
});

test('a node that lost all others finds out by itself that they are back, and asks only a few meanwhile', async () => {
  const wire = newWire();
  wire.answerWith(publicAnswer);
  const node = await startMainlineNode({ bootstrap: [ROUTER], timeoutMs: 100 }, wire.environment);
  await node.settled();
  const { nodes: before, nextSearchMs = 0 } = await node.status();
  assert.ok(nextSearchMs > 800_000, 'it would not search for a quarter of an hour');
  wire.answerWith(() => undefined);
  await lookUp(node, newAuthor().key);
  await eventually(async () => (await node.status()).nodes === 0);
  const sent = wire.sent.length;
  // Two tries, after one second and after two more.
  await eventually(async () => ((await node.status()).nextSearchMs ?? 0) > 3_000);
  const tries = wire.sent.slice(sent);
  assert.ok(tries.length > 2 && tries.length <= 3 * 5, `${tries.length} queries`);
  assert.ok(
    tries.every(({ message }) => String(message.q) === 'ping'),
    'all of them pings',
  );
  wire.answerWith(publicAnswer);
  await eventually(async () => (await node.status()).nodes >= before);
  await node.close();
});

test('the node id is made to fit the address that several nodes report', async () => {
  const wire = newWire();
  wire.answerWith(publicAnswer);
  const node = await startMainlineNode({ bootstrap: [ROUTER] }, wire.environment);
  await node.settled();
  await lookUp(node, newAuthor().key);
  const status = await node.status();
  assert.equal(status.externalHost, '21.75.31.124');
  assert.equal(status.secureId, true);
  assert.ok(isSecureNodeId(status.nodeId, parseIpv4('21.75.31.124') ?? 0));
  assert.ok(status.nodes >= 12, 'the table moved along');
  await node.close();
  const again = await startMainlineNode(
    { bootstrap: [], externalHost: '43.213.53.83' },
    newWire().environment,
  );
  assert.ok(isSecureNodeId((await again.status()).nodeId, parseIpv4('43.213.53.83') ?? 0));
  await again.close();
});

test('a lookup that is left or aborted asks nobody any more', async () => {
  const author = newAuthor();
  const item = fieldsOf(author.item(1n, 'x'));
  for (const way of ['leave', 'abort'] as const) {
    const wire = newWire();
    const pending: (() => void)[] = [];
    wire.answerWith((message, to) => {
      if (String(message.q) !== 'get') return publicAnswer(message, to);
      // Each answer names nodes never heard of, so that the walk would go on for long.
      const strangers = Array.from({ length: 8 }, () => ({
        id: randomBytes(20),
        host: `91.${randomBytes(3).join('.')}`,
        port: 6881,
      }));
      const answer = publicAnswer(message, to, { ...item, nodes: compact(strangers) });
      if (pending.length === 0) setImmediate(() => wire.putPacket(answer, to));
      pending.push(() => wire.putPacket(answer, to));
      return undefined;
    });
    const node = await startMainlineNode({ bootstrap: [ROUTER] }, wire.environment);
    await node.settled();
    const controller = new AbortController();
    const seen: LookupEvent[] = [];
    try {
      for await (const event of node.lookup(author.key, { signal: controller.signal })) {
        seen.push(event);
        if (way === 'leave') break;
        controller.abort(new Error('enough'));
      }
      assert.equal(way, 'leave');
    } catch (error) {
      assert.equal(error instanceof Error && error.message, 'enough');
    }
    assert.ok(seen.length >= 1 && seen[0]?.kind === 'item');
    const sent = wire.sent.length;
    assert.ok(pending.length > 5, 'others had been asked');
    for (const answer of pending) answer();
    await new Promise((done) => setTimeout(done, 50));
    assert.equal(wire.sent.length, sent);
    assert.equal((await node.status()).active, 0);
    await node.close();
  }
});

test('closing fails what goes on as closed, frees the port, and may be done twice', async () => {
  const node = await startMainlineNode({ bootstrap: [{ host: '127.0.0.1', port: 9 }], host: '127.0.0.1' });
  const { port } = await node.status();
  const readiness = assert.rejects(node.ready(), { name: 'MainlineError', kind: 'closed' });
  const walking = assert.rejects(lookUp(node, newAuthor().key), { kind: 'closed' });
  const putting = assert.rejects(node.put(newAuthor().item(1n, 'x'), { signal: never() }), {
    kind: 'closed',
  });
  await new Promise((done) => setImmediate(done));
  await node.close();
  await node.close();
  await Promise.all([readiness, walking, putting]);
  await assert.rejects(lookUp(node, newAuthor().key), { kind: 'closed' });
  const next = await startMainlineNode({ bootstrap: [], network: 'test', host: '127.0.0.1', port });
  await assert.rejects(startMainlineNode({ bootstrap: [], host: '127.0.0.1', port }), (error: Error) => {
    assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
    return 'kind' in error && error.kind === 'bind-failed';
  });
  await next.close();
});

test('options out of bounds are refused before anything is opened', async () => {
  const wrong = [
    { bootstrap: [{ host: 'router.example', port: 6881 }] },
    { bootstrap: [{ host: '1.2.3.4', port: 0 }] },
    { bootstrap: [], nodes: [{ host: '::1', port: 1 }] },
    { bootstrap: [], host: 'localhost' },
    { bootstrap: [], port: 70_000 },
    { bootstrap: [], concurrency: 0 },
    { bootstrap: [], timeoutMs: 1 },
    { bootstrap: [], externalHost: 'x' },
  ];
  for (const options of wrong) await assert.rejects(startMainlineNode(options), { kind: 'invalid-argument' });
});

test('a node finds the network from nodes remembered when the bootstrap address is dead', async () => {
  const network = await startTestNetwork({ nodes: 10 });
  const nodes = network.addresses;
  const node = await startMainlineNode({
    bootstrap: [{ host: '127.0.0.1', port: 9 }],
    nodes,
    host: '127.0.0.1',
  });
  await node.ready();
  assert.ok((await node.knownNodes()).length >= 8);
  await node.close();
  await network.close();
});

/** Waits until `holds` says yes. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((done) => setTimeout(done, 20));
}
