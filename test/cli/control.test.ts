import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { askProgram } from '../../src/control/client.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { query } from '../support/dns-client.ts';
import { replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { asUnknownUser, cannotBeUnknownUser } from '../support/unknown-user.ts';

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-control-'));
chmodSync(directory, 0o755);
const path = (...names: string[]) => join(directory, ...names);
const runtime = path('run');
/** As the unit has it. */
const environment = { RUNTIME_DIRECTORY: runtime, STATE_DIRECTORY: path('state') };
let testnet: RunningCommand;
let bootstrap = '';
let upstream: Awaited<ReturnType<typeof startScriptedUpstream>>;

before(async () => {
  mkdirSync(runtime);
  testnet = new RunningCommand(['testnet', '--nodes', '16']);
  bootstrap = (await testnet.printed(/^(127\.0\.0\.1:\d+)\n/))[1] ?? '';
  upstream = await startScriptedUpstream();
});
after(async () => {
  await testnet.stop('SIGINT');
  await upstream.close();
  rmSync(directory, { recursive: true });
});

/** A command of this machine's user, without a word about where the program is. */
const run = (...words: string[]) => pkarrd(words, { environment });

/** `serve` as a service. */
async function serve(...words: string[]): Promise<RunningCommand> {
  const serving = new RunningCommand(
    [
      ...['serve', '--listen', '127.0.0.1:0', '--bootstrap', bootstrap],
      ...(words.includes('--upstream') ? [] : ['--upstream', `${upstream.address}:${upstream.port}`]),
      ...(words.includes('--config') ? [] : ['--config', '/dev/null']),
      ...words,
    ],
    { environment },
  );
  await serving.printed(/Ready\./);
  return serving;
}

test('the service opens one socket for everybody and one for its user, and commands find them by themselves', async () => {
  const serving = await serve();
  const modeOf = (name: string) => statSync(path('run', name)).mode & 0o777;
  assert.deepEqual([modeOf('status.sock'), modeOf('control.sock')], [0o666, 0o600]);
  const { code, out } = await run('status');
  assert.equal(code, 0);
  assert.match(out, /^pkarrd {6}\S+, process \d+, up /m);
  assert.equal((await run('flush')).code, 0);
  assert.equal((await run('log-level', 'warn')).code, 0);
  await serving.stop();
});

test('another user may see the status and ask names, and is told what else needs', {
  skip: cannotBeUnknownUser,
}, async () => {
  const serving = await serve();
  const other = (...words: string[]) => {
    const [file, ...rest] = asUnknownUser([process.execPath, main, ...words]);
    const { PATH = '' } = process.env;
    const env = { PATH, RUNTIME_DIRECTORY: runtime };
    const { status, stdout, stderr } = spawnSync(file, rest, { env, encoding: 'utf8' });
    return { code: status, out: stdout, err: stderr };
  };
  assert.deepEqual([other('status').code, other('query', 'localhost').code], [0, 0]);
  for (const words of [['flush'], ['log-level', 'debug']]) {
    const { code, err } = other(...words);
    assert.equal(code, 3);
    assert.match(err, /^pkarrd: Not allowed to use .*control\.sock\. Run this command as root /);
  }
  await serving.stop();
});

test('another user who may not enter the state directory is told which socket that was, and how to ask without', {
  skip: cannotBeUnknownUser,
}, async () => {
  const stateDir = path('closed');
  const options = ['--listen', '127.0.0.1:0', '--config', '/dev/null', '--dht', 'off', '--http', 'off'];
  const serving = new RunningCommand(['serve', ...options, '--state-dir', stateDir]);
  await serving.printed(/Ready\./);
  const other = (...words: string[]) => {
    const [file, ...rest] = asUnknownUser([process.execPath, main, ...words, '--state-dir', stateDir]);
    const { PATH = '' } = process.env;
    const env = { PATH };
    const { status, stderr } = spawnSync(file, rest, { env, encoding: 'utf8' });
    return { code: status, err: stderr };
  };
  const refused = /^pkarrd: Not allowed to use \S+closed\/status\.sock\. Run this command as root or /;
  for (const words of [['status'], ['query', 'localhost']]) {
    const { code, err } = other(...words);
    assert.equal(code, 3);
    assert.match(err, refused);
    assert.equal(err.includes(' as in: pkarrd query @127.0.0.1:PORT NAME\n'), words[0] === 'query', err);
  }
  await serving.stop();
});

test('without a service the sockets are in the state directory, for one user alone', async () => {
  const stateDir = path('own');
  const words = [
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--config',
    '/dev/null',
    '--dht',
    'off',
    '--state-dir',
    stateDir,
  ];
  const serving = new RunningCommand(words);
  await serving.printed(/Ready\./);
  const modeOf = (name: string) => statSync(join(stateDir, name)).mode & 0o777;
  assert.deepEqual([modeOf('status.sock'), modeOf('control.sock')], [0o600, 0o600]);
  // Octets that are no query: a reply, and half a header.
  for (const octets of ['AA==', Buffer.from([0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]).toString('base64')]) {
    const asked = askProgram([stateDir], ['query', octets], { sockets: ['status'] });
    await assert.rejects(asked, /This is not a DNS query\./);
  }
  const { code, out } = await pkarrd(['query', 'localhost', 'AAAA', '--state-dir', stateDir]);
  assert.equal(code, 0);
  assert.match(out, /^localhost\. \d+ IN AAAA ::1\n; NOERROR, not from the cache, \d+\.\d ms\n$/);
  await serving.stop();
  const { code: ended, err } = await pkarrd(['query', 'localhost', '--state-dir', stateDir]);
  assert.equal(ended, 3);
  assert.match(err, /^pkarrd: pkarrd is not running: nobody listens in .*own\. Start it: /);
});

test('query shows records, response code and cache, and ends as the answer is', async () => {
  for (const workers of ['1', '2']) {
    const serving = await serve('--workers', workers);
    upstream.script = (query) => replyA(query, '192.0.2.7');
    const asked = await run('query', 'there.example');
    assert.equal(asked.code, 0, asked.err);
    assert.match(asked.out, /^there\.example\. \d+ IN A 192\.0\.2\.7\n; NOERROR, not from the cache, /);
    // Each worker has a cache of its own.
    for (let count = 1; count < Number(workers); count++) await run('query', 'there.example');
    const again = JSON.parse((await run('query', 'A', 'there.example', '--json')).out);
    assert.deepEqual([again.rcode, again.isCached, again.answers[0].rdata], ['NOERROR', true, '192.0.2.7']);
    const none = await run('query', 'a.invalid');
    assert.equal(none.code, 1);
    assert.match(none.out, /NXDOMAIN: the name does not exist/);
    const notKey = await run('query', 'y'.repeat(51).concat('b'));
    assert.equal(notKey.code, 1);
    assert.match(notKey.out, /; extended error \d+: Not a valid public key/);
    const noData = await run('query', 'localhost', 'MX');
    assert.equal(noData.code, 1);
    assert.match(noData.out, /NOERROR: there are no MX records \(NODATA\)/);
    assert.equal((await run('query', 'a..b')).code, 2);
    assert.equal((await run('query', 'localhost', 'AXFR')).code, 2);
    await serving.stop();
  }
});

test('names are taken as people have them: in any script, as addresses, with what a browser puts around a key', async () => {
  const serving = await serve();
  upstream.script = (query) => replyA(query, '192.0.2.7');
  const asked = async (...words: string[]) => {
    const { code, out, err } = await run('query', ...words);
    return code === 2 ? err : out;
  };
  assert.match(await asked('münchen.example'), /^xn--mnchen-3ya\.example\. \d+ IN A /);
  assert.match(await asked('127.0.0.1', 'PTR'), /^1\.0\.0\.127\.in-addr\.arpa\. \d+ IN PTR localhost\.$/m);
  assert.match(await asked('[::1]'), /^1\.(?:0\.){31}ip6\.arpa\. \d+ IN PTR localhost\.$/m);
  assert.match(
    await asked('127.0.0.1', 'AAAA'),
    /"127\.0\.0\.1" is an address, of which only PTR can be asked for/,
  );
  assert.match(await asked(' localhost '), /^localhost\. /);
  assert.match(await asked('https://example.com/a'), /is not a domain name\. Write example\.com instead\./);
  assert.ok((await asked('a'.repeat(5_000))).length < 300);
  assert.match(
    await asked('mün chen.example'),
    /"mün chen\.example" is not a domain name: it has characters that no name has \(IDNA\)\./,
  );
  const key = 'yeewwbdysq95j7cpitkx9n1xkozc11hizxy8truct3uy8w1yzj1y';
  const browser = JSON.parse((await run('query', `https://bücher.${key}/`, '--json')).out);
  assert.deepEqual(
    [browser.rcode, browser.question],
    ['NXDOMAIN', { name: `xn--bcher-kva.${key}.`, type: 'A' }],
  );
  assert.match((await run('flush', 'münchen.example')).out, /^Flushed 1 answer and \d+ packets?\.\n$/);
  assert.deepEqual(JSON.parse((await run('log-level', 'warn', '--json')).out), {
    schema: 1,
    logLevel: 'warn',
  });
  await serving.stop();
});

/** What the socket of everybody replies to one request, which is not repeated when the program is busy. */
async function askOnce(...words: string[]): Promise<{ readonly ok: boolean; readonly message?: string }> {
  const socket = connect(path('run', 'status.sock'));
  socket.write(`${JSON.stringify(words)}\n`);
  return JSON.parse(await text(socket));
}

test('without a state directory that it can write to it answers, and status says so', async () => {
  writeFileSync(path('no-directory'), '');
  const serving = await serve('--state-dir', path('no-directory', 'state'), '--config', '/dev/null');
  const answered = await run('query', 'localhost', 'A');
  assert.deepEqual([answered.code, /127\.0\.0\.1/.test(answered.out)], [0, true]);
  const { code, out } = await run('status');
  assert.deepEqual(
    [code, /^state {7}cannot be written, so nothing is kept over a restart/m.test(out)],
    [0, true],
  );
  const ended = await serving.stop('SIGTERM');
  assert.equal(ended.code, 0);
  const warnings = ended.err.match(/^\S+ warn .*$/gm) ?? [];
  assert.equal(warnings.length, 1, ended.err);
  assert.match(
    warnings[0] ?? '',
    /warn Cannot write the state directory, so nothing is kept over a restart: packets, .*was published.* directory=\S+ reason="a part of the path is no directory"$/,
  );
});

test('users who use up the socket of everybody do not shut out root', async () => {
  const serving = await serve('--client-rate', '1');
  upstream.script = (query) => replyA(query, '192.0.2.7');
  const message = Buffer.from(encodeMessage(query('localhost'))).toString('base64');
  // Their rate is used up, and they hold every connection.
  while ((await askOnce('query', message)).ok);
  const crowd = Array.from({ length: 200 }, () => connect(path('run', 'status.sock')).on('error', () => {}));
  const { code, out, err } = await run('query', 'there.example');
  assert.deepEqual([code, / IN A 192\.0\.2\.7\n/.test(out)], [0, true], err);
  for (const socket of crowd) socket.destroy();
  await serving.stop();
});

test('query has the limits of one other machine, and is not for the allow list', async () => {
  const serving = await serve('--client-rate', '1', '--allow-from', '192.0.2.0/24');
  const message = Buffer.from(encodeMessage(query('localhost'))).toString('base64');
  const replies = await Promise.all(Array.from({ length: 25 }, () => askOnce('query', message)));
  const answered = replies.filter(({ ok }) => ok).length;
  // Twice the rate at once, and one for each second that it takes.
  assert.ok(answered >= 2 && answered <= 12, String(answered));
  const refused = replies.find(({ ok }) => !ok);
  assert.equal(refused?.message, 'Too many queries at once (client-rate). Try again.');
  await serving.stop();
});

test('what was just published is answered at once by the program that runs', async () => {
  const serving = await serve();
  const key = (await pkarrd(['keygen', '--out', path('the.key')])).out.trim();
  writeFileSync(path('zone'), '@ A 192.0.2.1\n');
  assert.equal((await run('query', key)).code, 1);
  const publish = (...words: string[]) =>
    run('publish', path('zone'), '--key', path('the.key'), '--bootstrap', bootstrap, ...words);
  assert.equal((await publish()).code, 0);
  assert.match((await run('query', key)).out, / IN A 192\.0\.2\.1\n/);
  writeFileSync(path('zone'), '@ A 192.0.2.2\n');
  assert.equal((await publish()).code, 0);
  assert.match((await run('query', key)).out, / IN A 192\.0\.2\.2\n/);
  await serving.stop();
});

test('a packet that is not signed, or too many of them, are refused', async () => {
  const serving = await serve();
  const learn = (length: number) => askOnce('learn', Buffer.alloc(length).toString('base64'));
  assert.equal((await learn(104)).message, 'This is not a signed packet: bad-key.');
  assert.equal((await learn(0)).message, 'This is not a signed packet: too-short.');
  const more = await Promise.all(Array.from({ length: 40 }, () => learn(104)));
  const busy = more.filter(({ message }) => message === 'Too many packets at once. Try again.').length;
  assert.ok(busy >= 10, String(busy));
  await serving.stop();
});

test('the socket of everybody tells no question, no path and no credential', async () => {
  const friend = '4w9siqbwqis38cq4kkz5jf6dfjwz1g3b19rmgpetcukki993cuwo';
  writeFileSync(
    path('pkarrd.toml'),
    `upstream = ["${upstream.address}:${upstream.port}", "https://dns.example/account-0815@127.0.0.1"]
[[publish]]
zone = "secret-place/of.zone"
key = "secret-place/of.key"
[[keep]]
key = "${friend}"
name = "secret-friend"
`,
  );
  const configured = new RunningCommand(
    ['serve', '--listen', '127.0.0.1:0', '--bootstrap', bootstrap, '--config', path('pkarrd.toml')],
    { environment },
  );
  await configured.printed(/its key file cannot be read/);
  await configured.printed(/Ready\./);
  await run('query', 'secret-question.example');
  const statusOf = async () => JSON.stringify(await askProgram([runtime], ['status']));
  let all = await statusOf();
  while (!all.includes('secret-place')) all = await statusOf();
  for (const shown of ['secret-place', 'secret-friend', friend]) assert.ok(all.includes(shown), shown);
  const open = JSON.stringify(await askProgram([runtime], ['status'], { sockets: ['status'] }));
  assert.match(open, /https:\/\/dns\.example/);
  assert.doesNotMatch(open, new RegExp(`secret|account|0815|${friend}`));
  for (const words of [['flush'], ['log-level', 'debug'], ['reload']])
    await assert.rejects(askProgram([runtime], words, { sockets: ['status'] }), /is not a control command/);
  await configured.stop();
});
