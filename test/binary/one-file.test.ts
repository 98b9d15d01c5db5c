import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Rcode } from '../../src/dns/codes.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { listeningPort } from '../support/listening-port.ts';
import { theOneFile } from '../support/programs.ts';

const {
  words: [binary = ''],
  skip,
} = theOneFile;
const options = { skip };

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-one-file-'));
after(() => rmSync(directory, { recursive: true }));

/** Runs it in an empty directory, with an environment that knows no Node. */
function run(...words: readonly string[]) {
  return spawnSync(binary, words, {
    cwd: directory,
    env: { HOME: directory, STATE_DIRECTORY: directory },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

test('the one file shows its version and its commands', options, () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.equal(run('--version').stdout, `pkarrd ${version}\n`);
  assert.match(run('--help').stdout, /serve .*\n(?:.*\n)*.*testnet /);
});

test('the demo runs from the one file in an empty directory, with a DHT in threads', options, () => {
  const { status, stdout, stderr } = run('demo', '--once', '--listen', '127.0.0.1:0');
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /192\.0\.2\.123/);
});

test('the one file makes a key, signs a zone and tells a mistake', options, () => {
  const key = run('keygen', '--out', 'my.key').stdout.trim().split('\n').at(-1);
  writeFileSync(join(directory, 'my.zone'), '$TTL 300\n@ A 192.0.2.1\n');
  assert.match(
    run('publish', 'my.zone', '--key', 'my.key', '--dry-run').stdout,
    new RegExp(`^; key +${key}`),
  );
  assert.equal(run('pubkey', 'my.key').stdout.trim(), key);
  const check = run('check', '--cache-size', 'big');
  assert.match(check.stdout + check.stderr, /cache-size/);
  assert.notEqual(check.status, 0);
});

test('the one file makes a certificate with an authority, and the certificate of a key', options, () => {
  assert.match(
    run('certificate', '--out', 'tls').stdout,
    /^A certificate for localhost, 127\.0\.0\.1 and ::1 /,
  );
  const [authority, certificate] = ['ca.pem', 'server.pem'].map(
    (name) => new X509Certificate(readFileSync(join(directory, 'tls', name))),
  ) as [X509Certificate, X509Certificate];
  assert.ok(certificate.verify(authority.publicKey));
  const key = run('keygen', '--out', 'site.key').stdout.trim();
  run('certificate', '--key', 'site.key', '--out', 'site.pem');
  const own = new X509Certificate(readFileSync(join(directory, 'site.pem')));
  assert.deepEqual([own.subject, own.verify(own.publicKey)], [`CN=${key}`, true]);
});

test(
  'the one file serves, tells of itself through its socket, and ends when it is told to',
  options,
  async () => {
    const words = ['--listen', '127.0.0.1:0', '--bootstrap', '127.0.0.1:9', '--upstream', '127.0.0.1:9'];
    const child = spawn(binary, ['serve', '--state-dir', directory, ...words], { env: {} });
    const ended = once(child, 'exit');
    const port = await listeningPort(child.stderr);
    const reply = await askUdp({ host: '127.0.0.1', port }, query('localhost'));
    assert.equal(reply.rcode, Rcode.NOERROR);
    const here = ['--state-dir', directory];
    const status = JSON.parse(run('status', '--json', ...here).stdout);
    assert.equal(status.queries.received, 1);
    for (const told of [run('flush', ...here), run('log-level', 'debug', ...here)]) {
      assert.equal(told.status, 0, told.stderr);
    }
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  },
);

test(
  'the one file answers with two processes at one port, which are gone when it ends',
  options,
  async () => {
    const words = ['--workers', '2', '--listen', '127.0.0.1:0', '--dht', 'off', '--upstream', '127.0.0.1:9'];
    const child = spawn(binary, ['serve', '--state-dir', directory, ...words], { env: {} });
    const ended = once(child, 'exit');
    const port = await listeningPort(child.stderr);
    // Asked one after another, the same one might always be first.
    const questions = Array.from({ length: 200 }, () =>
      askUdp({ host: '127.0.0.1', port }, query('localhost')),
    );
    for (const { rcode } of await Promise.all(questions)) assert.equal(rcode, Rcode.NOERROR);
    const { queries, workers } = JSON.parse(run('status', '--json', '--state-dir', directory).stdout);
    assert.equal(queries.received, 200);
    const pids: number[] = workers.running.map(({ pid }: { readonly pid: number }) => pid);
    assert.equal(new Set([child.pid, ...pids]).size, 3);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  },
);

test('the one file reads no .env and no bunfig.toml that lie about', options, () => {
  writeFileSync(join(directory, '.env'), 'PKARRD_CACHE_SIZE=big\n');
  writeFileSync(join(directory, 'bunfig.toml'), 'preload = ["./nothing.ts"]\n');
  const { status, stderr } = run('check', '--listen', '127.0.0.1:5300', '--upstream', '192.0.2.1');
  assert.equal(status, 0, stderr);
  assert.ok(!readdirSync(directory).includes('node_modules'));
});
