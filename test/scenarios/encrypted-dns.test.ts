import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AppStatus } from '../../src/app/status.ts';
import { askProgram } from '../../src/control/client.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { askUdp, query, udpExchange } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { onEachProgram } from '../support/programs.ts';
import { ServiceManager, serviceManagerIsMissing } from '../support/service-manager.ts';
import { TestAuthority, type TestCertificate } from '../support/test-certificate.ts';
import { TlsClient } from '../support/tls-client.ts';

const authority = await TestAuthority.create();
after(() => authority[Symbol.asyncDispose]());
const names = 'DNS:localhost,IP:127.0.0.1';
const issued = await authority.issue({ names, days: 400 });
const renewed = await authority.issue({ names: `${names},DNS:renewed.example`, days: 400 });

interface Scene {
  readonly folder: string;
  readonly command: RunningCommand;
  readonly port: number;
  client(): TlsClient;
  put(certificate: TestCertificate): Promise<void>;
  status(): Promise<AppStatus>;
}

/** Runs `serve` with DNS over TLS, with its certificate in two files. */
async function serve(t: TestContext, workers: number, program?: readonly string[]): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'pkarrd-encrypted-'));
  const file = (name: string) => join(folder, name);
  const [dns, port] = [await freePort(), await freePort()];
  const put = async ({ cert, key }: TestCertificate) => {
    await writeFile(file('cert.pem'), cert);
    await writeFile(file('key.pem'), key);
  };
  await put(issued);
  await writeFile(
    file('pkarrd.toml'),
    `workers = ${workers}
listen = ["127.0.0.1:${dns}"]
tls-listen = ["127.0.0.1:${port}"]
certificate = "${file('cert.pem')}"
certificate-key = "${file('key.pem')}"
upstream = ["127.0.0.1:9"]
dht = false
state-dir = "${folder}"
`,
  );
  const command = new RunningCommand(
    ['serve', '--config', file('pkarrd.toml')],
    program === undefined ? {} : { program },
  );
  t.after(async () => {
    if (command.child.exitCode === null) await command.stop();
    await rm(folder, { recursive: true });
  });
  await command.printed(/Ready\./);
  return {
    ...{ folder, command, port, put },
    client: () => new TlsClient(port, authority.pem),
    status: async () => (await askProgram([folder], ['status'])) as AppStatus,
  };
}

/** A client that asks now and then, and what became of it. */
function asking(client: TlsClient) {
  let asked = 0;
  const timer = setInterval(() => client.send('localhost', ++asked), 50);
  return async () => {
    clearInterval(timer);
    const answered = (await client.replies(asked)).length;
    client.socket.destroy();
    return { asked, answered, error: client.error };
  };
}

onEachProgram(({ program }) => {
  for (const workers of [1, 2])
    test(`a certificate that changes on disk is served without a dropped connection, workers = ${workers}`, async (t) => {
      const scene = await serve(t, workers, program);
      const open = await Promise.all(Array.from({ length: 8 }, () => scene.client().handshake()));
      assert.ok(open.every(({ shownNames }) => shownNames !== '' && !shownNames.includes('renewed')));
      const ends = open.map(asking);
      // First the one, later the other, as a careless script would.
      await writeFile(join(scene.folder, 'cert.pem'), renewed.cert);
      await sleep(200);
      await writeFile(join(scene.folder, 'key.pem'), renewed.key);
      await scene.command.printed(/The certificate changed/);
      // Every worker has it: 16 new connections in a row are shown it.
      for (let shown = 0; shown < 16; ) {
        const client = await scene.client().handshake();
        shown = client.shownNames.includes('renewed') ? shown + 1 : 0;
        client.send('localhost', 1);
        assert.deepEqual(await client.replies(1), [1]);
        client.socket.destroy();
      }
      for (const end of ends) {
        const { asked, answered, error } = await end();
        assert.equal(error, undefined);
        assert.ok(asked > 5);
        assert.equal(answered, asked);
      }
    });
});

