import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { pkarrd } from '../support/command.ts';
import { testKey } from '../support/packets.ts';
import { loadedWith } from '../support/program-parts.ts';

const scratch = mkdtempSync(join(tmpdir(), 'pkarrd-certificate-'));
after(() => rmSync(scratch, { recursive: true }));
const path = (name: string) => join(scratch, name);
const run = promisify(execFile);
const isBun = 'bun' in process.versions;
/** More writes to the disk than the command makes. */
const MOST_WRITES = 30;

describe('pkarrd certificate --out', () => {
  test('writes what a server needs and only its owner can read, and prints what to do with it', async () => {
    const directory = path('tls');
    const { code, out, err } = await pkarrd(['certificate', '--out', directory, '--name', 'dns.home.arpa']);
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(readdirSync(directory).sort(), ['ca.pem', 'server.key', 'server.pem']);
    const modes = ['.', 'ca.pem', 'server.key', 'server.pem'].map(
      (name) => statSync(join(directory, name)).mode & 0o777,
    );
    assert.deepEqual(modes, [0o700, 0o644, 0o600, 0o600]);
    assert.match(out, /^A certificate for localhost, 127\.0\.0\.1, ::1 and dns\.home\.arpa was written\./);
    assert.ok(out.includes(`  certificate-key = "${join(directory, 'server.key')}"\n`));
    for (const word of [
      'pkarrd install',
      'certutil',
      'CACertificates',
      'DNSOverHTTPS',
      'curl',
      'kdig',
      'dig',
      'update-ca-certificates',
    ])
      assert.ok(out.includes(word), word);
    // The secret is in its file alone.
    const secret = readFileSync(join(directory, 'server.key'), 'utf8').split('\n')[1] ?? '';
    assert.equal(out.includes(secret), false);
  });

  test('a server has it, and curl and Node reach each name of it with the authority, and none without', async () => {
    const [ca, cert, key] = ['ca.pem', 'server.pem', 'server.key'].map((name) =>
      readFileSync(join(path('tls'), name), 'utf8'),
    ) as [string, string, string];
    const server = createServer({ cert, key }, (_, response) => response.end('here'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const curl = (host: string, ...words: string[]) =>
      run('curl', ['-sS', '--connect-to', `${host}:443:127.0.0.1:${port}`, ...words, `https://${host}/`]);
    try {
      for (const host of ['localhost', '127.0.0.1', '[::1]', 'dns.home.arpa'])
        assert.equal((await curl(host, '--cacert', join(path('tls'), 'ca.pem'))).stdout, 'here', host);
      await assert.rejects(curl('localhost'), /unable to get local issuer|self.signed/i);
      await assert.rejects(curl('example.org', '--cacert', join(path('tls'), 'ca.pem')), /subject name/i);
      const socket = tls.connect({ port, host: '127.0.0.1', ca, servername: 'localhost' });
      const connected = once(socket, 'secureConnect').then(() => socket.authorized);
      // BoringSSL, which Bun has: "unsupported name constraint type".
      if (isBun) await assert.rejects(connected, /unsupported name constraint/);
      else assert.ok(await connected);
      socket.destroy();
    } finally {
      server.close();
    }
  });

  test('a certificate that is there is kept, unless --force says otherwise', async () => {
    const before = readFileSync(join(path('tls'), 'server.pem'), 'utf8');
    const refused = await pkarrd(['certificate', '--out', path('tls')]);
    assert.deepEqual([refused.code, refused.out], [1, '']);
    assert.equal(
      refused.err,
      `pkarrd: This file exists; add --force to replace it: ${join(path('tls'), 'ca.pem')}\n`,
    );
    assert.equal(readFileSync(join(path('tls'), 'server.pem'), 'utf8'), before);
    assert.equal((await pkarrd(['certificate', '--out', path('tls'), '--force'])).code, 0);
    assert.notEqual(readFileSync(join(path('tls'), 'server.pem'), 'utf8'), before);
  });

  test('with --json it tells the same to a program', async () => {
    const { out } = await pkarrd(['certificate', '--out', path('json'), '--days', '30', '--json']);
    const told = JSON.parse(out);
    assert.deepEqual(told.names, ['localhost', '127.0.0.1', '::1']);
    const { validTo } = new X509Certificate(readFileSync(told.certificateFile));
    assert.equal(Date.parse(told.notAfter) - (Date.parse(told.notAfter) % 1000), Date.parse(validTo));
    const { fingerprint256, raw } = new X509Certificate(readFileSync(told.authorityFile));
    assert.equal(told.authoritySha256, fingerprint256);
    const [policy] = told.clients
      .filter(({ file }: { file?: string }) => file?.includes('chromium'))
      .map(({ lines }: { lines: string[] }) => JSON.parse(lines[0] ?? ''));
    assert.deepEqual(policy.CACertificates, [raw.toString('base64')]);
    assert.equal(told.settingLines.length, 4);
  });

  const noCertutil = spawnSync('certutil', ['-H']).error !== undefined && 'needs libnss3-tools';
  test('the lines for Chromium make it trust the certificate, and the next one in its place', {
    skip: noCertutil,
  }, async () => {
    const home = path('home of "somebody"');
    const database = ['-d', `sql:${home}/.pki/nssdb`];
    for (const force of [[], ['--force']]) {
      const { out } = await pkarrd(['certificate', '--out', path("some user's"), '--json', ...force]);
      const { clients, authorityFile } = JSON.parse(out);
      const { lines } = clients.find(({ program }: { program: string }) =>
        program.startsWith('Chromium, for one'),
      );
      // Root has a copy for everybody; here is none.
      const script = lines.join('\n').replace('/usr/local/share/ca-certificates/pkarrd.crt', '"$0"');
      await run('sh', ['-ec', script, authorityFile], { env: { ...process.env, HOME: home } });
      const { stdout } = await run('certutil', [...database, '-L', '-n', 'pkarrd', '-a']);
      const { fingerprint256 } = new X509Certificate(readFileSync(authorityFile));
      assert.equal(new X509Certificate(stdout).fingerprint256, fingerprint256);
    }
    const { stdout } = await run('certutil', [...database, '-L']);
    assert.deepEqual(
      stdout.match(/^pkarrd +\S+ *$/gm)?.map((line) => line.split(/ +/)[1]),
      ['C,,'],
    );
  });

  const skip = isBun && 'the runtime has no way to put other functions into its module of files';
  test('names of other machines are in the settings and in the lines for clients', async () => {
    const names = ['dns.home.arpa', '192.168.1.5', 'fd00::5'].flatMap((name) => ['--name', name]);
    const { out } = await pkarrd(['certificate', '--out', path('lan'), ...names]);
    assert.ok(out.includes('  tls-listen = ["127.0.0.1:853", "192.168.1.5:853", "[fd00::5]:853"]\n'), out);
    assert.ok(out.includes('On other machines take dns.home.arpa in the place of localhost'), out);
    const [, pin = ''] = /^ +upstream = "tls:\/\/192\.168\.1\.5#sha256\/(.*)"$/m.exec(out) ?? [];
    const { publicKey } = new X509Certificate(readFileSync(join(path('lan'), 'server.pem')));
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    assert.equal(createHash('sha256').update(spki).digest('base64'), pin);
  });

  test('killed at any moment of its writing, it leaves all files or none', { skip }, async () => {
    // Node's module of files, which ends the process after some number of writes.
    const preload = path('killing.mjs');
    writeFileSync(
      preload,
      `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
       let left = Number(process.env.KILL_AFTER);
       for (const name of ['mkdirSync', 'writeFileSync', 'fsyncSync', 'renameSync']) {
         const original = fs[name];
         fs[name] = (...words) => {
           const result = original(...words);
           if (--left === 0) process.kill(process.pid, process.env.SIGNAL);
           return result;
         };
       }
       syncBuiltinESMExports();`,
    );
    const outcomes = new Set<number>();
    for (let writes = 1; writes <= MOST_WRITES; writes++) {
      const directory = path(`killed-${writes}`);
      const environment = { KILL_AFTER: String(writes), SIGNAL: 'SIGKILL' };
      const { code } = await pkarrd(['certificate', '--out', directory], { preload, environment });
      outcomes.add(code);
      if (code === 0) break;
      if (!existsSync(directory)) continue;
      assert.deepEqual(readdirSync(directory).sort(), ['ca.pem', 'server.key', 'server.pem']);
      const [ca, cert] = ['ca.pem', 'server.pem'].map((name) => join(directory, name)) as [string, string];
      await run('openssl', ['verify', '-CAfile', ca, cert]);
    }
    // It was killed, and in the end there were too few writes for that.
    assert.deepEqual([...outcomes], [-1, 0]);
    // Another signal comes too late in the middle of it.
    const directory = path('terminated');
    const environment = { KILL_AFTER: '4', SIGNAL: 'SIGTERM' };
    await pkarrd(['certificate', '--out', directory], { preload, environment });
    assert.deepEqual(readdirSync(directory).sort(), ['ca.pem', 'server.key', 'server.pem']);
    assert.deepEqual(
      readdirSync(scratch).filter((name) => name.startsWith('.terminated')),
      [],
    );
  });

  for (const [words, message] of [
    [[], 'certificate: --out DIR or --key FILE is missing.'],
    [['--out', 'x', '--name', '*.lan'], '--name "*.lan": browsers take no wildcard before a single label.'],
    [['--out', 'x', '--days', '0'], '--days "0": expected a number from 1 to 3650.'],
    [['--out', 'x', '--days', '1e3'], '--days "1e3": expected a number from 1 to 3650.'],
    [['--key', 'x', '--name', 'a'], 'certificate: --name does not go with --key.'],
    [['--key', 'x', '--days', '9'], 'certificate: --days does not go with --key.'],
  ] as const) {
    test(`says what is wrong with ${words.join(' ') || 'no words'}`, async () => {
      const { code, out, err } = await pkarrd(['certificate', ...words], { cwd: scratch });
      assert.deepEqual([code, out, err.split('\n')[0]], [2, '', `pkarrd: ${message}`]);
      assert.equal(existsSync(path('x')), false);
    });
  }
});

test('no other command loads what makes certificates', () => {
  const loaded = loadedWith(['main', 'worker', 'mainline/thread/dht-thread', 'cli/serve/serve']);
  assert.ok(loaded.length > 5);
  for (const { path, sources } of loaded) {
    assert.deepEqual(
      sources.filter((source) => source.startsWith('certificate/')),
      [],
      path,
    );
    assert.equal(readFileSync(path, 'utf8').includes('AsnSerializer'), false, path);
  }
});

describe('pkarrd certificate --key', () => {
  const { text } = testKey(7).publicKey;
  writeFileSync(path('my.key'), '07'.repeat(32), { mode: 0o600 });

  test('writes one file with the key and its certificate, for a web server, and says whose secret that is', async () => {
    const { code, out, err } = await pkarrd(['certificate', '--key', 'my.key'], { cwd: scratch });
    assert.deepEqual([code, err], [0, '']);
    const file = path(`${text}.pem`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(out, /holds the secret of the zone/);
    assert.ok(out.includes(`ssl_certificate ${file};`));
    assert.equal(out.includes('07070707'), false);
    const pem = readFileSync(file, 'utf8');
    const secure = tls.createSecureContext({ cert: pem, key: pem });
    assert.ok(secure !== undefined);
    assert.equal(new X509Certificate(pem).subject, `CN=${text}`);
    const again = await pkarrd(['certificate', '--key', 'my.key'], { cwd: scratch });
    assert.deepEqual(
      [again.code, again.err],
      [1, `pkarrd: This file exists; add --force to replace it: ${file}\n`],
    );
    await pkarrd(['certificate', '--key', 'my.key', '--force'], { cwd: scratch });
    assert.equal(readFileSync(file, 'utf8'), pem);
  });

  test('the line for the zone that it prints is one that publish signs', async () => {
    const { out } = await pkarrd(['certificate', '--key', 'my.key', '--force'], { cwd: scratch });
    const line = /^ +(@ +HTTPS +1 .*)$/m.exec(out)?.[1] ?? assert.fail(out);
    writeFileSync(path('my.zone'), `@ A 192.0.2.1\n${line}\nport ${line.slice(1)} port=8443\n`);
    const words = ['publish', 'my.zone', '--key', 'my.key', '--dry-run', '--json'];
    const { records } = JSON.parse((await pkarrd(words, { cwd: scratch })).out);
    assert.deepEqual(
      records.slice(1).map(({ name, rdata }: { name: string; rdata: string }) => [name, rdata]),
      [
        [`${text}.`, '1 .'],
        [`port.${text}.`, '1 . port=8443'],
      ],
    );
  });

  test('with --json it tells a program, and with --out it writes another file', async () => {
    const words = ['certificate', '--key', path('my.key'), '--out', path('site.pem'), '--json'];
    const { out } = await pkarrd(words);
    assert.deepEqual(JSON.parse(out), {
      schema: 1,
      key: text,
      certificateFile: path('site.pem'),
      names: [text, `*.${text}`],
    });
  });

  test('a key file that others can read, and one that is none, are refused as publish does', async () => {
    writeFileSync(path('open.key'), '07'.repeat(32), { mode: 0o644 });
    const open = await pkarrd(['certificate', '--key', path('open.key')], { cwd: scratch });
    assert.deepEqual([open.code, open.out], [1, '']);
    assert.match(open.err, /Run: chmod 600 /);
    const none = await pkarrd(['certificate', '--key', scratch], { cwd: scratch });
    assert.match(none.err, /it is not a regular file/);
  });
});
