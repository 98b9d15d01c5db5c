import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rcode } from '../../src/dns/codes.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { type ReceivedQuery, reply, replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const MINUTE = 60_000;

test('that an upstream does not support EDNS is remembered for a quarter of an hour', async () => {
  const clock = new MovableClock();
  await using upstream = await startScriptedUpstream({
    script: (query) =>
      query.message.edns === undefined ? replyA(query) : reply(query, { rcode: Rcode.FORMERR, edns: null }),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], clock });
  await ask(forwarder, 'a.example');
  clock.advance(14 * MINUTE);
  await ask(forwarder, 'b.example');
  clock.advance(2 * MINUTE);
  await ask(forwarder, 'c.example');
  assert.deepEqual(
    upstream.received.filter(({ name }) => name !== '').map(({ message }) => message.edns !== undefined),
    [true, false, false, true, false],
  );
});

test('that an upstream does not keep case is remembered for a quarter of an hour, and forgotten with the network', async () => {
  const clock = new MovableClock();
  const lowerCased = (query: ReceivedQuery): Uint8Array => {
    const name = query.question.name.toLowerCase();
    return replyA({ ...query, question: { ...query.question, name } });
  };
  await using upstream = await startScriptedUpstream({ script: lowerCased });
  using forwarder = setUpForwarder({ upstreams: [upstream], clock });
  const quirks = (): readonly string[] | undefined => forwarder.status().upstreams[0]?.quirks;
  const learn = async (prefix: string): Promise<void> => {
    await ask(forwarder, `${prefix}-one-long-name.example`);
    await ask(forwarder, `${prefix}-another-long-name.example`);
    assert.deepEqual(quirks(), ['does not preserve the case of names']);
  };
  await learn('first');
  clock.advance(14 * MINUTE);
  assert.equal(quirks()?.length, 1);
  clock.advance(2 * MINUTE);
  assert.deepEqual(quirks(), []);
  await learn('second');
  forwarder.networkChanged();
  assert.deepEqual(quirks(), []);
});

test('an idle connection is closed after ten seconds, and not before', async () => {
  const clock = new MovableClock();
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`], clock });
  await ask(forwarder, 'a.example');
  clock.advance(9000);
  await ask(forwarder, 'b.example');
  assert.equal(upstream.connections, 1);
  clock.advance(9000);
  await ask(forwarder, 'c.example');
  assert.equal(upstream.connections, 1);
  clock.advance(11_000);
  await ask(forwarder, 'd.example');
  assert.equal(upstream.connections, 2);
});

test('a connection that has died in silence costs a fifth of a second, not a timeout', async () => {
  const clock = new MovableClock();
  await using upstream = await startScriptedUpstream({
    script: (query) => (query.connection === 0 && query.name.startsWith('b') ? undefined : replyA(query)),
  });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`], clock });
  await ask(forwarder, 'a.example');
  clock.advance(5000);
  const asked = ask(forwarder, 'b.example');
  await upstream.waitFor(2);
  clock.advance(201);
  assert.deepEqual(addresses(await asked), ['192.0.2.1']);
  assert.deepEqual(
    upstream.received.map(({ connection }) => connection),
    [0, 0, 1],
  );
});

test('a dead upstream is probed while questions are asked, and left alone a minute after the last', async () => {
  const clock = new MovableClock();
  await using hole = await startScriptedUpstream({ address: '127.0.0.2' });
  await using good = await startScriptedUpstream({ address: '127.0.0.3' });
  hole.isBlackHole = true;
  using forwarder = setUpForwarder({ upstreams: [hole, good], clock });
  const asked = ask(forwarder, 'a.example');
  await hole.waitFor(1);
  clock.advance(151);
  assert.equal((await asked).upstream, good.spec);
  for (let second = 0; second < 100; second++) {
    clock.advance(1000);
    await new Promise(setImmediate);
  }
  const { length } = hole.received;
  // One every 1,050 ms, for a minute.
  assert.ok(length > 50 && length < 62, `${length} queries`);
  clock.advance(100 * MINUTE);
  await new Promise(setImmediate);
  assert.equal(hole.received.length, length);
  // The next question wakes the probes up again.
  await ask(forwarder, 'b.example');
  hole.isBlackHole = false;
  for (let second = 0; forwarder.status().upstreams[0]?.state !== 'alive'; second++) {
    assert.ok(second < 5, 'it is back within 5 s');
    clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(forwarder.status().next, { label: hole.spec, why: 'returned' });
  assert.equal((await ask(forwarder, 'c.example')).upstream, hole.spec);
});

test('a question leaves no timer behind when its upstreams have answered, but that of its socket', async () => {
  const clock = new MovableClock();
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream], clock });
  await ask(forwarder, 'a.example');
  assert.equal(clock.waiting, 1);
  clock.advance(200);
  assert.equal(clock.waiting, 0);
});