for (const workers of [1, 2]) {
  test(`a reload opens and closes DNS over TLS, takes another certificate at once, and refuses a bad one, workers = ${workers}`, async (t) => {
    const scene = await serve(t, workers);
    const file = join(scene.folder, 'pkarrd.toml');
    const before = await readFile(file, 'utf8');
    const reload = () => pkarrd(['reload', '--config', file]);
    const open = scene.client();
    open.send('localhost', 1);
    assert.deepEqual(await open.replies(1), [1]);

    await writeFile(join(scene.folder, 'key.pem'), renewed.key);
    const refused = await reload();
    assert.equal(refused.code, 1);
    assert.match(refused.err, /key\.pem is not that of the certificate in .*cert\.pem/);

    await scene.put(renewed);
    assert.equal((await reload()).code, 0);
    const next = await scene.client().handshake();
    assert.match(next.shownNames, /renewed/);

    const other = await freePort();
    await writeFile(
      file,
      before.replace(`tls-listen = ["127.0.0.1:${scene.port}"]`, `tls-listen = ["127.0.0.1:${other}"]`),
    );
    const moved = await reload();
    assert.equal(moved.code, 0, moved.err);
    const elsewhere = new TlsClient(other, authority.pem);
    elsewhere.send('localhost', 7);
    assert.deepEqual(await elsewhere.replies(1), [7]);
    assert.deepEqual((await scene.status()).listen.slice(1), [`tls://127.0.0.1:${other}`]);
    const gone = scene.client();
    await gone.handshake();
    assert.equal(gone.error?.code, 'ECONNREFUSED');
    for (const { socket } of [open, next, elsewhere]) socket.destroy();
  });
}

test('status shows the addresses, and warns of a certificate that ends soon or whose files cannot be used', async (t) => {
  const scene = await serve(t, 1);
  const shown = async () => (await pkarrd(['status', '--config', join(scene.folder, 'pkarrd.toml')])).out;
  const before = await shown();
  assert.match(before, new RegExp(`^listen +127\\.0\\.0\\.1:\\d+ tls://127\\.0\\.0\\.1:${scene.port}$`, 'm'));
  assert.match(before, /^certificate for localhost 127\.0\.0\.1, until \d{4}-\d\d-\d\d$/m);
  assert.doesNotMatch(before, /WARNING/);
  await scene.put(await authority.issue({ names: 'DNS:localhost', days: 0 }));
  await pkarrd(['reload', '--config', join(scene.folder, 'pkarrd.toml')]);
  assert.match(await shown(), /^WARNING +The certificate end(s|ed) on /m);
  await writeFile(join(scene.folder, 'key.pem'), issued.key);
  await scene.command.printed(/cannot be used, so the one before stays in force/);
  assert.match(await shown(), /^WARNING +The certificate before stays in force, .*key\.pem is not that of/m);
});

test('without a certificate DNS over TLS is an error that names the command which makes one', async () => {
  const { code, err } = await pkarrd(['serve', '--config', '/dev/null', '--tls-listen', '127.0.0.1:8853']);
  assert.equal(code, 2);
  assert.match(err, /tls-listen needs a certificate: .*pkarrd certificate --out DIR/);
});

test('our own upstreams over TLS take its answers', async (t) => {
  const scene = await serve(t, 1);
  const port = await freePort();
  const second = new RunningCommand([
    ...['serve', '--config', '/dev/null', '--dht', 'off', '--listen', `127.0.0.1:${port}`],
    ...[
      '--upstream',
      `tls://127.0.0.1:${scene.port}#sha256/${issued.pin}`,
      '--state-dir',
      join(scene.folder, 'second'),
    ],
  ]);
  t.after(() => second.stop());
  await second.printed(/Ready\./);
  // The first has no upstream that answers: its failure comes back as an answer over TLS.
  const reply = await askUdp({ host: '127.0.0.1', port }, query('www.example.org'));
  assert.equal(reply.rcode, 2);
  assert.ok((await scene.status()).queries.queries > 0);
});

