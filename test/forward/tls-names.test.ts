import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import type { Forwarder } from '../../src/forward/forwarder.ts';
import { UpstreamSpecError } from '../../src/forward/spec/spec-error.ts';
import { readUpstreams, refuseUnfindable } from '../../src/forward/spec/upstream-set.ts';
import { TlsAuthorities } from '../../src/forward/tls/authorities.ts';
import { startHttpsServer, startTlsServer } from '../support/encrypted-upstream.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { a, type ReceivedQuery, reply, replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { certificateForTests } from '../support/test-certificate.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const { authority, certificate } = await certificateForTests();

/** Answers questions for the upstream's name with these addresses, and is silent on all else. */
const knows =
  (where: () => readonly string[], ttl = 300) =>
  (query: ReceivedQuery): Uint8Array | undefined => {
    const isHost = query.name.toLowerCase() === 'dns.example';
    if (!isHost) return undefined;
    return reply(query, {
      answers: query.question.type === Type.A ? where().map((address) => a(query, address, ttl)) : [],
    });
  };

/** Asks `named` for all that is below example, except for what is needed to find it. */
function forwarderWith(plain: string, named: string, clock?: MovableClock): Forwarder & Disposable {
  const authorities = TlsAuthorities.parse(authority.pem);
  const routes = [`/example/${named}`];
  return setUpForwarder({ upstreams: [plain], routes, authorities, ...(clock !== undefined && { clock }) });
}

test('an upstream that is known by name is looked up once through one with an address', async () => {
  await using plain = await startScriptedUpstream({ script: knows(() => ['127.0.0.1']) });
  await using tls = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  await using https = await startHttpsServer(certificate, (query) => query.send(replyA(query)));
  for (const named of [`tls://dns.example:${tls.port}`, `https://dns.example:${https.port}/dns-query`]) {
    plain.received.length = 0;
    using forwarder = forwarderWith(plain.spec, named);
    for (let i = 0; i < 5; i++) {
      const answer = await ask(forwarder, `n${i}.example`);
      assert.deepEqual(addresses(answer), ['192.0.2.1']);
      assert.equal(answer.upstream, named);
    }
    const lookUps = plain.received.filter(({ name }) => name.toLowerCase() === 'dns.example');
    assert.deepEqual(lookUps.map(({ question }) => question.type).sort(), [Type.A, Type.AAAA]);
  }
});

test('questions that come while it is looked up wait for one look-up', async () => {
  await using plain = await startScriptedUpstream({ script: knows(() => ['127.0.0.1']) });
  await using tls = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  using forwarder = forwarderWith(plain.spec, `tls://dns.example:${tls.port}`);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(forwarder, `n${i}.example`)));
  for (const answer of answers) assert.deepEqual(addresses(answer), ['192.0.2.1']);
  assert.equal(plain.received.filter(({ name }) => name.toLowerCase() === 'dns.example').length, 2);
  assert.equal(tls.connections.length, 1);
});

test('an address where nobody listens is left for the next one of the name', async () => {
  await using plain = await startScriptedUpstream({ script: knows(() => ['127.0.0.2', '127.0.0.1']) });
  await using tls = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  using forwarder = forwarderWith(plain.spec, `tls://dns.example:${tls.port}`);
  for (let i = 0; i < 3; i++)
    assert.deepEqual(addresses(await ask(forwarder, `n${i}.example`)), ['192.0.2.1']);
  assert.equal(tls.connections.length, 1);
});

test('a name is looked up again in the background when its TTL is over, and followed to where it moved', async () => {
  const clock = new MovableClock();
  let where = '127.0.0.2';
  await using plain = await startScriptedUpstream({ script: knows(() => [where], 100) });
  await using before = await startTlsServer(certificate, (query) => query.send(replyA(query, '192.0.2.2')), {
    address: '127.0.0.2',
  });
  await using afterwards = await startTlsServer(
    certificate,
    (query) => query.send(replyA(query, '192.0.2.3')),
    { address: '127.0.0.3', port: before.port },
  );
  using forwarder = forwarderWith(plain.spec, `tls://dns.example:${before.port}`, clock);
  assert.deepEqual(addresses(await ask(forwarder, 'a.example')), ['192.0.2.2']);
  where = '127.0.0.3';
  clock.advance(99_000);
  assert.deepEqual(addresses(await ask(forwarder, 'b.example')), ['192.0.2.2']);
  const known = plain.received.length;
  clock.advance(2000);
  assert.deepEqual(
    addresses(await ask(forwarder, 'c.example')),
    ['192.0.2.2'],
    'nobody waits for the look-up',
  );
  await plain.waitFor(known + 2);
  // It has its answer within a few turns of the event loop; until then the old place serves.
  for (let i = 0; afterwards.received.length === 0; i++) {
    assert.ok(i < 200, 'the new place is asked');
    await ask(forwarder, `n${i}.example`);
  }
  assert.equal(afterwards.connections.length, 1);
});

test('a name that cannot be found is a failure that says so', async () => {
  await using plain = await startScriptedUpstream({
    script: (query) => reply(query, { rcode: Rcode.NXDOMAIN }),
  });
  using forwarder = setUpForwarder({ upstreams: [], routes: ['/only.example/tls://nowhere.example'] });
  await assert.rejects(
    ask(forwarder, 'x.only.example'),
    /tls:\/\/nowhere\.example cannot be reached: lookup of the host name nowhere\.example failed \(there is no upstream/,
  );
  using other = setUpForwarder({
    upstreams: [plain.spec],
    routes: ['/only.example/https://nowhere.example/dns-query'],
  });
  await assert.rejects(ask(other, 'x.only.example'), /nowhere\.example has no address/);
});

test('a set of upstreams in which nobody could look up a name is refused', () => {
  const refuse = (upstreams: string[], fallback: string[] = []) => {
    refuseUnfindable(readUpstreams(upstreams, fallback));
  };
  assert.throws(() => refuse(['tls://dns.example']), UpstreamSpecError);
  assert.throws(() => refuse(['tls://dns.example', 'https://other.example']), /known only by name/);
  assert.throws(() => refuse(['tls://dns.example', '/lan/192.0.2.1']), /known only by name/);
  assert.throws(() => refuse(['9.9.9.9@'], []));
  // Routes alone leave all other names to the resolvers of the network.
  refuse(['/lan/tls://dns.example']);
  refuse(['tls://dns.example', 'system']);
  refuse(['tls://dns.example', '192.0.2.1']);
  refuse(['tls://dns.example'], ['192.0.2.1']);
  refuse(['tls://dns.example', 'tls://192.0.2.1']);
  refuse(['tls://dns.lan', '/lan/192.0.2.1']);
  refuse(['https://dns.example/dns-query@192.0.2.1']);
  refuse(['192.0.2.1', '/lan/tls://dns.example']);
  refuse([]);
});
