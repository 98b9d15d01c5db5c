import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import tls from 'node:tls';
import { EdnsOptionCode } from '../../src/dns/edns.ts';
import type { Forwarder } from '../../src/forward/forwarder.ts';
import { TlsAuthorities } from '../../src/forward/tls/authorities.ts';
import { bun } from '../../src/system/bun/api.ts';
import { startTlsServer, type TlsQuery } from '../support/encrypted-upstream.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { altered, replyA } from '../support/scripted-upstream.ts';
import { certificateForTests } from '../support/test-certificate.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const { authority, certificate } = await certificateForTests();

/** With a clock that stands still nothing is ever late, however busy the machine is. */
function forwarderTo(port: number, clock?: MovableClock): Forwarder & Disposable {
  const authorities = TlsAuthorities.parse(authority.pem);
  return setUpForwarder({
    upstreams: [`tls://127.0.0.1:${port}#dns.example`],
    authorities,
    ...(clock && { clock }),
  });
}

test('a query over TLS names the server that is meant and is padded to a multiple of 128 octets', async () => {
  await using server = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  using forwarder = forwarderTo(server.port);
  const names = ['a.example', `${'long.'.repeat(30)}example`, `${'x'.repeat(60)}.${'y'.repeat(23)}.example`];
  for (const name of names) assert.deepEqual(addresses(await ask(forwarder, name)), ['192.0.2.1']);
  assert.deepEqual(server.connections, [{ resumed: false, servername: 'dns.example' }]);
  assert.equal(server.received.length, names.length);
  for (const { bytes, message } of server.received) {
    assert.equal(bytes.length % 128, 0);
    const padding = message.edns?.options.find(({ code }) => code === EdnsOptionCode.PADDING);
    assert.ok(padding?.data.every((octet) => octet === 0));
  }
});

test('a thousand queries in flight over one TLS connection are answered in any order', {
  timeout: 60_000,
}, async () => {
  let waiting: (() => void)[] = [];
  await using server = await startTlsServer(certificate, (query) => {
    const number = Number(/\d+/.exec(query.name)?.[0]);
    waiting.push(() => query.send(replyA(query, `192.0.${number >> 8}.${number & 255}`)));
    if (waiting.length < 1000) return;
    // All thousand are here: the last is answered first.
    for (const answer of waiting.reverse()) answer();
    waiting = [];
  });
  using forwarder = forwarderTo(server.port, new MovableClock());
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  const replies = await Promise.all(numbers.map((i) => ask(forwarder, `n${i}.example`)));
  assert.deepEqual(
    replies.map((reply) => addresses(reply)[0]),
    numbers.map((i) => `192.0.${i >> 8}.${i & 255}`),
  );
  assert.equal(server.connections.length, 1);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a connection after the first resumes its session, and not after a change of network (${maxVersion})`, async () => {
    const options = { maxVersion };
    await using server = await startTlsServer(certificate, (query) => query.send(replyA(query)), options);
    using forwarder = forwarderTo(server.port);
    for (let i = 0; i < 3; i++) {
      await ask(forwarder, `n${i}.example`);
      server.drop();
      await setImmediate();
    }
    forwarder.networkChanged();
    await ask(forwarder, 'other.example');
    const resumed = server.connections.map((connection) => connection.resumed);
    assert.deepEqual(resumed, [false, true, true, false]);
  });
}

test('a server that does not speak TLS 1.2 or newer is not talked to, whatever the defaults of the runtime are', {
  skip: bun !== undefined && 'Bun has no TLS 1.1',
}, async () => {
  const defaults = { minimum: tls.DEFAULT_MIN_VERSION, ciphers: tls.DEFAULT_CIPHERS };
  tls.DEFAULT_MIN_VERSION = 'TLSv1';
  tls.DEFAULT_CIPHERS = 'DEFAULT:@SECLEVEL=0';
  try {
    for (const [maxVersion, isGood] of [
      ['TLSv1.1', false],
      ['TLSv1.2', true],
    ] as const) {
      const script = (query: TlsQuery) => query.send(replyA(query));
      await using server = await startTlsServer(certificate, script, { maxVersion });
      using forwarder = forwarderTo(server.port);
      const asked = ask(forwarder, 'x.example');
      if (isGood) assert.deepEqual(addresses(await asked), ['192.0.2.1']);
      else await assert.rejects(asked, /failed the TLS handshake/);
    }
  } finally {
    tls.DEFAULT_MIN_VERSION = defaults.minimum;
    tls.DEFAULT_CIPHERS = defaults.ciphers;
  }
});

test('the session of a server that is not trusted is not resumed: it would pass for one that is', async () => {
  const script = (query: TlsQuery) => query.send(replyA(query));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    await using server = await startTlsServer(certificate, script, { maxVersion });
    using forwarder = setUpForwarder({
      upstreams: [`tls://127.0.0.1:${server.port}#sha256/${'A'.repeat(43)}=`],
      authorities: TlsAuthorities.parse(authority.pem),
    });
    for (let i = 0; i < 3; i++) {
      await assert.rejects(ask(forwarder, `n${i}.example`), /is not trusted: its public key is/);
      await setImmediate();
    }
    assert.ok(server.connections.every(({ resumed }) => !resumed));
    assert.equal(server.received.length, 0);
  }
});

test('a server that closes after every few replies, in any manner, loses no query', {
  timeout: 60_000,
}, async () => {
  let count = 0;
  await using server = await startTlsServer(certificate, (query) => {
    count += 1;
    query.send(replyA(query));
    // A reset takes replies with it that were not read yet, so they are given a moment.
    if (count % 40 === 0) query.socket.end();
    else if (count % 40 === 20) setTimeout(() => query.socket.destroy(), 5);
  });
  using forwarder = forwarderTo(server.port, new MovableClock());
  const asked: Promise<unknown>[] = [];
  for (let i = 0; i < 1000; i++) {
    asked.push(ask(forwarder, `n${i}.example`));
    if (i % 10 === 0) await setImmediate();
  }
  assert.equal((await Promise.all(asked)).length, 1000);
  assert.ok(server.connections.length > 3, `${server.connections.length} connections`);
});

test('id and question of a reply over TLS are compared like any other', async () => {
  await using server = await startTlsServer(certificate, (query) => {
    const wrong = replyA(query, '203.0.113.66');
    query.send(altered(wrong, (bytes) => bytes.writeUInt16BE(query.message.id ^ 1, 0)));
    query.send(altered(wrong, (bytes) => bytes.writeUInt8(0x21, 13)));
    query.send(replyA(query));
  });
  using forwarder = forwarderTo(server.port);
  assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
});

test('what speaks no TLS is a failure that says so', async () => {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  using forwarder = forwarderTo(port);
  await assert.rejects(ask(forwarder, 'x.example'), /failed the TLS handshake/);
  server.close();
});