for (const workers of [1, 2]) {
  test(`a socket that the service manager opened for it is served, and not without a certificate, workers = ${workers}`, {
    skip: serviceManagerIsMissing(),
  }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'pkarrd-encrypted-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'cert.pem'), issued.cert + issued.key);
    const files = [join(folder, 'cert.pem'), join(folder, 'cert.pem')] as const;
    await using manager = await ServiceManager.open([
      { protocol: 'udp', host: '127.0.0.1' },
      { protocol: 'tcp', host: '127.0.0.1', name: 'dot' },
    ]);
    const [dns = 0, port = 0] = manager.ports;
    const words = ['--dht', 'off', '--upstream', '127.0.0.1:9', '--workers', String(workers)];
    await manager.start([...words, '--certificate', files[0], '--certificate-key', files[1]]);
    await manager.until(/Ready\./);
    assert.match(manager.log, new RegExp(`listen=.*tls://127\\.0\\.0\\.1:${port}`));
    // Who connects between two processes waits in the kernel.
    const clients = [new TlsClient(port, authority.pem)];
    clients[0]?.send('localhost', 1);
    assert.deepEqual(await clients[0]?.replies(1), [1]);
    assert.equal(await manager.stop(), 0, manager.log);
    const waiting = new TlsClient(port, authority.pem);
    waiting.send('localhost', 2);
    manager.log = '';
    await manager.start([...words, '--certificate', files[0], '--certificate-key', files[1]]);
    assert.deepEqual(await waiting.replies(1), [2]);
    for (const { socket } of [...clients, waiting]) socket.destroy();
    assert.equal(await manager.stop(), 0, manager.log);

    manager.log = '';
    await manager.start(words);
    await manager.until(/Ready\./);
    assert.match(
      manager.log,
      /A socket is for DNS over TLS, which needs the settings certificate and certificate-key/,
    );
    assert.equal((await askUdp({ host: '127.0.0.1', port: dns }, query('localhost'))).rcode, 0);
    assert.equal(await manager.stop(), 0, manager.log);
  });
}

const run = promisify(execFile);
const has = (program: string) => spawnSync(program, ['-V']).error === undefined;

test('kdig asks, with a certificate that it checks and without', {
  skip: !has('kdig') && 'kdig is not installed',
}, async (t) => {
  const scene = await serve(t, 1);
  const ca = join(scene.folder, 'ca.pem');
  await writeFile(ca, authority.pem);
  const kdig = async (...words: readonly string[]) =>
    (
      await run('kdig', [
        '@127.0.0.1',
        '-p',
        String(scene.port),
        '+tls',
        '+timeout=5',
        'localhost',
        'A',
        ...words,
      ])
    ).stdout;
  const strict = await kdig(`+tls-ca=${ca}`, '+tls-hostname=localhost', '+padding');
  assert.match(strict, /localhost\.\s+\d+\s+IN\s+A\s+127\.0\.0\.1/);
  assert.match(strict, /Received 468 B/);
  assert.match(await kdig(), /127\.0\.0\.1/);
  await assert.rejects(kdig(`+tls-ca=${ca}`, '+tls-hostname=other.example'));
});

test('dig asks', { skip: !has('dig') && 'dig is not installed' }, async (t) => {
  const scene = await serve(t, 1);
  const { stdout } = await run('dig', [
    '+tls',
    '+tries=1',
    '+timeout=5',
    '@127.0.0.1',
    '-p',
    String(scene.port),
    'localhost',
    '+short',
  ]);
  assert.equal(stdout.trim(), '127.0.0.1');
});

test('Unbound forwards to it, and checks the certificate', {
  skip: !has('unbound') && 'unbound is not installed',
}, async (t) => {
  const scene = await serve(t, 1);
  const [port, folder] = [await freePort(), scene.folder];
  await writeFile(join(folder, 'ca.pem'), authority.pem);
  await writeFile(
    join(folder, 'unbound.conf'),
    `server:
  interface: 127.0.0.1@${port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  module-config: "iterator"
  do-not-query-localhost: no
  tls-cert-bundle: "${join(folder, 'ca.pem')}"
  local-zone: "localhost." nodefault
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@${scene.port}#localhost
`,
  );
  const unbound = spawn('unbound', ['-d', '-c', join(folder, 'unbound.conf')], { stdio: 'ignore' });
  const ended = once(unbound, 'exit');
  t.after(async () => {
    unbound.kill('SIGTERM');
    await ended;
  });
  const server = { host: '127.0.0.1', port };
  let reply = await udpExchange(server, encodeMessage(query('a.localhost')), 1_000);
  for (let tries = 0; tries < 20 && reply === undefined; tries++)
    reply = await udpExchange(server, encodeMessage(query('a.localhost')), 1_000);
  assert.ok(reply);
  const { rcode, answers } = decodeMessage(reply);
  assert.deepEqual([rcode, answers.length], [0, 1]);
  assert.ok((await scene.status()).queries.queries > 0);
});
