import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ForwardError } from '../../src/forward/errors.ts';
import { TlsAuthorities, TlsAuthoritiesError } from '../../src/forward/tls/authorities.ts';
import { startHttpsServer, startTlsServer } from '../support/encrypted-upstream.ts';
import { replyA } from '../support/scripted-upstream.ts';
import { TestAuthority, type TestCertificate } from '../support/test-certificate.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

let authority: TestAuthority;

before(async () => {
  authority = await TestAuthority.create();
});
after(() => authority[Symbol.asyncDispose]());

const wrong: readonly {
  readonly what: string;
  readonly issue: () => Promise<TestCertificate>;
  readonly authorities?: () => Promise<TlsAuthorities>;
  readonly says: RegExp;
}[] = [
  {
    what: 'for another name',
    issue: () => authority.issue({ names: 'DNS:other.example,IP:127.0.0.1' }),
    says: /is not trusted as dns\.example: its certificate is for DNS:other\.example, IP Address:127\.0\.0\.1/,
  },
  {
    what: 'that signed itself',
    issue: () => authority.issue({ selfSigned: true }),
    says: /is not trusted as dns\.example: its certificate is self-signed/,
  },
  {
    what: 'of an unknown authority',
    issue: () => authority.issue(),
    authorities: async () => TlsAuthorities.bundled,
    says: /is not trusted as dns\.example: its certificate is signed by an unknown authority, CN=Authority of one test/,
  },
  {
    what: 'that has expired',
    issue: () => authority.issue({ days: -1 }),
    says: /is not trusted as dns\.example: its certificate expired on .* \(CERT_HAS_EXPIRED\)/,
  },
];

for (const { what, issue, authorities = async () => TlsAuthorities.parse(authority.pem), says } of wrong) {
  test(`a certificate ${what} is refused in a sentence, and no query is shown to who has it`, async () => {
    const certificate = await issue();
    await using tls = await startTlsServer(certificate, (query) => query.send(replyA(query)));
    await using https = await startHttpsServer(certificate, (query) => query.send(replyA(query)));
    for (const upstream of [
      `tls://127.0.0.1:${tls.port}#dns.example`,
      `https://dns.example:${https.port}/dns-query@127.0.0.1`,
    ]) {
      using forwarder = setUpForwarder({ upstreams: [upstream], authorities: await authorities() });
      const asked = Array.from({ length: 3 }, (_, i) => ask(forwarder, `n${i}.example`));
      for (const one of asked) {
        await assert.rejects(one, (error) => {
          assert.ok(error instanceof ForwardError);
          assert.equal(error.kind, 'network');
          assert.deepEqual(
            error.reasons.map(({ kind }) => kind),
            ['untrusted'],
          );
          assert.match(error.message, says);
          return true;
        });
      }
      const status = forwarder.status().upstreams[0];
      assert.equal(status?.state, 'dead');
      assert.equal(status?.lastFailure?.kind, 'untrusted');
      assert.match(status?.lastFailure?.text ?? '', says);
    }
    assert.equal(tls.octets.count, 0);
    assert.equal(https.received.length, 0);
  });
}

test('another upstream answers when the first cannot prove who it is', async () => {
  const certificate = await authority.issue();
  const other = await authority.issue({ names: 'DNS:other.example' });
  await using good = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  await using bad = await startTlsServer(other, (query) => query.send(replyA(query, '203.0.113.66')));
  using forwarder = setUpForwarder({
    upstreams: [bad, good].map(({ port }) => `tls://127.0.0.1:${port}#dns.example`),
    authorities: TlsAuthorities.parse(authority.pem),
  });
  for (let i = 0; i < 5; i++)
    assert.deepEqual(addresses(await ask(forwarder, `n${i}.example`)), ['192.0.2.1']);
});

test('a certificate for an address serves when no name is written', async () => {
  const certificate = await authority.issue({ names: 'IP:127.0.0.1' });
  await using server = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  using forwarder = setUpForwarder({
    upstreams: [`tls://127.0.0.1:${server.port}`],
    authorities: TlsAuthorities.parse(authority.pem),
  });
  assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
  assert.equal(server.connections[0]?.servername, false);
});

test('with a pin the key decides and nothing else: names, dates and authorities do not matter', async () => {
  const certificate = await authority.issue({ selfSigned: true, days: -1, names: 'DNS:whatever.example' });
  const another = await authority.issue();
  await using server = await startTlsServer(certificate, (query) => query.send(replyA(query)));
  {
    using forwarder = setUpForwarder({
      upstreams: [`tls://127.0.0.1:${server.port}#sha256/${certificate.pin}`],
    });
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(addresses(await ask(forwarder, `n${i}.example`)), ['192.0.2.1']);
      server.drop();
    }
    assert.deepEqual(
      server.connections.map(({ resumed }) => resumed),
      [false, true, true],
    );
  }
  const octets = server.octets.count;
  const connections = server.connections.length;
  using forwarder = setUpForwarder({ upstreams: [`tls://127.0.0.1:${server.port}#sha256/${another.pin}`] });
  await assert.rejects(ask(forwarder, 'x.example'), (error) => {
    assert.ok(error instanceof ForwardError);
    assert.ok(error.message.includes(`its public key is sha256/${certificate.pin}`));
    assert.ok(error.message.includes(`the pin is sha256/${another.pin}`));
    return true;
  });
  assert.equal(server.octets.count, octets, 'the one with the wrong key saw nothing');
  assert.ok(server.connections.length <= connections + 1, 'and was not tried again');
});

test('a file of authorities holds certificates that can be read, or is refused', () => {
  assert.throws(() => TlsAuthorities.parse(''), TlsAuthoritiesError);
  assert.throws(() => TlsAuthorities.parse('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'));
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  assert.throws(() => TlsAuthorities.parse(authority.pem + broken), /cannot be parsed \(number 2\)/);
  TlsAuthorities.parse(`a comment\n${authority.pem}${authority.pem}`);
});
