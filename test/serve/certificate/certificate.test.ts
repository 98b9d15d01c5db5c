import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { after, test } from 'node:test';
import { makeKeyCertificate } from '../../../src/certificate/key-certificate.ts';
import { CertificateError, parseCertificate } from '../../../src/serve/certificate/certificate.ts';
import { certificateWarnings } from '../../../src/serve/certificate/certificate-warnings.ts';
import { testKey } from '../../support/packets.ts';
import { TestAuthority } from '../../support/test-certificate.ts';

const authority = await TestAuthority.create();
after(() => authority[Symbol.asyncDispose]());
const names = 'DNS:dns.example,DNS:localhost,IP:127.0.0.1,IP:::1';
const issued = await authority.issue({ names });
const other = await authority.issue();

function parse(chain: string, key: string) {
  return parseCertificate({ path: '/tls/cert.pem', text: chain }, { path: '/tls/key.pem', text: key });
}

function problemOf(chain: string, key: string): string {
  try {
    parse(chain, key);
  } catch (error) {
    assert.ok(error instanceof CertificateError);
    return error.message;
  }
  return 'none';
}

test('a certificate has its names, its addresses and its dates', () => {
  const { names: found, notBefore, notAfter } = parse(issued.cert, issued.key);
  assert.deepEqual(found, ['dns.example', 'localhost', '127.0.0.1', '0:0:0:0:0:0:0:1']);
  assert.ok(notBefore <= Date.now() && notAfter > Date.now());
});

test('chain and key can be in one file, with text around and between them', () => {
  const both = `text\n${issued.cert}\nmore\n${authority.pem}${issued.key}\n`;
  const { chain, key } = parse(both, both);
  assert.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.doesNotMatch(chain, /PRIVATE|more/);
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/);
});

