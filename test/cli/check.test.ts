import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { settingKeys } from '../../src/config/settings.ts';
import { pkarrd } from '../support/command.ts';

const mainFile = fileURLToPath(new URL('../../program/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-check-'));
after(() => rmSync(directory, { recursive: true }));

test('check says what every setting is and where it comes from', async () => {
  const file = join(directory, 'good.toml');
  writeFileSync(file, '# a comment\nlisten = ["127.0.0.1:5300"]\n');
  const environment = { PKARRD_LOG_LEVEL: 'warn' };
  const { code, out, err } = await pkarrd(['check', '--config', file, '--upstream', '9.9.9.9'], {
    environment,
  });
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, new RegExp(`^file: ${file}\n`));
  assert.match(out, new RegExp(`^listen: 127\\.0\\.0\\.1:5300, from ${file}:2$`, 'm'));
  assert.match(out, /^log-level: warn, from PKARRD_LOG_LEVEL$/m);
  assert.match(out, /^upstream: 9\.9\.9\.9, from --upstream$/m);
  assert.match(out, /^cache-size: 16 MB$/m);
  assert.match(out, /^The configuration is valid\.\n$/m);
});

test('check lists all errors of all sources, and ends with 1', async () => {
  const file = join(directory, 'bad.toml');
  writeFileSync(file, 'lissen = "::1"\ncache-size = 1\n');
  const args = ['check', '--config', file, '--upstream', 'tls://9.9.9.9#sha256/x', '--upstream', 'x'];
  const { code, out, err } = await pkarrd(args, { environment: { PKARRD_DHT: 'x' } });
  assert.deepEqual([code, out], [1, '']);
  const places = err
    .trim()
    .split('\n')
    .map((line) => line.split(': ')[1]);
  assert.deepEqual(places, [`${file}:1`, `${file}:2`, 'PKARRD_DHT', '--upstream', '--upstream']);
});

test('a bad entry of the table [names] is told with its own line', async () => {
  const key = 'o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy';
  const file = join(directory, 'names.toml');
  const none = 'y'.repeat(51).concat('b');
  writeFileSync(
    file,
    `log-level = "warn"\n\n[names]\nalice = "${key}"\nwww = "${key}"\n"Bob" = "pk:nothing"\n# a comment\nCarol = "${'y'.repeat(52)}"\n`,
  );
  const { code, err } = await pkarrd(['check', '--config', file, '--upstream', '192.0.2.1']);
  assert.equal(code, 1);
  const lines = err.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => /names\.toml:(\d+): (.*?) is not valid/.exec(line)?.slice(1)),
    [
      ['5', `"www=${key}"`],
      ['6', '"Bob=pk:nothing"'],
    ],
    err,
  );
  // A key that has the form of one and is none is looked at when the rest is good.
  writeFileSync(file, `[names]\nalice = "${key}"\nCarol = "${'y'.repeat(52)}"\n`);
  const { err: last } = await pkarrd(['check', '--config', file, '--upstream', '192.0.2.1']);
  assert.match(last, /^pkarrd: \S+names\.toml:3: the key of carol is not valid: /);
  // As dotted keys, which TOML has for the same.
  writeFileSync(file, `names.alice = "${key}"\nnames . 'bob' = "${none}"\n`);
  const dotted = await pkarrd(['check', '--config', file, '--upstream', '192.0.2.1']);
  assert.match(dotted.err, /^pkarrd: \S+names\.toml:2: /);
});

test('check says when no upstream could look up the name of another', async () => {
  const { code, err } = await pkarrd([
    'check',
    '--upstream',
    'tls://dns.example',
    '--upstream',
    'https://x.example',
  ]);
  assert.equal(code, 1);
  assert.match(
    err,
    /^pkarrd: --upstream: "tls:\/\/dns\.example" is known only by name, and no upstream has an address/,
  );
  const args = ['--upstream', 'tls://dns.example', '--upstream', '192.0.2.1'];
  assert.equal((await pkarrd(['check', ...args])).code, 0);
});

test('check finds that the state directory cannot be', async () => {
  writeFileSync(join(directory, 'a-file'), '');
  for (const path of [join(directory, 'a-file'), join(directory, 'a-file/below')]) {
    const { code, err } = await pkarrd(['check', '--state-dir', path]);
    assert.equal(code, 1);
    assert.match(
      err,
      /^pkarrd: --state-dir: the state-dir .* cannot be used: .*a-file is not a directory\.\n$/,
    );
  }
  assert.equal((await pkarrd(['check', '--state-dir', join(directory, 'new/below')])).code, 0);
});

test('check speaks JSON', async () => {
  const good = await pkarrd(['check', '--json', '--dht', 'off']);
  const { problems, settings } = JSON.parse(good.out);
  assert.deepEqual([good.code, problems], [0, []]);
  assert.equal(Object.keys(settings).length, settingKeys.length);
  assert.deepEqual(settings.dht, { value: 'off', from: '--dht' });
  assert.ok(Array.isArray(JSON.parse(good.out).systemUpstreams.servers));
  const bad = await pkarrd(['check', '--json', '--dht', 'x']);
  assert.equal(bad.code, 1);
  assert.equal(JSON.parse(bad.out).problems[0].where, '--dht');
});

