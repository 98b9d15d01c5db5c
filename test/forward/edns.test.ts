import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rcode } from '../../src/dns/codes.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { altered, reply, replyA, type Script, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const refusals: readonly (readonly [string, Script])[] = [
  ['FORMERR', (query) => reply(query, { rcode: Rcode.FORMERR, edns: null })],
  ['NOTIMP', (query) => reply(query, { rcode: Rcode.NOTIMP, edns: null })],
  [
    'a header alone with FORMERR',
    (query) =>
      altered(reply(query, { rcode: Rcode.FORMERR, edns: null }).slice(0, 12), (bytes) =>
        bytes.writeUInt16BE(0, 4),
      ),
  ],
];

for (const [what, refuse] of refusals) {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`an upstream that answers EDNS with ${what} over ${transport} is asked plainly, at once and from then on`, async () => {
      await using upstream = await startScriptedUpstream({
        script: (query) => (query.message.edns === undefined ? replyA(query) : refuse(query)),
      });
      using forwarder = setUpForwarder({ upstreams: [`${transport}://${upstream.spec}`] });
      for (const name of ['a.example', 'b.example']) {
        assert.deepEqual(addresses(await ask(forwarder, name)), ['192.0.2.1']);
      }
      assert.deepEqual(
        upstream.received.map(({ message }) => message.edns !== undefined),
        [true, false, false],
      );
      assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['does not support EDNS']);
    });
  }
}

test('an upstream that does not answer EDNS at all is asked plainly in the end, and from the third question on at once', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => (query.message.edns === undefined ? replyA(query) : undefined),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  for (const name of ['a.example', 'b.example']) {
    assert.deepEqual(addresses(await ask(forwarder, name)), ['192.0.2.1']);
  }
  const startedAt = performance.now();
  assert.deepEqual(addresses(await ask(forwarder, 'c.example')), ['192.0.2.1']);
  assert.ok(performance.now() - startedAt < 100);
});

for (const before of [0, 1]) {
  test(`an outage in which names are asked does not make an upstream with EDNS ${before === 0 ? 'that was never heard ' : ''}one without`, async () => {
    const clock = new MovableClock();
    await using upstream = await startScriptedUpstream();
    using forwarder = setUpForwarder({ upstreams: [upstream], clock });
    for (let i = 0; i < before; i++) await ask(forwarder, 'before.example', { dnssecOk: true });
    upstream.isBlackHole = true;
    for (const outage of ['first', 'second', 'third']) {
      const names = Array.from({ length: 3 }, (_, i) => `${outage}-${i}.example`);
      const { length } = upstream.received;
      const asked = names.map((name) => ask(forwarder, name, { dnssecOk: true }));
      await upstream.waitFor(length + 3);
      clock.advance(400);
      await upstream.waitFor(length + 6);
      upstream.isBlackHole = false;
      clock.advance(800);
      for (const reply of await Promise.all(asked)) assert.equal(reply.edns, true, 'DO is not lost either');
      upstream.isBlackHole = true;
    }
    upstream.isBlackHole = false;
    assert.deepEqual(forwarder.status().upstreams[0]?.quirks, []);
    await ask(forwarder, 'after.example', { dnssecOk: true });
    assert.equal(upstream.received.at(-1)?.message.edns?.dnssecOk, true);
  });
}

test('an upstream that was seen to answer with OPT is never taken not to know EDNS, whatever it says of single names', async () => {
  const clock = new MovableClock();
  const odd: Record<string, Script> = {
    silent: () => undefined,
    formerr: (query) => reply(query, { rcode: Rcode.FORMERR, edns: null }),
  };
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      const script = odd[query.name.toLowerCase().split('-')[0] ?? ''];
      return script === undefined || query.message.edns === undefined ? replyA(query) : script(query);
    },
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], clock });
  await ask(forwarder, 'first.example');
  for (let i = 0; i < 4; i++) {
    const { length } = upstream.received;
    const asked = ask(forwarder, `silent-${i}.example`);
    for (const [ms, queries] of [
      [0, 1],
      [400, 2],
      [800, 4],
    ] as const) {
      clock.advance(ms);
      await upstream.waitFor(length + queries);
    }
    // The one without OPT has been answered, and the one with it has a little time still.
    const outcome = asked.finally(() => clearInterval(moving));
    const moving = setInterval(() => clock.advance(10), 1);
    assert.deepEqual(addresses(await outcome), ['192.0.2.1']);
    assert.deepEqual(addresses(await ask(forwarder, `formerr-${i}.example`)), ['192.0.2.1']);
  }
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, []);
  forwarder.networkChanged();
  // Another machine may have the address now, and is judged anew.
  await ask(forwarder, 'formerr-x.example');
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['does not support EDNS']);
});

test('FORMERR for a reason of its own is passed on and remembered as nothing', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => reply(query, { rcode: Rcode.FORMERR }),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  assert.equal((await ask(forwarder, 'x.example')).rcode, Rcode.FORMERR);
  assert.equal(upstream.received.length, 1);
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, []);
});
