import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { TlsAuthorities } from '../../src/forward/tls/authorities.ts';
import { debianPeers, startDebianPeer, whyAbsent } from '../support/debian-peer.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { TestAuthority, type TestCertificate } from '../support/test-certificate.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

let authority: TestAuthority;
let certificate: TestCertificate;
let other: TestCertificate;

before(async () => {
  authority = await TestAuthority.create();
  certificate = await authority.issue();
  other = await authority.issue({ names: 'DNS:other.example' });
});
after(() => authority[Symbol.asyncDispose]());

/** A port that leads to another one, and counts the connections that went through. */
async function startTurnstile(to: number) {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count++;
    const onward = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one.setNoDelay(true));
      one.pipe(other);
      one.on('error', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    passed: () => count,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

for (const name of debianPeers) {
  const skip = whyAbsent(name) ?? false;

  test(`five hundred queries at once are answered by ${name} over one connection of TLS, and over HTTPS`, {
    skip,
    timeout: 100_000,
  }, async () => {
    await using peer = await startDebianPeer(name, certificate);
    await using tls = await startTurnstile(peer.tlsPort);
    await using https = await startTurnstile(peer.httpsPort);
    for (const [upstream, { passed }] of [
      [`tls://127.0.0.1:${tls.port}#dns.example`, tls],
      [`tls://127.0.0.1:${tls.port}#sha256/${certificate.pin}`, tls],
      [`https://dns.example:${https.port}/dns-query@127.0.0.1`, https],
    ] as const) {
      const before = passed();
      using forwarder = setUpForwarder({
        upstreams: [upstream],
        // It stands still: nothing is ever late, however busy the machine is.
        clock: new MovableClock(),
        authorities: TlsAuthorities.parse(authority.pem),
      });
      const numbers = Array.from({ length: 500 }, (_, i) => i);
      const replies = await Promise.all(numbers.map((i) => ask(forwarder, `n${i}.own.example`)));
      for (const one of replies) assert.deepEqual(addresses(one), ['192.0.2.1']);
      // Knot Resolver ends a session of HTTP/2 in which many requests come together, and loses none by that either.
      const mayEndIt = name === 'knot-resolver' && upstream.startsWith('https:');
      assert.ok(passed() - before === 1 || mayEndIt, `${passed() - before} connections`);
    }
  });

  test(`bursts of fifty queries, one after the other, are all answered by ${name}, over TLS and over HTTPS`, {
    skip,
    timeout: 100_000,
  }, async () => {
    await using peer = await startDebianPeer(name, certificate);
    for (const upstream of [
      `tls://127.0.0.1:${peer.tlsPort}#dns.example`,
      `https://dns.example:${peer.httpsPort}/dns-query@127.0.0.1`,
    ]) {
      using forwarder = setUpForwarder({
        upstreams: [upstream],
        // It stands still: what the peer leaves unread is never asked again.
        clock: new MovableClock(),
        authorities: TlsAuthorities.parse(authority.pem),
      });
      for (let burst = 0; burst < 25; burst++) {
        const asked = Array.from({ length: 50 }, (_, i) => ask(forwarder, `n${burst}-${i}.example`));
        for (const reply of await Promise.all(asked)) assert.deepEqual(addresses(reply), ['192.0.2.1']);
      }
    }
  });

  test(`${name} with a certificate for another name is refused`, { skip }, async () => {
    await using peer = await startDebianPeer(name, other);
    for (const upstream of [
      `tls://127.0.0.1:${peer.tlsPort}#dns.example`,
      `https://dns.example:${peer.httpsPort}/dns-query@127.0.0.1`,
    ]) {
      using forwarder = setUpForwarder({
        upstreams: [upstream],
        authorities: TlsAuthorities.parse(authority.pem),
      });
      await assert.rejects(
        ask(forwarder, 'x.example'),
        /is not trusted as dns\.example: its certificate is for DNS:other\.example/,
      );
    }
  });
}
