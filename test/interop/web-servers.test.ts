import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { GatewayScene } from '../gateway/gateway-scene.ts';
import { pkarrd } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { root } from '../support/installed-package.ts';
import { blocksOf } from '../support/markdown.ts';
import { testKey } from '../support/packets.ts';

/** The key of the README, which tells its secret. */
const SEED = Buffer.from('The secret of this key is public');
const keyPair = KeyPair.fromSeed(SEED);
const key = keyPair.publicKey.text;
/** RFC 8410 §4: the octets of a SubjectPublicKeyInfo before the 32 octets of an Ed25519 key. */
const SPKI_PREFIX = '302a300506032b6570032100';
const spki = SPKI_PREFIX + Buffer.from(keyPair.publicKey.toBytes()).toString('hex');

const blocks = blocksOf(readFileSync(join(root, 'README.md'), 'utf8'));
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-web-servers-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);

/** Milliseconds for a server to start, and for one request. */
const START_MS = 20_000;
const REQUEST_MS = 10_000;

/** A web server: the words that start it on a port of 127.0.0.1, with what the README says. */
interface WebServer {
  readonly name: string;
  words(port: number): readonly string[];
}

/** The README's block in this language, with files and ports of this test. */
function recipe(language: string, places: readonly (readonly [string, string])[]): string {
  let text = blocks.find((block) => block.language === language)?.text ?? '';
  for (const [place, here] of places) {
    assert.ok(text.includes(place), `${place} is not in the block of ${language}`);
    text = text.replaceAll(place, here);
  }
  return text;
}

const servers: readonly WebServer[] = [
  {
    name: 'nginx',
    words: (port) => {
      const server = recipe('nginx', [
        ['listen 443 ssl default_server;', `listen 127.0.0.1:${port} ssl default_server;`],
        ['listen [::]:443 ssl default_server;', ''],
        ['/etc/nginx/site.pem', path('site.pem')],
        ['/var/www/html', path('html')],
      ]);
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${path(`${name}-files`)};`)
        .join('\n');
      const main = 'daemon off; pid nginx.pid; error_log stderr; events {}';
      writeFileSync(path('nginx.conf'), `${main} http { access_log off; ${temporary}\n${server} }`);
      return ['nginx', '-p', directory, '-c', path('nginx.conf'), '-e', 'stderr'];
    },
  },
  {
    name: 'caddy',
    words: (port) => {
      const site = recipe('caddyfile', [
        [':443 {', `:${port} {\nbind 127.0.0.1`],
        ['/etc/caddy/site.pem', path('site.pem')],
        ['/var/www/html', path('html')],
      ]);
      const own = `admin off\nauto_https disable_redirects\nstorage file_system ${path('caddy')}`;
      writeFileSync(path('Caddyfile'), `{\n${own}\n}\n${site}\n`);
      return ['caddy', 'run', '--config', path('Caddyfile'), '--adapter', 'caddyfile'];
    },
  },
  {
    name: 'openssl',
    words: (port) => [
      ...['openssl', 's_server', '-accept', `127.0.0.1:${port}`, '-tls1_3', '-WWW', '-quiet'],
      ...['-cert', path('site.pem'), '-key', path('site.pem')],
    ],
  },
];

before(async () => {
  chmodSync(directory, 0o755); // nginx reads what it serves as a user of its own
  mkdirSync(path('html'));
  writeFileSync(path('html/index.html'), 'the site');
  writeFileSync(path('my.key'), SEED.toString('hex'), { mode: 0o600 });
  const { code, err } = await pkarrd(['certificate', '--key', path('my.key'), '--out', path('site.pem')]);
  assert.deepEqual([code, err], [0, '']);
});

/** What a client of the key does: it compares the key in the certificate, and nothing else of it. */
async function fetchSite(port: number, servername: string) {
  const socket = tls.connect({
    ...{ host: '127.0.0.1', port, servername, rejectUnauthorized: false },
    minVersion: 'TLSv1.3',
  });
  socket.setTimeout(REQUEST_MS, () => socket.destroy(new Error('It does not respond.')));
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  const { publicKey } = new X509Certificate(raw);
  socket.end(`GET /index.html HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
  let response = '';
  for await (const part of socket) response += part;
  return { spki: publicKey.export({ format: 'der', type: 'spki' }).toString('hex'), response };
}

/** A block of the README that begins so, of a zone in which `SITE` stands for the key of the site. */
function zoneLines(start: string): string {
  const text = blocks.find((block) => block.language === 'text' && block.text.startsWith(start))?.text;
  return (text ?? assert.fail(`no block begins with ${start}`)).replaceAll('SITE', key);
}

/** Opens the site by its own name, and by the name of a key whose zone has the aliases of the README. */
async function openThroughGateway(port: number): Promise<void> {
  await using scene = await GatewayScene.open();
  const first = testKey(8);
  scene.publish(keyPair, `@ A 127.0.0.1\n${zoneLines('@ HTTPS 1 .')} port=${port}\n`);
  scene.publish(first, zoneLines('@   HTTPS 0 SITE.'));
  for (const host of [scene.host(keyPair), scene.host(first), scene.host(first, 'www.')]) {
    const { status, body } = await scene.get(host, { path: '/index.html' });
    assert.deepEqual([status, body], [200, 'the site'], host);
  }
}

async function untilOpen(port: number, child: ChildProcess, said: () => string): Promise<void> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    if (child.exitCode !== null) break;
    const socket = tls.connect({ host: '127.0.0.1', port, servername: key, rejectUnauthorized: false });
    const isOpen = await once(socket, 'secureConnect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`It does not answer: ${said()}`);
}

describe('the certificate of a key', () => {
  for (const { name, words } of servers) {
    const program = spawnSync(name, [name === 'nginx' ? '-v' : 'version']);
    const skip = program.error !== undefined && `the Debian package of ${name} is not installed`;
    test(`is served by ${name} as the README says, under the key and the names before it`, {
      skip,
    }, async () => {
      const port = await freePort();
      const [file = '', ...rest] = words(port);
      const child = spawn(file, rest, { cwd: path('html'), env: { ...process.env, HOME: directory } });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (part) => {
          said += part;
        });
      try {
        await untilOpen(port, child, () => said);
        for (const host of [key, `www.${key}`]) {
          const site = await fetchSite(port, host);
          assert.equal(site.spki, spki, host);
          assert.match(site.response, /the site$/, host);
        }
        const { stdout } = await promisify(execFile)('curl', [
          ...['--silent', '--show-error', '--cacert', path('site.pem'), '--max-time', '10'],
          ...['--connect-to', `${key}:443:127.0.0.1:${port}`, `https://${key}/index.html`],
        ]);
        assert.equal(stdout, 'the site');
        await openThroughGateway(port);
      } finally {
        if (child.exitCode === null) {
          child.kill('SIGTERM');
          await once(child, 'exit');
        }
      }
    });
  }
});
