import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rcode } from '../../src/dns/codes.ts';
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
      assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['does not know EDNS']);
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

test('FORMERR for a reason of its own is passed on and remembered as nothing', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => reply(query, { rcode: Rcode.FORMERR }),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  assert.equal((await ask(forwarder, 'x.example')).rcode, Rcode.FORMERR);
  assert.equal(upstream.received.length, 1);
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, []);
});

test('an upstream whose every answer is a bare FORMERR is a failure', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) =>
      altered(reply(query, { rcode: Rcode.FORMERR, edns: null }).slice(0, 12), (bytes) =>
        bytes.writeUInt16BE(0, 4),
      ),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  await assert.rejects(ask(forwarder, 'x.example'), /without the question/);
});
