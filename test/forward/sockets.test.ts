import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Cancellation } from '../../src/async/cancellation.ts';
import { Class, Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import { AuthorityClient, iterativeRequest } from '../../src/forward/authority.ts';
import { ForwardError, networkFailure, UpstreamFailure } from '../../src/forward/errors.ts';
import { SocketBudget } from '../../src/forward/socket-budget.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { replyTruncated, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder, taken } from './support.ts';

test('no more single sockets are opened than there are, what is too much fails at once, and no upstream is blamed', async () => {
  await using one = await startScriptedUpstream({ address: '127.0.0.2' });
  await using two = await startScriptedUpstream({ address: '127.0.0.3' });
  one.isBlackHole = true;
  two.isBlackHole = true;
  const clock = new MovableClock();
  const budget = new SocketBudget(20);
  using forwarder = setUpForwarder({ upstreams: [one, two], clock, budget, sockets: 'single' });
  const asked = Array.from({ length: 100 }, (_, i) => ask(forwarder, `n${i}.example`));
  const outcomes = Promise.allSettled(asked);
  while (one.received.length + two.received.length < 20) await setImmediate();
  for (const late of await Promise.allSettled(asked.slice(20))) {
    assert.ok(late.status === 'rejected' && late.reason instanceof ForwardError);
    assert.equal(late.reason.kind, 'overloaded');
  }
  assert.equal(taken(budget, 20), 20);
  for (const { success, lastFailure } of forwarder.status().upstreams) {
    assert.deepEqual([success, lastFailure], [1, undefined]);
  }
  for (let ms = 0; ms < 4500; ms += 100) {
    clock.advance(100);
    await setImmediate();
  }
  await outcomes;
  one.isBlackHole = false;
  two.isBlackHole = false;
  assert.deepEqual(addresses(await ask(forwarder, 'after.example')), ['192.0.2.1']);
});

for (const [kind, sockets] of [
  ['udp', 'pooled'],
  ['udp', 'single'],
  ['tcp', 'pooled'],
] as const) {
  test(`every socket to an upstream that is asked over ${kind} is given back, with ${sockets} sockets`, async () => {
    const budget = new SocketBudget(50);
    await using upstream = await startScriptedUpstream({
      script: (query) => (query.name.startsWith('slow') ? undefined : replyTruncated(query)),
    });
    const forwarder = setUpForwarder({ upstreams: [`${kind}://${upstream.spec}`], budget, sockets });
    const settled = Array.from({ length: 30 }, (_, i) =>
      ask(forwarder, `${i % 2 ? 'slow' : 'cut'}-${i}.example`),
    );
    const outcomes = Promise.allSettled(settled);
    await upstream.waitFor(30);
    assert.ok(taken(budget, 50) > 0);
    forwarder.networkChanged();
    forwarder.close();
    await outcomes;
    await setImmediate();
    assert.equal(taken(budget, 50), 0);
  });
}

test('a single socket is kept ready for the next query for a second, and no longer', async () => {
  const clock = new MovableClock();
  const budget = new SocketBudget(10);
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream], clock, budget, sockets: 'single' });
  await ask(forwarder, 'a.example');
  while (taken(budget, 10) !== 1 || clock.waiting !== 1) await setImmediate();
  clock.advance(999);
  assert.equal(taken(budget, 10), 1);
  clock.advance(1);
  assert.equal(taken(budget, 10), 0);
});

test('name servers are asked with sockets of the same budget', async () => {
  const budget = new SocketBudget(1);
  await using server = await startScriptedUpstream();
  const client = new AuthorityClient({ budget });
  const question = { name: Name.parse('x.example'), type: Type.A, class: Class.IN };
  using cancellation = Cancellation.following(new AbortController().signal);
  const again = () =>
    client.ask({
      ...{ address: server.address, port: server.port, request: iterativeRequest(question, false) },
      ...{ attempt: 0, tryMs: 1000, signal: cancellation.signal },
    });
  budget.take();
  await assert.rejects(again(), (error) => error instanceof UpstreamFailure && error.kind === 'no-sockets');
  budget.give();
  assert.equal((await again()).rcode, 0);
  await sleep(1);
  assert.equal((await again()).rcode, 0);
});

test('a machine without sockets, ports or memory is not an upstream that cannot be reached', () => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRINUSE']) {
    assert.equal(networkFailure(Object.assign(new Error(code), { code })).kind, 'no-sockets');
  }
  assert.equal(networkFailure(Object.assign(new Error('x'), { code: 'ENETUNREACH' })).kind, 'unreachable');
});
