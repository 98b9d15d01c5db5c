import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadSettings } from '../../src/config/load-settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-config-'));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'pkarrd.toml');

const pair = 'certificate = "/tls/cert.pem"\ncertificate-key = "/tls/key.pem"\n';

async function load(toml: string) {
  writeFileSync(file, toml);
  return await loadSettings({ file, machine: { environment: {}, isRoot: true, home: '/root' }, flags: {} });
}

/** `3: …` for what is wrong in line 3. */
async function problemsOf(toml: string): Promise<readonly string[]> {
  const error = await load(toml).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return [];
  assert.ok(error instanceof ConfigError);
  return error.problems.map(({ where, message }) => `${where.slice(file.length + 1)}: ${message}`);
}

test('DNS over TLS or HTTPS without a certificate is refused, with the command that makes one', async () => {
  for (const name of ['tls-listen', 'https']) {
    assert.deepEqual(await problemsOf(`${name} = ["127.0.0.1:8853"]`), [
      `1: ${name} needs a certificate: set certificate and certificate-key. ` +
        'If you have none, make one: pkarrd certificate --out DIR',
    ]);
    assert.deepEqual(await problemsOf(`${pair}${name} = ["127.0.0.1:8853"]`), []);
  }
});

test('DNS over HTTPS for a proxy needs no certificate', async () => {
  assert.deepEqual(await problemsOf('https-plain = ["127.0.0.1:8080", "[::1]:8080"]'), []);
});

test('a certificate without its key, or a key without a certificate, is refused', async () => {
  assert.deepEqual(await problemsOf('certificate = "/tls/cert.pem"'), [
    '1: certificate is set without certificate-key; set both, or none.',
  ]);
  assert.deepEqual(await problemsOf('certificate-key = "/tls/key.pem"'), [
    '1: certificate-key is set without certificate; set both, or none.',
  ]);
});

test('what is not valid is told once, and not that it is missing', async () => {
  const certificate =
    'certificate = "tls/server.pem"\ncertificate-key = "/tls/server.key"\nhttps = "127.0.0.1:8443"';
  assert.deepEqual(await problemsOf(certificate), [
    '1: "tls/server.pem" is not valid for certificate; expected an absolute path; or none.',
  ]);
});

test('two services cannot have the same address, in whatever spelling; the same host with other ports can', async () => {
  const toml = `${pair}listen = ["127.0.0.1:853", "[::1]:53"]\ntls-listen = ["127.0.0.1", "[0:0::1]:8443"]\n`;
  assert.deepEqual(await problemsOf(toml), [
    '4: 127.0.0.1:853 is listed for listen and for tls-listen; each needs a port of its own.',
  ]);
  assert.deepEqual(await problemsOf(`${toml.replace('853', '53')}https = ["[::1]:8443", "127.0.0.1:0"]`), [
    '5: [::1]:8443 is listed for tls-listen and for https; each needs a port of its own.',
  ]);
});

test('an address without a port has the port of its protocol', async () => {
  const { settings } = await load(
    `${pair}tls-listen = "127.0.0.1"\nhttps = "127.0.0.1"\nhttps-plain = "127.0.0.1"`,
  );
  const ports = [settings.tlsListen, settings.https, settings.httpsPlain].map(([first]) => first?.port);
  assert.deepEqual(ports, [853, 443, 80]);
});

test('DNS over HTTPS without TLS never listens everywhere, and a warning tells of each address beyond this machine', async () => {
  for (const address of ['0.0.0.0:8080', '[::]:8080'])
    assert.deepEqual(await problemsOf(`https-plain = ["${address}"]`), [
      `1: ${address} means every address of this machine, which https-plain does not accept; ` +
        'name the address that the proxy connects to, such as 127.0.0.1:8080.',
    ]);
  const { warnings } = await load('https-plain = ["127.0.0.1:8080", "192.168.1.2:8080"]');
  assert.deepEqual(
    warnings.map(({ message }) => message.split(' ')[0]),
    ['192.168.1.2:8080'],
  );
});

test('the HTTP side listens on this machine alone, and on no address that means all', async () => {
  for (const address of ['0.0.0.0:8053', '[::]:8053', '0.0.0.1', '[::127.0.0.1]:8053', '192.168.1.2:8053']) {
    const [problem = ''] = await problemsOf(`http = ["${address}"]`);
    assert.match(problem, /a loopback address with or without a port, such as 127\.0\.0\.1:8053/, address);
  }
  assert.deepEqual(await problemsOf('http = ["127.0.0.2:8053", "[::1]", "[::ffff:127.0.0.1]:1"]'), []);
});
