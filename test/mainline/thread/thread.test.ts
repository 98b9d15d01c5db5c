import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { VerifiedItem } from '../../../src/bep44/verified-item.ts';
import type { PutEvent } from '../../../src/mainline/dht-node.ts';
import { startMainlineThread } from '../../../src/mainline/thread/proxy.ts';
import { spawnDhtThread } from '../../../src/mainline/thread/spawn.ts';
import { startTestNetwork } from '../../../src/testnet/test-network.ts';
import { never, newAuthor } from '../support/items.ts';
import { startScriptedNode } from '../support/scripted-node.ts';
import { firstEvent, lookUp } from '../support/walk.ts';

test('a node in a thread puts, finds, tells of itself and closes', async () => {
  const network = await startTestNetwork({ nodes: 12 });
  const node = await startMainlineThread({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.ready();
  const author = newAuthor();
  const item = author.item(2n ** 53n - 1n, 'from a thread');
  assert.equal((await node.put(item, { signal: never() })).stored, 12);
  const { items, summary } = await lookUp(node, author.key);
  assert.equal(summary.held, 12);
  assert.equal(items.length, 12);
  const [found = assert.fail()] = items;
  assert.ok(items.every((each) => each === found));
  assert.ok(VerifiedItem.isVerified(found));
  assert.deepEqual(found, item);
  assert.equal((await lookUp(node, author.key, item.seq)).confirmed.length, 12);
  assert.equal((await firstEvent(node, author.key, 'item'))?.kind, 'item');
  const status = await node.status();
  assert.deepEqual([status.serving, status.faults, status.nodeId.length], [false, 0, 20]);
  assert.ok((await node.knownNodes()).length >= 8);
  await assert.rejects(lookUp(node, author.key.subarray(1)), {
    name: 'MainlineError',
    kind: 'invalid-argument',
  });
  await node.close();
  await node.close();
  await assert.rejects(node.status(), { kind: 'closed' });
  await network.close();
});

test('a put that is watched tells whom it asks, how near they are, and who keeps the item', async () => {
  const network = await startTestNetwork({ nodes: 30, silentFraction: 0.1 });
  const node = await startMainlineThread({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.ready();
  const events: PutEvent[] = [];
  const observe = (event: PutEvent) => events.push(event);
  const item = newAuthor().item(1n, 'x');
  const { stored, asked } = await node.put(item, { observe, signal: never() });
  const of = <K extends PutEvent['kind']>(kind: K) =>
    events.filter((event): event is Extract<PutEvent, { readonly kind: K }> => event.kind === kind);
  assert.deepEqual(
    of('sent').map(({ nodes }) => nodes),
    [asked],
  );
  assert.equal(of('put').filter(({ outcome }) => outcome === 'kept').length, stored);
  const names = new Set(of('asked').map(({ from }) => from.port));
  assert.ok(names.size >= asked, `${names.size} of ${asked}`);
  for (const { from, found } of of('node')) {
    assert.ok(names.has(from.port), 'what came of it follows the question');
    if (found.outcome === 'silent') continue;
    assert.deepEqual([found.outcome, found.hasToken, found.near?.isSecure], ['nothing', true, true]);
    const { distance = 2, sharedBits = -1 } = found.near ?? {};
    assert.equal(Math.floor(-Math.log2(distance)), sharedBits);
  }
  const again: PutEvent[] = [];
  await node.put(item, { observe: (event) => again.push(event), signal: never() });
  assert.ok(again.some((event) => event.kind === 'node' && event.found.outcome === 'item'));
  await node.close();
  await network.close();
});

test('when the thread is killed, calls that wait fail as thread-died, and the node comes back with the nodes it knew', async () => {
  const network = await startTestNetwork({ nodes: 10 });
  const mute = await startScriptedNode(() => undefined);
  const workers: Worker[] = [];
  const node = await startMainlineThread(
    { bootstrap: [...network.bootstrap, mute], host: '127.0.0.1', timeoutMs: 60_000 },
    (options) => {
      const worker = spawnDhtThread(options);
      workers.push(worker);
      return worker;
    },
  );
  await node.ready();
  const author = newAuthor();
  await node.put(author.item(1n, 'x'), { signal: never() });
  const [first] = workers;
  assert.ok(first !== undefined);
  const waiting = [
    assert.rejects(lookUp(node, newAuthor().key), { name: 'MainlineError', kind: 'thread-died' }),
    assert.rejects(node.put(author.item(2n, 'x'), { signal: never() }), { kind: 'thread-died' }),
  ];
  const ended = once(first, 'exit');
  // Ended from outside, in the middle of things.
  await first.terminate();
  await ended;
  await Promise.all(waiting);
  await assert.rejects(node.status(), { kind: 'unavailable' });
  while (node.restarts === 0) await new Promise((done) => setTimeout(done, 10));
  // The lookup goes on as long as the mute node may answer.
  const eightHaveIt = async () => {
    let items = 0;
    for await (const { kind } of node.lookup(author.key, { signal: never() }))
      if (kind === 'item' && ++items === 8) return true;
    return false;
  };
  assert.ok(await eventually(eightHaveIt));
  assert.equal(workers.length, 2);
  await node.close();
  await Promise.all([mute.close(), network.close()]);
});

test('a brief lookup in a thread tells each item once, and ends with the same numbers', async () => {
  const network = await startTestNetwork({ nodes: 12 });
  const node = await startMainlineThread({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.ready();
  const author = newAuthor();
  await node.put(author.item(1n, 'x'), { signal: never() });
  const { items, confirmed, summary } = await lookUp(node, author.key, undefined, { isBrief: true });
  assert.deepEqual([items.length, confirmed.length], [1, 0]);
  assert.ok(summary.held >= 8 && summary.answered >= summary.held, JSON.stringify(summary));
  await node.close();
  await network.close();
});

test('bootstrap addresses that a thread was given are those of the next one', async () => {
  const network = await startTestNetwork({ nodes: 4 });
  const workers: Worker[] = [];
  const node = await startMainlineThread({ bootstrap: [], network: 'test', host: '127.0.0.1' }, (options) => {
    const worker = spawnDhtThread({ ...options, nodes: [] });
    workers.push(worker);
    return worker;
  });
  assert.throws(() => node.setBootstrap([{ host: 'router.example', port: 1 }]), { kind: 'invalid-argument' });
  node.setBootstrap(network.bootstrap);
  await node.ready();
  await workers[0]?.terminate();
  await eventually(async () => (await lookUp(node, newAuthor().key)).summary.answered === 4);
  assert.equal(workers.length, 2);
  node.networkChanged();
  assert.equal((await node.status()).nodes, 4);
  await node.close();
  await network.close();
});

test('a thread that cannot be started fails as thread-died, and when it was up before, it is tried again', async () => {
  const noMemory = () => {
    throw Object.assign(new Error('Worker initialization failure: EAGAIN'), {
      code: 'ERR_WORKER_INIT_FAILED',
    });
  };
  await assert.rejects(startMainlineThread({ bootstrap: [], host: '127.0.0.1' }, noMemory), {
    name: 'MainlineError',
    kind: 'thread-died',
    message: /cannot start the thread of the DHT: .*EAGAIN/,
  });
  let spawned = 0;
  const workers: Worker[] = [];
  const node = await startMainlineThread({ bootstrap: [], network: 'test', host: '127.0.0.1' }, (options) => {
    if (++spawned === 2 || spawned === 3) return noMemory();
    const worker = spawnDhtThread(options);
    workers.push(worker);
    return worker;
  });
  await workers[0]?.terminate();
  await eventually(async () => (await node.status()).nodes === 0);
  assert.equal(spawned, 4);
  await node.close();
});

test('aborting a call in a thread rejects with the reason, and the thread ends its work', async () => {
  const mute = await startScriptedNode(() => undefined);
  const node = await startMainlineThread({ bootstrap: [mute], host: '127.0.0.1', timeoutMs: 60_000 });
  const controller = new AbortController();
  const reason = new Error('enough');
  const calls = [
    assert.rejects(node.put(newAuthor().item(1n, 'x'), { signal: controller.signal }), reason),
    assert.rejects(
      (async () => {
        for await (const event of node.lookup(newAuthor().key, { signal: controller.signal }))
          assert.ok(event);
      })(),
      reason,
    ),
  ];
  await eventually(async () => (await node.status()).active === 2);
  controller.abort(reason);
  await Promise.all(calls);
  await eventually(async () => (await node.status()).active === 0);
  await node.close();
  await mute.close();
});

test('a thread that cannot have its port fails as bind-failed, and no other is started', async () => {
  const holder = createSocket('udp4');
  holder.bind(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address();
  let started = 0;
  const starting = startMainlineThread({ bootstrap: [], host: '127.0.0.1', port }, (options) => {
    started++;
    return spawnDhtThread(options);
  });
  await assert.rejects(starting, (error: Error) => {
    assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
    return 'kind' in error && error.kind === 'bind-failed';
  });
  assert.equal(started, 1);
  holder.close();
});

/** Waits until something holds that another thread brings about; calls that fail meanwhile count as not yet. */
async function eventually(holds: () => Promise<boolean>): Promise<true> {
  for (;;) {
    if (await holds().catch(() => false)) return true;
    await new Promise((done) => setTimeout(done, 20));
  }
}
