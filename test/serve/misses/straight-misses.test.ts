import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { questionKey } from '../../../src/cache/question-key.ts';
import { Class, Rcode, Type } from '../../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../../src/dns/message.ts';
import { Name } from '../../../src/dns/name.ts';
import { createRandomPool } from '../../../src/forward/random.ts';
import {
  buildRequest,
  formQuery,
  formStraightQuery,
  QUERY_BLOCK_LENGTH,
  requestKey,
} from '../../../src/forward/request.ts';
import { parseUpstream } from '../../../src/forward/spec/upstream-spec.ts';
import { query } from '../../support/dns-client.ts';
import { fc } from '../../support/property.ts';
import {
  answerAll,
  type ReceivedQuery,
  replyA,
  startScriptedUpstream,
} from '../../support/scripted-upstream.ts';
import { assertWaysAlike, key, replies } from './straight-cases.ts';
import { missScene } from './straight-scene.ts';

for (const rebindingProtection of [false, true]) {
  const protection = rebindingProtection ? 'with' : 'without';
  test(`what the straight way answers, the full way answers octet for octet alike, ${protection} rebinding protection`, async () => {
    const pool = createRandomPool();
    const forwarding = { random: { u16: () => pool.u16() | 1 } };
    await using straight = await missScene({ way: 'straight', rebindingProtection, forwarding });
    await using full = await missScene({ way: 'full', rebindingProtection, forwarding });
    await assertWaysAlike(straight, full, { over: 'UDP', numRuns: 700 });
    assert.ok(straight.taken() > 200, `only ${straight.taken()} went the straight way`);
    assert.equal(full.taken(), 0);
  });
}

test('what is almost a key never takes the straight way, wherever it stands', async () => {
  await using scene = await missScene({ way: 'straight' });
  const before = scene.taken();
  for (const label of [key.slice(1), key.slice(2), `0${key.slice(1)}`, `${key}y`, `${key}yy`])
    for (const name of [label, `www.${label}`, `${label}.key`, `${label}.lan`])
      assert.equal(decodeMessage(await scene.ask(encodeMessage(query(name)))).rcode, Rcode.NXDOMAIN, name);
  assert.deepEqual([scene.taken() - before, scene.upstream.received.length], [0, 0]);
});

test('each kind of reply that the usual question can have goes the way that it should', async () => {
  await using scene = await missScene({ way: 'straight' });
  for (const [index, kind] of Object.keys(replies).entries()) {
    scene.upstream.script = (received) => {
      if (received.transport === 'tcp') return answerAll(received);
      const made = replies[kind]?.(received) ?? [];
      return made instanceof Uint8Array ? made : made.map((send) => ({ send }));
    };
    const before = scene.taken();
    await scene.ask(encodeMessage(query(`kind${index}.example`)));
    assert.equal(scene.taken(), before + 1, kind);
    scene.forwarder.networkChanged();
    scene.upstream.script = answerAll;
    await scene.ask(encodeMessage(query(`between${index}.example`)));
  }
});

test('the query of the straight way has the octets of any other', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-zA-Z0-9_\u00e0-]{1,20}$/), { minLength: 1, maxLength: 6 }),
      fc.nat(0xffff),
      fc.boolean(),
      fc.boolean(),
      (labels, type, dnssecOk, checkingDisabled) => {
        const question = { name: Name.fromLabels(labels), type, class: Class.IN };
        const bytes = encodeMessage(query('x', type));
        const asked = Buffer.concat([
          bytes.subarray(0, 12),
          question.name.toWire(),
          Buffer.of(type >> 8, type & 255, 0, 1),
        ]);
        const drawn: number[] = [];
        const random = createRandomPool();
        const first = { u16: () => drawn[drawn.push(random.u16()) - 1] as number };
        const request = { bytes: asked, questionEnd: asked.length, dnssecOk, checkingDisabled };
        const straight = formStraightQuery(request, { id: 0x1234, mixCase: first });
        const again = { u16: () => drawn.shift() ?? assert.fail('more numbers were drawn') };
        const built = buildRequest(question, dnssecOk, checkingDisabled);
        assert.deepEqual(straight, formQuery(built, { id: 0x1234, edns: true, mixCase: again }));
        const padded = { id: 0, padTo: QUERY_BLOCK_LENGTH };
        assert.deepEqual(formStraightQuery(request, padded), formQuery(built, { ...padded, edns: true }));
        const flags = (dnssecOk ? 1 : 0) | (checkingDisabled ? 2 : 0);
        assert.equal(requestKey(built), questionKey(asked, asked.length - 4, flags));
      },
    ),
  );
});

test('a reply that is late is waited for, others are asked, and nothing is asked twice of the same', async () => {
  await using other = await startScriptedUpstream({ address: '127.0.0.2' });
  await using scene = await missScene({
    way: 'straight',
    script: () => undefined,
  });
  const [own] = scene.forwarder.status().upstreams;
  scene.forwarder.setUpstreams({
    upstreams: [parseUpstream(own?.label ?? ''), parseUpstream(other.spec)],
    fallback: [],
    routes: [],
  });
  // The new one is measured with the next question, on the full way.
  await scene.ask(encodeMessage(query('measured.example')));
  const asked = scene.ask(encodeMessage(query('late.example')));
  await scene.upstream.waitFor(1);
  assert.equal(scene.taken(), 1);
  const [late] = scene.upstream.received;
  assert.ok(late !== undefined);
  scene.clock.advance(60);
  // The full way has its own timers.
  while (other.received.length < 2) {
    await setImmediate();
    scene.clock.advance(0);
  }
  assert.deepEqual(decodeMessage(await asked).answers[0]?.rdata, Uint8Array.of(192, 0, 2, 1));
  assert.equal(scene.upstream.received.length, 1);
  await scene.upstream.sendTo(late, replyA(late));
  while (scene.forwarder.status().upstreams[0]?.answered !== 2) await setImmediate();
  assert.equal(scene.forwarder.status().inFlight, 0);
});