test('a key of another certificate is refused, and so is a chain that does not begin with the server', () => {
  assert.equal(
    problemOf(issued.cert, other.key),
    'The key in /tls/key.pem is not that of the certificate in /tls/cert.pem.',
  );
  assert.match(problemOf(`${authority.pem}${issued.cert}`, issued.key), /the server's own has to come first/);
});

test('a file without what it should hold is refused with its path', () => {
  assert.match(problemOf('', issued.key), /^\/tls\/cert\.pem holds no certificate/);
  assert.match(problemOf(issued.cert, issued.cert), /^\/tls\/key\.pem holds no private key/);
  assert.match(problemOf(issued.cert, issued.key + other.key), /more than one private key/);
});

test('half a file is refused, cut at any line', () => {
  for (const [whole, halfOf] of [
    [issued.cert, (half: string) => problemOf(half, issued.key)],
    [issued.key, (half: string) => problemOf(issued.cert, half)],
  ] as const) {
    const lines = whole.trimEnd().split('\n');
    for (let count = 0; count < lines.length; count++)
      assert.notEqual(halfOf(lines.slice(0, count).join('\n')), 'none', `${count} lines`);
  }
});

test('a key with a passphrase is refused, since nobody is there to type it', () => {
  const encrypted = createPrivateKey(issued.key).export({
    ...{ type: 'pkcs8', format: 'pem' },
    ...{ cipher: 'aes-256-cbc', passphrase: 'secret' },
  });
  assert.match(problemOf(issued.cert, String(encrypted)), /has a passphrase/);
  // OpenSSL's form before version 3.
  const older = createPrivateKey(issued.key).export({
    ...{ type: 'sec1', format: 'pem' },
    ...{ cipher: 'aes-256-cbc', passphrase: 'secret' },
  });
  assert.match(String(older), /Proc-Type: 4,ENCRYPTED/);
  assert.match(problemOf(issued.cert, String(older)), /has a passphrase/);
});

test('what TLS refuses is refused when it is read, and not when it is used', () => {
  const { cert, key } = selfSigned(['-newkey', 'rsa:512']);
  // BoringSSL, which Bun has, takes such a key.
  const expected = 'bun' in process.versions ? /none/ : /cannot be used for TLS: .*key too small/;
  assert.match(problemOf(cert, key), expected);
});

test('a file of any octets is refused, or read, in a moment', () => {
  const start = '-----BEGIN CERTIFICATE-----\n';
  const started = performance.now();
  for (const part of [start, `${start}A: b\n`, 'A: b\n', '-', '-----', '\u0000', `${start}AAAA`])
    for (const text of [part.repeat(250_000 / part.length), start + part.repeat(250_000 / part.length)]) {
      assert.notEqual(problemOf(text, issued.key), 'none');
      assert.notEqual(problemOf(issued.cert, text), 'none');
    }
  assert.ok(performance.now() - started < 5_000);
});

/** A certificate that openssl signs with its own key, which it makes with these words. */
function selfSigned(words: readonly string[]): { readonly cert: string; readonly key: string } {
  const { stdout, stderr } = spawnSync(
    'openssl',
    [...['req', '-x509', '-nodes', '-subj', '/CN=test', '-days', '2', '-keyout', '-'], ...words],
    { encoding: 'utf8' },
  );
  const [, key = '', cert = ''] = /(-----BEGIN PRIVATE.*KEY-----\n)(-----BEGIN CERT.*)/s.exec(stdout) ?? [];
  assert.notEqual(cert, '', stderr);
  return { cert, key };
}

const DAY = 86_400_000;
const now = Date.parse('2030-01-01T00:00:00Z');
const at = (host: string) => ({ host, port: 853 });
const warningsOf = (
  lived: number,
  left: number,
  hosts = ['127.0.0.1'],
  certificateNames = ['localhost'],
  chain = issued.cert,
) =>
  certificateWarnings(
    { chain, names: certificateNames, notBefore: now - lived * DAY, notAfter: now + left * DAY },
    hosts.map(at),
    now,
  ).map(({ text, remedy }) => `${text} ${remedy}`);

test('a certificate is warned of 60 days before its end, one for a few months when a quarter of its time is left', () => {
  assert.deepEqual(warningsOf(1800, 61), []);
  assert.match(warningsOf(1800, 59).join(), /^The certificate ends on 2030-03-01, in 59 days\. Renew it/);
  assert.deepEqual(warningsOf(60, 30), []);
  assert.match(warningsOf(70, 20).join(), /in 20 days/);
});

test('a certificate that is over, or not valid yet, is warned of', () => {
  assert.match(warningsOf(90, -1).join(), /^The certificate ended on 2029-12-31: clients refuse it/);
  assert.match(warningsOf(-1, 90).join(), /^The certificate is not valid before 2030-01-02/);
});

test('a certificate that browsers do not take, or that is for clients, is warned of', () => {
  const of = (cert: string) => warningsOf(100, 1000, ['127.0.0.1'], ['localhost'], cert);
  assert.match(
    of(makeKeyCertificate(testKey(1))).join(),
    /^The certificate has a key for Ed25519, which browsers do not/,
  );
  const forClients = selfSigned(['-newkey', 'ed25519', '-addext', 'extendedKeyUsage=clientAuth']).cert;
  assert.match(of(forClients)[1] ?? '', /^The certificate is not for servers/);
});

test('a certificate is warned of whose names fit none of the addresses', () => {
  const of = (host: string, ...list: string[]) => warningsOf(100, 1000, [host], list);
  assert.deepEqual(of('127.0.0.1', 'localhost'), []);
  assert.deepEqual(of('::1', '0:0:0:0:0:0:0:1'), []);
  assert.deepEqual(of('192.168.1.2', 'dns.example.org'), []);
  assert.deepEqual(of('0.0.0.0', 'localhost'), []);
  assert.match(
    of('192.168.1.2', 'localhost', '127.0.0.1').join(),
    /^The certificate is for localhost, 127\.0\.0\.1, so clients refuse it at 192\.168\.1\.2\./,
  );
});
