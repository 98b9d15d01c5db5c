import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TlsAuthorities } from '../../src/forward/tls-authorities.ts';
import { debianPeers, startDebianPeer, whyAbsent } from '../support/debian-peer.ts';
import { TestAuthority, type TestCertificate } from '../support/test-certificate.ts';
import { MovableClock } from './movable-clock.ts';
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

for (const name of debianPeers) {
  const skip = whyAbsent(name) ?? false;

  test(`a thousand queries at once are answered by ${name} over TLS, and over HTTPS`, {
    skip,
    timeout: 60_000,
  }, async () => {
    await using peer = await startDebianPeer(name, certificate);
    for (const upstream of [
      `tls://127.0.0.1:${peer.tlsPort}#dns.example`,
      `tls://127.0.0.1:${peer.tlsPort}#sha256/${certificate.pin}`,
      `https://dns.example:${peer.httpsPort}/dns-query@127.0.0.1`,
    ]) {
      using forwarder = setUpForwarder({
        upstreams: [upstream],
        // It stands still: nothing is ever late, however busy the machine is.
        clock: new MovableClock(),
        authorities: TlsAuthorities.parse(authority.pem),
      });
      const numbers = Array.from({ length: 1000 }, (_, i) => i);
      const replies = await Promise.all(numbers.map((i) => ask(forwarder, `n${i}.example`)));
      for (const one of replies) assert.deepEqual(addresses(one), ['192.0.2.1']);
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
