import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parseCertificateName } from '../../src/certificate/certificate-name.ts';
import { authorityExtensions } from '../../src/certificate/extensions.ts';
import { makeLocalCertificate } from '../../src/certificate/local-certificate.ts';
import { signatureAlgorithms, signCertificate } from '../../src/certificate/x509.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-local-certificate-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);

const now = Date.UTC(2026, 10, 26, 3, 0, 0);
const names = ['dns.home.arpa', '*.lan.example', '192.168.1.5', 'fd00::5'].map(parseCertificateName);
const made = makeLocalCertificate(names, { days: 1826, now });
writeFileSync(path('ca.pem'), made.authority);
writeFileSync(path('server.pem'), made.certificate);

/** What a program printed, and its exit code. */
async function run(program: string, ...words: string[]): Promise<{ code: number; text: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, words, { timeout: 30_000 });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

const verify = (file: string, ...words: string[]) =>
  run(
    'openssl',
    ...['verify', '-x509_strict', '-purpose', 'sslserver', '-attime', String(now / 1000)],
    ...['-CAfile', path('ca.pem'), ...words, path(file)],
  );

test('openssl takes the certificate, strictly, for each of its names and for no other', async () => {
  for (const name of ['localhost', 'dns.home.arpa', 'a.lan.example'])
    assert.equal((await verify('server.pem', '-verify_hostname', name)).code, 0, name);
  for (const address of ['127.0.0.1', '::1', '192.168.1.5', 'fd00::5'])
    assert.equal((await verify('server.pem', '-verify_ip', address)).code, 0, address);
  for (const name of ['example.org', 'lan.example', 'a.b.lan.example'])
    assert.match((await verify('server.pem', '-verify_hostname', name)).text, /hostname mismatch/i, name);
  assert.match((await verify('server.pem', '-verify_ip', '127.0.0.2')).text, /IP address mismatch/i);
  assert.match((await verify('server.pem', '-purpose', 'sslclient')).text, /unsuitable certificate purpose/i);
});

test('both are valid for five years, from the day before, and the authority is limited and ends there', async () => {
  for (const pem of [made.authority, made.certificate]) {
    const { validFrom, validTo } = new X509Certificate(pem);
    assert.deepEqual([validFrom, validTo], ['Nov 25 03:00:00 2026 GMT', 'Nov 26 03:00:00 2031 GMT']);
  }
  const extensions = [
    ...['-ext', 'basicConstraints,keyUsage,extendedKeyUsage,nameConstraints,subjectAltName'],
  ];
  const { text } = await run('openssl', 'x509', '-in', path('ca.pem'), '-noout', ...extensions);
  assert.equal(
    text.replaceAll(/ +(?=\n)/g, ''),
    `X509v3 Basic Constraints: critical
    CA:TRUE, pathlen:0
X509v3 Key Usage: critical
    Certificate Sign
X509v3 Extended Key Usage:
    TLS Web Server Authentication
X509v3 Name Constraints: critical
    Permitted:
      DNS:localhost
      IP:127.0.0.1/255.255.255.255
      IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF
      DNS:dns.home.arpa
      DNS:lan.example
      IP:192.168.1.5/255.255.255.255
      IP:FD00:0:0:0:0:0:0:5/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF
`,
  );
  const server = await run('openssl', 'x509', '-in', path('server.pem'), '-noout', ...extensions);
  assert.match(server.text, /Basic Constraints: critical\n +CA:FALSE\n/);
  assert.match(server.text, /Key Usage: critical\n +Digital Signature\n/);
});

test('each authority has a name, a serial number and a key of its own, and the key fits the certificate', () => {
  const other = makeLocalCertificate(names, { days: 1826, now });
  for (const field of ['subject', 'serialNumber', 'fingerprint256'] as const) {
    const [one, two] = [made, other].map(({ authority }) => new X509Certificate(authority)[field]);
    assert.notEqual(one, two, field);
  }
  const certificate = new X509Certificate(made.certificate);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(made.key)));
  assert.ok(!certificate.checkPrivateKey(createPrivateKey(other.key)));
  assert.ok(certificate.checkIssued(new X509Certificate(made.authority)));
});

describe('whoever had the secret of such an authority', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = 'pkarrd CA of a test';
  const authority = signCertificate(
    {
      ...{ subject: issuer, issuer, publicKey, serial: randomBytes(16) },
      ...{ notBefore: made.notBefore, notAfter: made.notAfter },
      extensions: authorityExtensions(publicKey, made.names),
    },
    {
      algorithm: signatureAlgorithms.ecdsaSha256,
      sign: (octets) => sign('sha256', octets, privateKey),
    },
  );
  writeFileSync(path('known.pem'), authority);
  writeFileSync(path('known.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }));

  /** Issues a certificate with these extensions, in the words of openssl. */
  async function issue(name: string, extensions: string, issuer = 'known'): Promise<void> {
    const request = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    writeFileSync(path('extensions'), extensions);
    const files = ['-keyout', path(`${name}.key`), '-out', path('csr')];
    await run('openssl', ...request, '-subj', `/CN=${name}`, ...files);
    const ca = ['-CA', path(`${issuer}.pem`), '-CAkey', path(`${issuer}.key`), '-days', '1000'];
    const file = path(`${name}.pem`);
    await run(
      'openssl',
      ...['x509', '-req', '-in', path('csr'), ...ca, '-extfile', path('extensions'), '-out', file],
    );
  }

  for (const [what, san, isFine] of [
    ['a permitted name', 'DNS:localhost', true],
    ['a name below a permitted one', 'DNS:x.dns.home.arpa', true],
    ['a permitted address', 'IP:192.168.1.5', true],
    ['another name', 'DNS:example.org', false],
    ['a name that ends like a permitted one', 'DNS:xlocalhost', false],
    ['a permitted name and another one', 'DNS:localhost,DNS:example.org', false],
    ['another address', 'IP:127.0.0.2', false],
    ['another IPv6 address', 'IP:::2', false],
    ['the neighbour of a permitted address', 'IP:192.168.1.4', false],
  ] as const) {
    test(`${isFine ? 'could issue for' : 'could not issue for'} ${what}`, async () => {
      const file = san.replaceAll(/\W/g, '-');
      await issue(file, `subjectAltName=${san}\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid`);
      const known = ['-CAfile', path('known.pem'), path(`${file}.pem`)];
      const openssl = await run('openssl', 'verify', '-purpose', 'sslserver', ...known);
      assert.equal(openssl.code === 0, isFine, openssl.text);
      if (!isFine) assert.match(openssl.text, /permitted subtree violation/);
    });
  }

  test('could not issue for another purpose, and not make a second authority', async () => {
    await issue('client', 'subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth,codeSigning');
    const known = ['-CAfile', path('known.pem')];
    const client = await run('openssl', ...['verify', '-purpose', 'sslclient', ...known, path('client.pem')]);
    assert.match(client.text, /unsuitable certificate purpose/);
    await issue('second', 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign');
    await issue('below', 'subjectAltName=DNS:localhost', 'second');
    const chain = ['-untrusted', path('second.pem'), path('below.pem')];
    const below = await run('openssl', 'verify', '-purpose', 'sslserver', ...known, ...chain);
    assert.match(below.text, /path length constraint exceeded/);
  });
});