test('check says how routes are understood', async () => {
  const routes = ['/192.168.2.0/23/192.168.1.1', '/*.lan/home.arpa/192.168.1.1', '/public.lan/#'];
  const { code, out } = await pkarrd([
    'check',
    ...['192.0.2.1', ...routes].flatMap((text) => ['--upstream', text]),
  ]);
  assert.equal(code, 0);
  assert.match(
    out,
    /^route: names in 2\.168\.192\.in-addr\.arpa, 3\.168\.192\.in-addr\.arpa go to 192\.168\.1\.1, and never to other upstreams$/m,
  );
  assert.match(out, /^route: names in lan, home\.arpa go to 192\.168\.1\.1/m);
  assert.match(out, /^route: names in public\.lan go to the upstreams without a route$/m);
});

test('a fallback is judged as an upstream is', async () => {
  for (const [fallback, why] of [
    ['x', /"x" is not a valid upstream/],
    ['127.0.0.1:5300', /127\.0\.0\.1:5300 is an address of ours/],
    ['/lan/192.0.2.1', /a route cannot be a fallback; write it in upstream/],
    ['system', /cannot be a fallback/],
  ] as const) {
    const args = ['check', '--upstream', '192.0.2.1', '--listen', '127.0.0.1:5300', '--fallback', fallback];
    const { code, err } = await pkarrd(args);
    assert.equal(code, 1, fallback);
    assert.match(err, /^pkarrd: --fallback: /);
    assert.match(err, why);
  }
});

test('a route for names that are never forwarded is refused, with the reason', async () => {
  const key = 'o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy';
  for (const [domain, why] of [
    ['onion', /has no effect: Onion services are reached through Tor/],
    ['x.onion', /has no effect/],
    ['localhost', /has no effect: names in localhost\. are answered by pkarrd itself/],
    ['127.0.0.0/8', /has no effect/],
    ['invalid', /has no effect/],
    [key, /is a public key, whose records come from the DHT/],
  ] as const) {
    const { code, err } = await pkarrd([
      'check',
      '--upstream',
      '192.0.2.1',
      '--upstream',
      `/${domain}/192.0.2.1`,
    ]);
    assert.equal(code, 1, domain);
    assert.match(err, why, domain);
  }
  for (const domain of ['lan', 'test', 'local', 'home.arpa', '192.168.1.0/24', 'arpa', 'com']) {
    const { code } = await pkarrd(['check', '--upstream', '192.0.2.1', '--upstream', `/${domain}/192.0.2.1`]);
    assert.equal(code, 0, domain);
  }
});

test('an upstream that is ourselves, or the stub that sends on to us, is refused with the reason', async () => {
  const cases = [
    { upstream: '127.0.0.1:5300', listen: '127.0.0.1:5300', why: /127\.0\.0\.1:5300 is an address of ours/ },
    { upstream: '/lan/127.0.0.1:5300', listen: '127.0.0.1:5300', why: /is an address of ours/ },
    { upstream: '127.0.0.53', listen: '127.0.0.1:53', why: /127\.0\.0\.53 is the stub of systemd-resolved/ },
  ];
  for (const { upstream, listen, why } of cases) {
    const { code, err } = await pkarrd(['check', '--upstream', upstream, '--listen', listen]);
    assert.equal(code, 1);
    assert.match(err, why);
  }
});

/** Runs `pkarrd check` where resolv.conf is another file and no other program left the network's resolvers. */
function checkWith(resolvConf: string, ...args: readonly string[]) {
  const file = join(directory, 'resolv.conf');
  writeFileSync(file, resolvConf);
  const script = [
    // Often a link to a file below /run, which is made anew there.
    'target=$(readlink -m /etc/resolv.conf)',
    'mount -t tmpfs none /run && mkdir -p "$(dirname "$target")" && touch "$target"',
    'mount --bind "$1" "$target" && shift && exec "$@"',
  ].join('; ');
  const words = [process.execPath, mainFile, 'check', '--config', '/dev/null', ...args];
  const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', file, ...words], {
    encoding: 'utf8',
  });
  return { code: status, err: stderr };
}

const canUnshare = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/run']).status === 0;
const skip = canUnshare ? false : 'only root can give a command another resolv.conf';

test('check ends with 1 when there is nobody to ask for ordinary names, and says why', { skip }, async () => {
  const own = checkWith('nameserver 127.0.0.1\nnameserver ::1\n');
  assert.equal(own.code, 1);
  assert.match(own.err, /^pkarrd: upstream: there is no resolver for ordinary names: .*/);
  assert.match(
    own.err,
    /\/etc\/resolv\.conf names only pkarrd itself \(127\.0\.0\.1 ::1\)\. Set upstream or fallback\.\n$/,
  );
  const empty = checkWith('search example.org\n');
  assert.equal(empty.code, 1);
  assert.match(empty.err, /\/etc\/resolv\.conf names no resolver/);
  assert.deepEqual(checkWith('nameserver 192.0.2.1\n'), { code: 0, err: '' });
  for (const flags of [
    ['--upstream', 'none'],
    ['--fallback', '192.0.2.1'],
    ['--upstream', '192.0.2.1'],
  ]) {
    assert.deepEqual(checkWith('nameserver 127.0.0.1\n', ...flags), { code: 0, err: '' }, flags.join(' '));
  }
});