test('a reply that comes when the question has left for the full way is the answer', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('late.example')));
  await scene.upstream.waitFor(1);
  scene.clock.advance(60);
  for (let i = 0; i < 20; i++) await setImmediate();
  const [late] = scene.upstream.received;
  assert.ok(late !== undefined);
  await scene.upstream.sendTo(late, replyA(late, '198.100.0.7'));
  assert.deepEqual(decodeMessage(await asked).answers[0]?.rdata, Uint8Array.of(198, 100, 0, 7));
  assert.equal(scene.upstream.received.length, 1);
  assert.deepEqual(scene.forwarder.status().inFlight, 0);
  assert.equal(scene.responder.statistics().inFlight, 0);
});

test('equal questions are asked once, whichever way they go, and each client has its own case', async () => {
  const held: ReceivedQuery[] = [];
  await using scene = await missScene({
    way: 'straight',
    script: (received) => {
      held.push(received);
      return undefined;
    },
  });
  const names = ['one.example', 'ONE.example', 'oNe.eXample'];
  const asked = names.map((name) => scene.ask(encodeMessage(query(name))));
  // One that is traced goes the full way, and takes the others along.
  const traced = scene.responder.ask(encodeMessage(query('One.Example')), 'owner', { isTraced: true });
  await scene.upstream.waitFor(1);
  for (let i = 0; i < 20; i++) await setImmediate();
  assert.equal(held.length, 1);
  assert.equal(scene.taken(), 1);
  const [sent] = held;
  assert.ok(sent !== undefined);
  await scene.upstream.sendTo(sent, replyA(sent));
  const replies = (await Promise.all(asked)).map((octets) => decodeMessage(octets));
  assert.deepEqual(
    replies.map(({ questions }) => questions[0]?.name.labels.join('.')),
    names,
  );
  const outcome = await traced;
  assert.ok(typeof outcome === 'object');
  assert.equal(decodeMessage(outcome.reply).answers.length, 1);
  assert.equal(scene.forwarder.status().inFlight, 0);
});

test('after a change of the network the question is asked anew', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('moving.example')));
  await scene.upstream.waitFor(1);
  scene.upstream.script = answerAll;
  scene.forwarder.networkChanged();
  assert.equal(decodeMessage(await asked).answers.length, 1);
  assert.equal(scene.upstream.received.length, 2);
  assert.equal(scene.forwarder.status().inFlight, 0);
});

test('what is on the straight way is waited for when the program stops, and then abandoned', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('stopping.example')));
  await scene.upstream.waitFor(1);
  await scene.responder.close(20);
  assert.equal(decodeMessage(await asked).rcode, Rcode.SERVFAIL);
  assert.equal(scene.upstream.received.length, 1);
});

test('our own query that comes back is known', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('a-name-with-letters.example')));
  await scene.upstream.waitFor(1);
  const [sent] = scene.upstream.received;
  assert.ok(sent !== undefined);
  const end = 12 + sent.question.name.wireLength + 4;
  assert.equal(scene.forwarder.cameBackFrom(sent.bytes, end), scene.upstream.spec);
  const looped = decodeMessage(await scene.ask(sent.bytes));
  assert.equal(looped.rcode, Rcode.SERVFAIL);
  await scene.upstream.sendTo(sent, replyA(sent));
  assert.equal(decodeMessage(await asked).answers.length, 1);
  assert.equal(scene.forwarder.cameBackFrom(sent.bytes, end), undefined);
});

test('names that are anything to a layer do not go the straight way', async () => {
  await using scene = await missScene({ way: 'straight' });
  for (const name of [
    ...['.', 'localhost', 'x.localhost', 'invalid', 'x.onion', 'x.alt', 'x.test', 'printer.local'],
    ...['x.internal', 'use-application-dns.net', 'x.use-application-dns.net', '1.0.0.10.in-addr.arpa'],
    ...[key, `www.${key}`, `${key}.key`, `www.${key}.lan`, `pk:${key}.example`, 'resolver.arpa'],
  ]) {
    await scene.ask(encodeMessage(query(name)));
  }
  await scene.ask(encodeMessage(query('any.example', Type.ANY)));
  assert.equal(scene.taken(), 0);
  for (const name of ['example', 'www.example.net', 'arpa-not.example', 'use-application-dns.net.example'])
    await scene.ask(encodeMessage(query(name)));
  assert.equal(scene.taken(), 4);
});

test('a name with a route does not go the straight way', async () => {
  await using routed = await startScriptedUpstream({ address: '127.0.0.2' });
  await using scene = await missScene({ way: 'straight' });
  const [own] = scene.forwarder.status().upstreams;
  scene.forwarder.setUpstreams({
    upstreams: [parseUpstream(own?.label ?? '')],
    fallback: [],
    routes: [{ domains: [Name.parse('office.example')], upstream: parseUpstream(routed.spec) }],
  });
  await scene.ask(encodeMessage(query('www.OFFICE.example')));
  await scene.ask(encodeMessage(query('office.example')));
  assert.equal(scene.taken(), 0);
  assert.equal(routed.received.length, 2);
  await scene.ask(encodeMessage(query('backoffice.example')));
  assert.equal(scene.taken(), 1);
});
