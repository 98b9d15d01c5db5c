import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from '../../src/dns/frame-reader.ts';
import { ForwardError } from '../../src/forward/errors.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { fc } from '../support/property.ts';
import { altered, replyA, replyTruncated, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

test('a truncated reply is asked for again over TCP', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => (query.transport === 'udp' ? replyTruncated(query) : replyA(query)),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
  assert.deepEqual(
    upstream.received.map(({ transport }) => transport),
    ['udp', 'tcp'],
  );
});

test('TCP refused after TC: the next upstream, and when there is none a failure that says so', async () => {
  await using short = await startScriptedUpstream({
    address: '127.0.0.2',
    tcp: false,
    script: replyTruncated,
  });
  await using good = await startScriptedUpstream({ address: '127.0.0.3' });
  {
    using forwarder = setUpForwarder({ upstreams: [short, good] });
    assert.equal((await ask(forwarder, 'x.example')).upstream, good.spec);
  }
  using forwarder = setUpForwarder({ upstreams: [short] });
  const startedAt = performance.now();
  await assert.rejects(ask(forwarder, 'x.example'), (error) => {
    assert.ok(error instanceof ForwardError);
    assert.equal(error.kind, 'truncated');
    assert.match(error.message, /over TCP it refuses connections/);
    return true;
  });
  assert.ok(performance.now() - startedAt < 500);
  assert.equal(forwarder.status().upstreams[0]?.state, 'alive', 'it does answer over UDP');
});

// Where connections are counted, no time passes for the forwarder: on a busy machine one that says nothing for a while gets a
// second one beside it.
test('queries share one connection, and replies come in any order', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      const number = Number(/\d+/.exec(query.name)?.[0]);
      return [{ send: replyA(query, `192.0.2.${number}`), afterMs: number % 7 }];
    },
  });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`], clock: new MovableClock() });
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  const replies = await Promise.all(numbers.map((i) => ask(forwarder, `n${i}.example`)));
  assert.deepEqual(
    replies.map((reply) => addresses(reply)[0]),
    numbers.map((i) => `192.0.2.${i}`),
  );
  assert.equal(upstream.connections, 1);
  assert.equal(new Set(upstream.received.map(({ message }) => message.id)).size, 200);
});

test('a thousand queries in flight over one connection are all answered', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => [{ send: replyA(query), afterMs: 50 }],
  });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`], clock: new MovableClock() });
  const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(forwarder, `n${i}.example`)));
  assert.equal(replies.length, 1000);
  assert.equal(upstream.connections, 1);
});

test('a reply that arrives octet by octet is whole', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => [{ send: replyA(query), split: 1 }],
  });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`] });
  assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
});

test('an upstream that closes idle connections loses no query', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`] });
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(addresses(await ask(forwarder, `n${i}.example`)), ['192.0.2.1']);
    // Sometimes the query is sent before the end of the connection is seen, and has to be sent again.
    upstream.dropConnections();
    if (i % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

test('an upstream that closes at will, with queries in flight, loses none', async () => {
  let count = 0;
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      count += 1;
      const answer = { send: replyA(query), afterMs: count % 3 };
      return count % 50 === 0
        ? [answer, { close: count % 100 === 0 ? 'end' : 'reset', afterMs: 4 }]
        : [answer];
    },
  });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`] });
  const asked: Promise<unknown>[] = [];
  for (let i = 0; i < 1000; i++) {
    asked.push(ask(forwarder, `n${i}.example`));
    if (i % 20 === 0) await new Promise(setImmediate);
  }
  assert.equal((await Promise.all(asked)).length, 1000);
  assert.ok(upstream.connections > 1, `${upstream.connections} connections`);
});

test('an upstream that closes without an answer is a failure after three connections', async () => {
  await using upstream = await startScriptedUpstream({ script: () => [{ close: 'end' }] });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`] });
  await assert.rejects(ask(forwarder, 'x.example'), /closed the connection/);
  assert.equal(upstream.connections, 3);
});

test('wrong replies over TCP are passed over: a wrong id, a wrong question, an empty frame', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => [
      {
        send: altered(replyA(query, '203.0.113.66'), (bytes) => bytes.writeUInt16BE(query.message.id ^ 1, 0)),
      },
      { send: altered(replyA(query, '203.0.113.66'), (bytes) => bytes.writeUInt8(0x21, 13)) },
      { send: new Uint8Array(0) },
      { send: Uint8Array.of(1) },
      { send: replyA(query) },
    ],
  });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`] });
  assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
});

test('a malformed reply over TCP is a failure that says so', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => altered(replyA(query), (bytes) => bytes.writeUInt16BE(7, 6)),
  });
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`] });
  await assert.rejects(ask(forwarder, 'x.example'), (error) => {
    return error instanceof ForwardError && error.kind === 'malformed-replies';
  });
});

test('after a change of network a new connection is made, and what waited on the old one is answered', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [`tcp://${upstream.spec}`] });
  await ask(forwarder, 'a.example');
  upstream.isBlackHole = true;
  const asked = ask(forwarder, 'b.example');
  await upstream.waitFor(2);
  upstream.isBlackHole = false;
  forwarder.networkChanged();
  assert.deepEqual(addresses(await asked), ['192.0.2.1']);
  assert.equal(upstream.connections, 2);
});

test('messages are cut out of a stream wherever it is split', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.array(fc.nat(40)), (messages, cuts) => {
      const stream = Buffer.concat(
        messages.flatMap((message) => [Buffer.of(message.length >> 8, message.length & 255), message]),
      );
      const found: Uint8Array[] = [];
      const reader = new FrameReader((message) => found.push(message));
      let at = 0;
      for (const cut of cuts) {
        reader.push(stream.subarray(at, at + cut));
        at += cut;
      }
      reader.push(stream.subarray(at));
      assert.deepEqual(
        found.map((message) => [...message]),
        messages.map((message) => [...message]),
      );
      assert.equal(reader.isInside, false);
    }),
  );
});
