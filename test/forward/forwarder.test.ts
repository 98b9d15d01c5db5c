import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Rcode, Type } from '../../src/dns/codes.ts';
import { EdnsOptionCode } from '../../src/dns/edns.ts';
import { encodeExtendedError } from '../../src/dns/extended-error.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { decodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { ForwardError } from '../../src/forward/errors.ts';
import { a, reply, replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

test('a reply comes back with id 0, the question as it was asked, and no OPT', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const answer = await ask(forwarder, 'WwW.Example.COM');
  const message = decodeMessage(answer.bytes);
  assert.equal(message.id, 0);
  assert.equal(message.questions[0]?.name.toString(), 'WwW.Example.COM.');
  assert.equal(message.answers[0]?.name.toString(), 'WwW.Example.COM.');
  assert.equal(message.edns, undefined);
  assert.deepEqual(addresses(answer), ['192.0.2.1']);
  assert.deepEqual(answer.layout, readLayout(answer.bytes));
  assert.equal(answer.rcode, Rcode.NOERROR);
  assert.equal(answer.edns, true);
  assert.equal(answer.upstream, upstream.spec);
});

test('a query has RD and AD, one question, an OPT of 1232 octets without options, and DO and CD as asked', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  for (const dnssecOk of [false, true]) {
    for (const checkingDisabled of [false, true])
      await ask(forwarder, 'x.example', { dnssecOk, checkingDisabled });
  }
  const seen = upstream.received.map(({ message }) => ({
    flags: message.flags,
    edns: message.edns,
    counts: [message.questions.length, message.answers.length, message.additionals.length],
  }));
  const expected = [false, true].flatMap((dnssecOk) =>
    [false, true].map((checkingDisabled) => ({
      flags: {
        response: false,
        authoritative: false,
        truncated: false,
        recursionDesired: true,
        recursionAvailable: false,
        authenticData: true,
        checkingDisabled,
      },
      edns: { udpPayloadSize: 1232, version: 0, dnssecOk, options: [] },
      counts: [1, 0, 0],
    })),
  );
  assert.deepEqual(seen, expected);
});

test('AD, the extended RCODE and extended errors are taken out of the reply', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      const options = [
        { code: EdnsOptionCode.NSID, data: Uint8Array.of(1, 2, 3) },
        encodeExtendedError({ code: 6, text: 'bogus' }),
        encodeExtendedError({ code: 22, text: '' }),
      ];
      const edns = { udpPayloadSize: 4096, version: 0, dnssecOk: true, options };
      return reply(query, { rcode: 23, flags: { authenticData: true }, edns });
    },
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const answer = await ask(forwarder, 'x.example', { dnssecOk: true });
  assert.equal(answer.rcode, 23);
  assert.equal(answer.authenticData, true);
  assert.deepEqual(answer.extendedErrors, [
    { code: 6, text: 'bogus' },
    { code: 22, text: '' },
  ]);
});

test('an OPT that is not the last record is taken out too, and names that pointed behind it are whole', async () => {
  const target = Name.parse('a.long.name.elsewhere.test');
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      const record = {
        name: target,
        type: Type.A,
        class: Class.IN,
        ttl: 60,
        rdata: Uint8Array.of(192, 0, 2, 9),
      };
      const bytes = reply(query, { answers: [a(query)], additionals: [record], edns: null });
      // The additional record is 2 octets of counts away from having an OPT in front of it.
      const at = readLayout(bytes).ttlOffsets[1] ?? 0;
      const start = at - 4 - target.wireLength;
      const opt = Buffer.from('0000290400000000000000', 'hex');
      const last = Buffer.from(bytes.subarray(start));
      const pointing = Buffer.from(last);
      // One more record whose name is a pointer to the one behind the OPT.
      const pointer = Buffer.alloc(2);
      pointer.writeUInt16BE(0xc000 | (start + opt.length));
      const all = Buffer.concat([
        bytes.subarray(0, start),
        opt,
        last,
        pointer,
        pointing.subarray(target.wireLength),
      ]);
      all.writeUInt16BE(3, 10);
      return all;
    },
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const answer = await ask(forwarder, 'x.example');
  const message = decodeMessage(answer.bytes);
  assert.equal(message.edns, undefined);
  assert.deepEqual(
    message.additionals.map(({ name }) => name.toString()),
    ['a.long.name.elsewhere.test.', 'a.long.name.elsewhere.test.'],
  );
  assert.deepEqual(answer.layout, readLayout(answer.bytes));
});

test('a hundred equal questions in flight are one query, and each asker has its own case', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => [{ send: replyA(query), afterMs: 30 }],
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const names = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 'Equal.Example' : 'eQUAL.example'));
  const answers = await Promise.all(names.map((name) => ask(forwarder, name)));
  assert.equal(upstream.received.length, 1);
  assert.deepEqual(
    answers.map(({ bytes }) => decodeMessage(bytes).questions[0]?.name.toString()),
    names.map((name) => `${name}.`),
  );
});

