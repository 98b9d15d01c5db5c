import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Rcode } from '../../../src/dns/codes.ts';
import { ForwardError } from '../../../src/forward/errors.ts';
import { SocketBudget } from '../../../src/forward/socket-budget.ts';
import { MovableClock } from '../../support/movable-clock.ts';
import {
  altered,
  type ReceivedQuery,
  reply,
  replyA,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder, taken } from '../support.ts';

const forged = '203.0.113.66';

function portsOf({ received }: ScriptedUpstream): Set<number> {
  return new Set(received.map(({ sourcePort }) => sourcePort));
}

function names(count: number, prefix = 'n'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}.example`);
}

test('a socket takes queries for 200 ms, and none stays open when no more come', async () => {
  const clock = new MovableClock();
  const budget = new SocketBudget(100);
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream], clock, budget, sockets: 'pooled' });
  for (const name of names(24)) await ask(forwarder, name);
  const before = portsOf(upstream);
  // Eight places, of which 24 draws leave all but one empty once in 10^20 times.
  assert.ok(before.size >= 2 && before.size <= 8);
  assert.equal(taken(budget, 100), before.size);
  clock.advance(199);
  await setImmediate();
  assert.equal(taken(budget, 100), before.size);
  clock.advance(1);
  await setImmediate();
  await setImmediate();
  assert.equal(taken(budget, 100), 0);
  assert.equal(clock.waiting, 0);
  upstream.received.length = 0;
  for (const name of names(24, 'later')) await ask(forwarder, name);
  for (const port of portsOf(upstream)) assert.ok(!before.has(port));
});

test('a socket with a query that waits for its reply stays open until that has ended, and takes no others', async () => {
  const clock = new MovableClock();
  const budget = new SocketBudget(100);
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream], clock, budget, sockets: 'pooled' });
  upstream.isBlackHole = true;
  const waiting = ask(forwarder, 'slow.example');
  await upstream.waitFor(1);
  const slow = upstream.received[0] as ReceivedQuery;
  clock.advance(200);
  upstream.isBlackHole = false;
  await setImmediate();
  assert.equal(taken(budget, 100), upstream.received.length);
  // The second try, on another socket, is answered; the first goes on until its own time is up.
  upstream.script = (query) => replyA(query);
  clock.advance(300);
  assert.deepEqual(addresses(await waiting), ['192.0.2.1']);
  for (const name of names(40)) await ask(forwarder, name);
  assert.equal(upstream.received.filter(({ sourcePort }) => sourcePort === slow.sourcePort).length, 1);
});

test('replies in any order reach the queries that they are for', async () => {
  const held: ReceivedQuery[] = [];
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      held.push(query);
      return undefined;
    },
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], sockets: 'pooled' });
  const asked = names(60).map((name) => ask(forwarder, name));
  await upstream.waitFor(60);
  assert.ok(portsOf(upstream).size < 60);
  for (const [index, query] of held.reverse().entries()) {
    const own = Number(query.name.slice(1).split('.')[0]);
    await upstream.sendTo(query, replyA(query, `192.0.2.${own + 1}`));
    if (index % 10 === 0) await setImmediate();
  }
  const got = (await Promise.all(asked)).map((answer) => addresses(answer)[0]);
  assert.deepEqual(
    got,
    names(60).map((_, i) => `192.0.2.${i + 1}`),
  );
});

test('the reply to one query is none to another of the same socket, whatever ID it has', async () => {
  await using upstream = await startScriptedUpstream({ tcp: false, script: () => undefined });
  using forwarder = setUpForwarder({ upstreams: [upstream], sockets: 'pooled' });
  const asked = names(40).map((name) => ask(forwarder, name));
  const outcomes = Promise.allSettled(asked);
  await upstream.waitFor(40);
  const [first, ...others] = upstream.received;
  const other = others.find(({ sourcePort }) => sourcePort === first?.sourcePort);
  assert.ok(first !== undefined && other !== undefined);
  // The ID of one and the question of another.
  await upstream.sendTo(
    first,
    altered(replyA(first, forged), (bytes) => bytes.writeUInt16BE(other.message.id, 0)),
  );
  for (const query of upstream.received) await upstream.sendTo(query, replyA(query));
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === 'fulfilled');
    assert.deepEqual(addresses(outcome.value), ['192.0.2.1']);
  }
  assert.equal(forwarder.status().upstreams[0]?.wrongReplies.question, 1);
});

test('a second reply is nobody’s, and makes nobody suspicious', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => [{ send: replyA(query) }, { send: replyA(query, forged) }],
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], sockets: 'pooled' });
  for (const name of names(50)) assert.deepEqual(addresses(await ask(forwarder, name)), ['192.0.2.1']);
  assert.ok(portsOf(upstream).size <= 16);
  assert.deepEqual(Object.values(forwarder.status().upstreams[0]?.wrongReplies ?? {}), [0, 0, 0, 0, 0, 0]);
});

test('a port that somebody has found takes no more queries', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream], sockets: 'pooled' });
  for (const name of names(16)) await ask(forwarder, name);
  const found = portsOf(upstream);
  for (const query of uniqueByPort(upstream.received)) {
    await upstream.sendTo(
      query,
      altered(replyA(query, forged), (bytes) => (bytes[0] = (bytes[0] ?? 0) ^ 0x55)),
    );
  }
  await sleep(20);
  upstream.received.length = 0;
  for (const name of names(16, 'later')) await ask(forwarder, name);
  for (const port of portsOf(upstream)) assert.ok(!found.has(port));
});

test('after 16 wrong datagrams on a socket all that waits there is asked over TCP', async () => {
  const clock = new MovableClock();
  await using upstream = await startScriptedUpstream({
    script: (query) => (query.transport === 'tcp' ? replyA(query) : undefined),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], clock, sockets: 'pooled' });
  const asked = names(60).map((name) => ask(forwarder, name));
  await upstream.waitFor(60);
  const udp = [...upstream.received];
  const target = udp[0] as ReceivedQuery;
  const used = new Set(udp.map(({ message }) => message.id));
  const free = Array.from({ length: 0x10000 }, (_, id) => id).filter((id) => !used.has(id));
  for (const id of free.slice(0, 16)) {
    await upstream.sendTo(
      target,
      altered(replyA(target, forged), (bytes) => bytes.writeUInt16BE(id, 0)),
    );
  }
  const isThere = ({ sourcePort }: ReceivedQuery) => sourcePort === target.sourcePort;
  const there = udp.filter(isThere);
  assert.ok(there.length > 1);
  await upstream.waitFor(60 + there.length);
  const overTcp = upstream.received.filter(({ transport }) => transport === 'tcp');
  const plain = (queries: readonly ReceivedQuery[]) => queries.map(({ name }) => name.toLowerCase()).sort();
  assert.deepEqual(plain(overTcp), plain(there));
  for (const query of udp.filter((one) => !isThere(one))) await upstream.sendTo(query, replyA(query));
  for (const answer of await Promise.all(asked)) assert.deepEqual(addresses(answer), ['192.0.2.1']);
});

test('a failure without a question ends the query whose ID it has, and no other', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      if (!query.name.toLowerCase().startsWith('bad')) return replyA(query);
      const refused = reply(query, { rcode: Rcode.REFUSED, edns: null });
      return altered(refused, (bytes) => (bytes[5] = 0)).subarray(0, 12);
    },
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], sockets: 'pooled' });
  const asked = Array.from({ length: 30 }, (_, i) => ask(forwarder, `${i % 3 ? 'good' : 'bad'}${i}.example`));
  const rcodes = (await Promise.all(asked)).map(({ rcode }) => rcode);
  assert.deepEqual(
    rcodes,
    rcodes.map((_, i) => (i % 3 ? Rcode.NOERROR : Rcode.REFUSED)),
  );
});

test('where nobody listens, all queries of a socket fail at once and say so', async () => {
  const upstream = await startScriptedUpstream({ tcp: false });
  await upstream.close();
  using forwarder = setUpForwarder({ upstreams: [upstream], sockets: 'pooled' });
  const startedAt = performance.now();
  for (const outcome of await Promise.allSettled(names(40).map((name) => ask(forwarder, name)))) {
    assert.ok(outcome.status === 'rejected' && outcome.reason instanceof ForwardError);
    assert.equal(outcome.reason.kind, 'network');
    assert.match(outcome.reason.message, /refuses connections/);
  }
  assert.ok(performance.now() - startedAt < 2000);
});

test('after a change of the network no query leaves from an old socket', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream], sockets: 'pooled' });
  for (const name of names(20)) await ask(forwarder, name);
  const before = portsOf(upstream);
  upstream.isBlackHole = true;
  const waiting = names(10, 'waiting').map((name) => ask(forwarder, name));
  await upstream.waitFor(30);
  upstream.isBlackHole = false;
  for (const { sourcePort } of upstream.received) before.add(sourcePort);
  upstream.received.length = 0;
  forwarder.networkChanged();
  for (const answer of await Promise.all(waiting)) assert.deepEqual(addresses(answer), ['192.0.2.1']);
  for (const name of names(20, 'after')) await ask(forwarder, name);
  for (const port of portsOf(upstream)) assert.ok(!before.has(port));
});

test('with few sockets queries share them, and without any they fail', async () => {
  const clock = new MovableClock();
  await using upstream = await startScriptedUpstream();
  upstream.isBlackHole = true;
  const budget = new SocketBudget(2);
  using forwarder = setUpForwarder({ upstreams: [upstream], clock, budget, sockets: 'pooled' });
  const outcomes = Promise.allSettled(names(100).map((name) => ask(forwarder, name)));
  await upstream.waitFor(64);
  await setImmediate();
  assert.equal(portsOf(upstream).size, 2);
  assert.equal(upstream.received.length, 64);
  assert.equal(taken(budget, 2), 2);
  forwarder.close();
  const kinds = (await outcomes).map((outcome) =>
    outcome.status === 'rejected' && outcome.reason instanceof ForwardError
      ? outcome.reason.kind
      : outcome.status,
  );
  assert.deepEqual(
    ['overloaded', 'closed'].map((kind) => kinds.filter((one) => one === kind).length),
    [36, 64],
  );
  await setImmediate();
  assert.equal(taken(budget, 2), 0);
});

function uniqueByPort(queries: readonly ReceivedQuery[]): ReceivedQuery[] {
  return [...new Map(queries.map((query) => [query.sourcePort, query])).values()];
}
