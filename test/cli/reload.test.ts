import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeMessage } from '../../src/dns/message.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { query, udpExchange } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { replyA, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-reload-'));
const path = (...names: string[]) => join(directory, ...names);
const config = path('pkarrd.toml');
/** As the unit has it, other directories in each test. */
let environment = { RUNTIME_DIRECTORY: '', STATE_DIRECTORY: '' };
let count = 0;
let one: ScriptedUpstream;
let other: ScriptedUpstream;

beforeEach(() => {
  const [run, state] = [path(`run-${++count}`), path(`state-${count}`)];
  mkdirSync(run);
  environment = { RUNTIME_DIRECTORY: run, STATE_DIRECTORY: state };
});
before(async () => {
  one = await startScriptedUpstream({ script: (asked) => replyA(asked, '192.0.2.1') });
  other = await startScriptedUpstream({ script: (asked) => replyA(asked, '192.0.2.2') });
});
after(async () => {
  await one.close();
  await other.close();
  rmSync(directory, { recursive: true });
});

function write(...lines: readonly string[]): void {
  writeFileSync(config, `${lines.join('\n')}\n`);
}

const upstreamOf = (which: ScriptedUpstream) => `upstream = ["${which.spec}"]`;

/** Starts the service, with the file as it is. */
async function serve(...words: readonly string[]): Promise<RunningCommand> {
  const serving = new RunningCommand(
    [
      'serve',
      '--config',
      config,
      '--dht',
      'off',
      ...(words.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']),
      ...words,
    ],
    { environment },
  );
  await serving.printed(/Ready\./);
  return serving;
}

const run = (...words: string[]) => pkarrd(words, { environment });

/** The address that the program gives for a name. */
async function addressOf(name: string): Promise<string | undefined> {
  const { out } = await run('query', name, '--json');
  return JSON.parse(out).answers[0]?.rdata;
}

test('other upstreams answer from a reload on, what the old ones said is forgotten, and what changed is told', async () => {
  for (const workers of ['1', '2']) {
    write(upstreamOf(one));
    const serving = await serve('--workers', workers);
    for (let count = 0; count < 2; count++) assert.equal(await addressOf('a.example'), '192.0.2.1');
    write(upstreamOf(other), 'log-level = "debug"');
    const { code, out, err } = await run('reload');
    assert.deepEqual([code, err], [0, '']);
    assert.equal(out, `upstream: ${one.spec} → ${other.spec}\nlog-level: info → debug\n`);
    for (let count = 0; count < 2; count++) assert.equal(await addressOf('a.example'), '192.0.2.2');
    assert.equal((await run('reload')).out, 'Nothing changed.\n');
    const { err: log } = await serving.stop();
    assert.match(log, /info The configuration was reloaded\. changed=upstream,log-level\n/);
  }
});

test('an invalid file changes nothing, and is told with file, line and reason, until it is corrected', async () => {
  write(upstreamOf(one));
  const serving = await serve();
  assert.equal((await run('status')).code, 0);
  for (const [line, reason] of [
    ['cache-size = "huge"', `${config}:2: "huge" is not valid for cache-size`],
    ['cache-size', `${config}:2:11: invalid TOML`],
    ['upstream-ca = "/nonexistent.pem"', `${config}:2: /nonexistent.pem cannot be used as CA certificates`],
  ] as const) {
    write(upstreamOf(other), line);
    const { code, out, err } = await run('reload');
    assert.deepEqual([code, out], [1, '']);
    assert.ok(err.startsWith(`pkarrd: ${reason}`), err);
    assert.match(err, /Nothing was changed/);
    assert.equal(await addressOf(`${line.length}.example`), '192.0.2.1');
    const status = await run('status');
    assert.equal(status.code, 1);
    assert.match(status.out, /^The configuration on disk is invalid, so the one before stays in force/);
    assert.ok(status.out.includes(`\nINVALID     ${reason}`), status.out);
  }
  write(upstreamOf(other));
  assert.equal((await run('reload')).code, 0);
  assert.equal((await run('status')).code, 0);
  const { err } = await serving.stop();
  assert.match(
    err,
    / error The configuration cannot be used, so the one before stays in force\. where=.*pkarrd\.toml:2 /,
  );
});

test('the page and status say the same of an upstream that nobody asked and of a configuration that was refused', async () => {
  write(upstreamOf(one));
  const http = `127.0.0.1:${await freePort()}`;
  const serving = await serve('--http', http);
  const verdicts = async () => {
    const { sentence, notes } = JSON.parse((await run('status', '--json')).out).verdict;
    const expected = [sentence, ...notes];
    // The page may show figures that are a second old.
    for (;;) {
      const page = (await (await fetch(`http://${http}/`)).text()).replace(
        /<script type="application[\s\S]*$/,
        '',
      );
      if (expected.every((text) => page.includes(text))) return expected.join(' ');
      await sleep(100);
    }
  };
  assert.match(await verdicts(), /^Ready\. Ordinary names: \S+ was not asked yet\. Keys: looked up at /);
  await addressOf('asked.example');
  assert.match(await verdicts(), /^Healthy\. Ordinary names: answered by \S+\. Keys: /);
  write('upstream = [');
  assert.equal((await run('reload')).code, 1);
  assert.match(await verdicts(), /The configuration on disk is invalid, so the one before stays in force/);
  write(upstreamOf(one));
  assert.equal((await run('reload')).code, 0);
  assert.doesNotMatch(await verdicts(), /configuration/);
  await serving.stop();
});

test('what cannot change is named with its remedy, and keeps its value', async () => {
  write(upstreamOf(one));
  const serving = await serve();
  write(upstreamOf(one), 'workers = 2', 'cache-size = "32 MB"', 'client-rate = 7');
  for (let count = 0; count < 2; count++) {
    const { code, out } = await run('reload');
    assert.equal(code, 0);
    assert.match(out, /^workers: 1 → 2, after a restart: .*pkarrd.*$/m);
    assert.match(out, /^cache-size: 16 MB → 32 MB, after a restart/m);
    assert.equal(/^client-rate: 200 → 7$/m.test(out), count === 0);
  }
  await serving.stop();
});

test('addresses come and go, those that stay are not opened anew, and one that is taken changes nothing', async () => {
  const [kept, gone, come] = [await freePort(), await freePort(), await freePort()];
  const listen = (...ports: readonly number[]) =>
    `listen = [${ports.map((port) => `"127.0.0.1:${port}"`).join(', ')}]`;
  /** Nobody answers within that time where nobody listens; a slow machine is asked again. */
  const answers = async (port: number, patience = 5_000) =>
    (await udpExchange({ host: '127.0.0.1', port }, encodeMessage(query('localhost')), patience)) !==
    undefined;
  for (const workers of ['1', '2']) {
    write(upstreamOf(one), listen(kept, gone));
    const serving = new RunningCommand(['serve', '--config', config, '--dht', 'off', '--workers', workers], {
      environment,
    });
    await serving.printed(/Ready\./);
    assert.deepEqual([await answers(kept), await answers(gone)], [true, true]);
    write(upstreamOf(one), listen(kept, other.port));
    const refused = await run('reload');
    assert.equal(refused.code, 1);
    assert.match(refused.err, new RegExp(`listen: .*127\\.0\\.0\\.1:${other.port}`));
    assert.deepEqual([await answers(kept), await answers(gone)], [true, true]);
    write(upstreamOf(one), listen(kept, come));
    const { code, err } = await run('reload');
    assert.equal(code, 0, err);
    assert.deepEqual([await answers(kept), await answers(come)], [true, true]);
    assert.equal(await answers(gone, 300), false);
    await serving.stop();
  }
});

test('hosts file, suffixes, and limits change while it runs', async () => {
  writeFileSync(path('hosts'), '192.0.2.77 of.hosts.example\n');
  const key = '4w9siqbwqis38cq4kkz5jf6dfjwz1g3b19rmgpetcukki993cuwo';
  for (const workers of ['1', '2']) {
    write(upstreamOf(one), 'suffix = []');
    const serving = await serve('--workers', workers);
    assert.equal(await addressOf('of.hosts.example'), '192.0.2.1');
    assert.equal(await addressOf(`${key}.my.zone`), '192.0.2.1');
    write(upstreamOf(one), `hosts = "${path('hosts')}"`, 'suffix = ["my.zone"]', 'client-rate = 1');
    assert.equal((await run('reload')).code, 0);
    assert.equal(await addressOf('of.hosts.example'), '192.0.2.77');
    assert.equal(await addressOf(`${key}.my.zone`), undefined);
    write(upstreamOf(one), 'suffix = []');
    assert.equal((await run('reload')).code, 0);
    assert.equal(await addressOf('of.hosts.example'), '192.0.2.1');
    await serving.stop();
  }
});

test('another DHT is asked from a reload on, also by questions that are waiting', async () => {
  const [empty, full] = [
    new RunningCommand(['testnet', '--nodes', '8']),
    new RunningCommand(['testnet', '--nodes', '8']),
  ];
  const bootstrapOf = async (net: RunningCommand) => (await net.printed(/^(127\.0\.0\.1:\d+)\n/))[1] ?? '';
  const [a, b] = [await bootstrapOf(empty), await bootstrapOf(full)];
  const key = (await pkarrd(['keygen', '--out', path('dht.key')])).out.trim();
  writeFileSync(path('dht.zone'), '@ A 192.0.2.55\n');
  // Before the program runs, which would be given the packet.
  const published = await run('publish', path('dht.zone'), '--key', path('dht.key'), '--bootstrap', b);
  assert.equal(published.code, 0, published.err);
  const dhtPort = await freePort();
  const common = [upstreamOf(one), `dht-listen = "127.0.0.1:${dhtPort}"`];
  write(...common, `bootstrap = ["${a}"]`);
  const serving = await serve('--dht', 'on');
  assert.equal(await addressOf(key), undefined);
  write(...common, `bootstrap = ["${b}"]`);
  const reloaded = await run('reload');
  assert.equal(reloaded.code, 0, reloaded.err);
  assert.equal(await addressOf(key), '192.0.2.55');
  // A black hole, and back: who asks meanwhile is answered from where the packet is.
  write(...common, 'bootstrap = ["127.0.0.1:9"]');
  assert.equal((await run('reload')).code, 0);
  await run('flush');
  write(...common, `bootstrap = ["${b}"]`);
  const [waiting] = await Promise.all([addressOf(key), run('reload')]);
  assert.equal(waiting, '192.0.2.55');
  await serving.stop();
  await empty.stop('SIGINT');
  await full.stop('SIGINT');
});

test('publications are added and removed, and those that stay go on', async () => {
  const testnet = new RunningCommand(['testnet', '--nodes', '8']);
  const bootstrap = (await testnet.printed(/^(127\.0\.0\.1:\d+)\n/))[1] ?? '';
  const table = async (name: string) => {
    await pkarrd(['keygen', '--out', path(`${name}.key`)]);
    writeFileSync(path(`${name}.zone`), '@ A 192.0.2.9\n');
    return `[[publish]]\nzone = "${name}.zone"\nkey = "${name}.key"\nname = "${name}"`;
  };
  const [first, second] = [await table('first'), await table('second')];
  const common = [upstreamOf(one), `bootstrap = ["${bootstrap}"]`];
  write(...common, first);
  const serving = await serve('--dht', 'on');
  await serving.printed(/A zone is published\. name=first/);
  write(...common, first, second);
  assert.equal((await run('reload')).out, 'publication added: second\n');
  await serving.printed(/A zone is published\. name=second/);
  write(...common, second);
  assert.equal((await run('reload')).out, 'publication removed: first\n');
  const names = JSON.parse((await run('status', '--json')).out).publications.map(
    ({ name, state }: { name: string; state: string }) => `${name} ${state}`,
  );
  assert.deepEqual(names, ['second held']);
  const { err } = await serving.stop();
  assert.equal(err.match(/A zone is published\. name=first/g)?.length, 1);
  await testnet.stop('SIGINT');
});

test('SIGHUP reloads, from the first moment on, and never ends the program', async () => {
  write(upstreamOf(one));
  const serving = new RunningCommand(
    ['serve', '--config', config, '--dht', 'off', '--listen', '127.0.0.1:0', '--log-level', 'debug'],
    { environment },
  );
  await serving.printed(/debug |info /);
  serving.child.kill('SIGHUP');
  await serving.printed(/Ready\./);
  await serving.printed(/The configuration was reloaded/);
  write(upstreamOf(other));
  serving.child.kill('SIGHUP');
  await serving.printed(/The configuration was reloaded\. changed=upstream/);
  assert.equal(await addressOf('b.example'), '192.0.2.2');
  write('x = 1');
  serving.child.kill('SIGHUP');
  await serving.printed(/The configuration cannot be used/);
  assert.equal(await addressOf('c.example'), '192.0.2.2');
  await serving.stop();
});

test('a service that starts with an invalid file uses the last accepted one, or else the defaults, and says so', async () => {
  const words = ['serve', '--config', config, '--dht', 'off', '--listen', '127.0.0.1:0'];
  const start = async () => {
    const serving = new RunningCommand(words, { environment });
    await serving.printed(/Ready\./);
    return serving;
  };
  write(upstreamOf(one), 'client-rate = 77');
  await (await start()).stop();
  const kept = join(environment.STATE_DIRECTORY, 'accepted-configuration');
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  write('upstream = [');
  for (let count = 0; count < 2; count++) {
    const serving = await start();
    assert.equal(await addressOf('d.example'), '192.0.2.1');
    const { code, out } = await run('status');
    assert.equal(code, 1);
    assert.match(
      out,
      /^The configuration on disk is invalid, so the last one that was accepted is used\.[\s\S]*^config {6}the last accepted one, of 2.*\nINVALID {5}.*pkarrd\.toml:2:\d+: invalid TOML/m,
    );
    const { err } = await serving.stop();
    assert.match(
      err,
      / error The configuration is invalid\. Using the last accepted configuration, of 2.* where=/,
    );
  }
  // Whoever corrects it need not restart.
  const serving = await start();
  write(upstreamOf(other));
  const { code, out } = await run('reload');
  assert.equal(code, 0);
  assert.match(out, /client-rate: 77 → 200/);
  assert.equal((await run('status')).code, 0);
  await serving.stop();
  assert.match(readFileSync(kept, 'utf8'), new RegExp(other.spec));
  for (const spoil of [() => writeFileSync(kept, '{"version":1'), () => rmSync(kept)]) {
    spoil();
    write('upstream = 7');
    const without = await start();
    assert.equal(JSON.parse((await run('status', '--json')).out).configuration.state, 'defaults');
    const { err } = await without.stop();
    assert.match(err, / error The configuration is invalid\. Using the defaults\. .*pkarrd\.toml:1/);
  }
});

test('from a terminal, or without what a service manager gives, an invalid file is told and nothing is started', async () => {
  write('upstream = [');
  for (const without of ['RUNTIME_DIRECTORY', 'STATE_DIRECTORY']) {
    const { code, err } = await pkarrd(['serve', '--config', config], {
      environment: { ...environment, [without]: '' },
    });
    assert.equal(code, 2);
    assert.match(err, /pkarrd\.toml:2:\d+: invalid TOML/);
  }
});

test('a key that systemd did not hand over at the start is named with the restart that it needs', async () => {
  const credentials = path('credentials');
  mkdirSync(credentials);
  environment = { ...environment, CREDENTIALS_DIRECTORY: credentials } as typeof environment;
  await pkarrd(['keygen', '--out', join(credentials, 'keys_old.key')]);
  // As systemd 257 has it.
  chmodSync(join(credentials, 'keys_old.key'), 0o440);
  writeFileSync(path('given.zone'), '@ A 192.0.2.9\n');
  const table = (name: string) =>
    `[[publish]]\nzone = "${path('given.zone')}"\nkey = "/etc/pkarrd/keys/${name}.key"\nname = "${name}"`;
  write(upstreamOf(one), table('old'));
  const serving = await serve();
  const stateOf = async () =>
    JSON.parse((await run('status', '--json')).out).publications.map(
      ({ name, key, problem }: { name: string; key?: string; problem?: string }) =>
        `${name} ${key === undefined ? problem : 'has its key'}`,
    );
  while ((await stateOf())[0] !== 'old has its key') await sleep(50);
  write(upstreamOf(one), table('old'), table('new'));
  const { code, out, err } = await run('reload');
  assert.deepEqual([code, out], [0, 'publication added: new\n']);
  assert.match(
    err,
    /^pkarrd: warning: The key file \/etc\/pkarrd\/keys\/new\.key was not there when .* Run: systemctl restart pkarrd\n$/,
  );
  await serving.stop();
});