test('questions that differ in DO, CD or type are not one query', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  await Promise.all([
    ask(forwarder, 'x.example'),
    ask(forwarder, 'x.example', { dnssecOk: true }),
    ask(forwarder, 'x.example', { checkingDisabled: true }),
    ask(forwarder, 'x.example', { type: Type.AAAA }),
  ]);
  assert.equal(upstream.received.length, 4);
});

test('an asker who leaves does not take the answer from the others', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => [{ send: replyA(query), afterMs: 50 }],
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const leaver = new AbortController();
  const first = ask(forwarder, 'x.example', { signal: leaver.signal });
  const second = ask(forwarder, 'x.example');
  await upstream.waitFor(1);
  leaver.abort(new Error('left'));
  await assert.rejects(first, /left/);
  assert.deepEqual(addresses(await second), ['192.0.2.1']);
  assert.equal(upstream.received.length, 1);
});

test('when every asker has left nothing is in flight', async () => {
  await using upstream = await startScriptedUpstream({ script: () => undefined });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const leaver = new AbortController();
  const asked = ask(forwarder, 'x.example', { signal: leaver.signal });
  await upstream.waitFor(1);
  assert.equal(forwarder.status().inFlight, 1);
  leaver.abort(new Error('left'));
  await assert.rejects(asked, /left/);
  await new Promise(setImmediate);
  assert.equal(forwarder.status().inFlight, 0);
  // Nobody waited for it to the end, so it says nothing of the upstream.
  assert.equal(forwarder.status().upstreams[0]?.state, 'new');
});

test('the longest domain of the routes wins, and the others go to the default upstreams', async () => {
  await using everywhere = await startScriptedUpstream({ script: (query) => replyA(query, '192.0.2.1') });
  await using lan = await startScriptedUpstream({ script: (query) => replyA(query, '192.0.2.2') });
  await using deep = await startScriptedUpstream({ script: (query) => replyA(query, '192.0.2.3') });
  using forwarder = setUpForwarder({
    upstreams: [everywhere],
    routes: [`/lan/corp.example/${lan.spec}`, `/deep.lan/${deep.spec}`, '/public.lan/#'],
  });
  const found: Record<string, string[]> = {};
  for (const name of [
    'a.example',
    'LAN',
    'a.lan',
    'x.corp.example',
    'a.deep.LAN',
    'a.public.lan',
    'notlan',
  ]) {
    found[name] = addresses(await ask(forwarder, name));
  }
  assert.deepEqual(found, {
    'a.example': ['192.0.2.1'],
    LAN: ['192.0.2.2'],
    'a.lan': ['192.0.2.2'],
    'x.corp.example': ['192.0.2.2'],
    'a.deep.LAN': ['192.0.2.3'],
    'a.public.lan': ['192.0.2.1'],
    notlan: ['192.0.2.1'],
  });
  assert.deepEqual(forwarder.status().routes.find(({ domain }) => domain === 'deep.lan.')?.upstreams, [
    deep.spec,
  ]);
});

test('without upstreams the failure says so at once', async () => {
  using forwarder = setUpForwarder({ upstreams: [] });
  await assert.rejects(ask(forwarder, 'x.example'), (error) => {
    assert.ok(error instanceof ForwardError);
    assert.equal(error.kind, 'no-upstreams');
    return true;
  });
});

test('more in flight than is allowed fails at once and leaves what is in flight alone', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => [{ send: replyA(query), afterMs: 60 }],
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], maxInFlight: 3 });
  const asked = Array.from({ length: 5 }, (_, i) => ask(forwarder, `n${i}.example`));
  const outcomes = await Promise.allSettled(asked);
  const kinds = outcomes.map((outcome) =>
    outcome.status === 'fulfilled'
      ? 'answered'
      : outcome.reason instanceof ForwardError && outcome.reason.kind,
  );
  assert.deepEqual(kinds, ['answered', 'answered', 'answered', 'overloaded', 'overloaded']);
});

test('closing fails what waits, and later questions', async () => {
  await using upstream = await startScriptedUpstream({ script: () => undefined });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const asked = ask(forwarder, 'x.example');
  await upstream.waitFor(1);
  forwarder.close();
  const isClosed = (error: unknown): boolean => error instanceof ForwardError && error.kind === 'closed';
  await assert.rejects(asked, isClosed);
  await assert.rejects(ask(forwarder, 'x.example'), isClosed);
});

test('a root question and a name of 255 octets are forwarded', async () => {
  await using upstream = await startScriptedUpstream();
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const longest = [...Array.from({ length: 3 }, () => 'x'.repeat(63)), 'y'.repeat(61)].join('.');
  assert.equal((await ask(forwarder, '.', { type: Type.NS })).rcode, Rcode.NOERROR);
  assert.deepEqual(addresses(await ask(forwarder, longest)), ['192.0.2.1']);
  assert.equal(upstream.received[1]?.question.name.wireLength, 255);
});
