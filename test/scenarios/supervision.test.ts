import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { query } from '../support/dns-client.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { ServiceManager, type SocketSpec, serviceManagerIsMissing } from '../support/service-manager.ts';
import { openFlood } from '../support/worker-scene.ts';

const options = { skip: serviceManagerIsMissing() };
const hasHelper = spawnSync('systemd-notify', ['--version']).status === 0;

/** Nobody is behind port 9, and the answers that these tests want need nobody. */
const alone = ['--dht', 'off', '--upstream', '127.0.0.1:9'];

const sockets: readonly SocketSpec[] = [
  { protocol: 'udp', host: '127.0.0.1' },
  { protocol: 'tcp', host: '127.0.0.1', port: 'same' },
];

/** What was told about the service, in order, watchdogs left out. */
const told = (manager: ServiceManager) => manager.texts('notify').filter((text) => text !== 'WATCHDOG=1');

for (const [how, openFiles, skip] of [
  ['a descriptor that was handed over', ['notify'], false],
  ['the socket that the environment names', [], hasHelper ? false : 'there is no systemd-notify'],
] as const) {
  test(`through ${how}, the service manager hears that it is ready, how it does, and that it ends`, {
    skip: options.skip || skip,
  }, async () => {
    await using manager = await ServiceManager.open(sockets, openFiles);
    const pid = await manager.start(alone, { NOTIFY_SOCKET: manager.notifySocket });
    await manager.until(() => told(manager).length >= 2);
    const at = `127.0.0.1:${manager.ports[0]}`;
    assert.deepEqual(told(manager), [
      'READY=1',
      `STATUS=Answering on ${at}; 1 upstream; the DHT is not started.`,
    ]);
    if (openFiles.length > 0) assert.ok(manager.received.every(({ sender }) => sender === pid));
    assert.equal(await manager.stop(), 0);
    await manager.until(() => told(manager).length >= 3);
    assert.equal(told(manager).at(-1), 'STOPPING=1');
    assert.doesNotMatch(manager.log, /cannot be told/);
  });

  test(`through ${how}, a watchdog is fed twice in its period, for as long as queries are answered`, {
    skip: options.skip || skip,
  }, async () => {
    await using manager = await ServiceManager.open(sockets, openFiles);
    await manager.start(alone, { NOTIFY_SOCKET: manager.notifySocket, WATCHDOG_USEC: '1000000' });
    const fed = () => manager.texts('notify').filter((text) => text === 'WATCHDOG=1').length;
    await manager.until(() => fed() >= 2);
    // What the start took is taken off the period, up to a quarter of it.
    const [, shortened] = /^WATCHDOG_USEC=(\d+)$/m.exec(manager.texts('notify').join('\n')) ?? [];
    assert.ok(Number(shortened) >= 750_000 && Number(shortened) < 1_000_000, shortened);
    const [before, startedAt] = [fed(), performance.now()];
    await manager.until(() => fed() >= before + 4);
    const took = performance.now() - startedAt;
    assert.ok(took > 1_000, `four in ${took} ms`);
    // One that stands still says nothing: the manager would kill it now.
    manager.kill(19);
    await sleep(100);
    const last = fed();
    await sleep(1_500);
    assert.equal(fed(), last);
    manager.kill(18);
    await manager.until(() => fed() > last);
    assert.equal(await manager.stop(), 0);
  });
}

test(
  'a watchdog of another process is not fed, and without a service manager nothing is said',
  options,
  async () => {
    await using manager = await ServiceManager.open(sockets, ['notify']);
    await manager.start(alone, { WATCHDOG_USEC: '200000', WATCHDOG_PID: '1' });
    await manager.until(() => told(manager).length >= 2);
    await sleep(500);
    assert.deepEqual(
      manager.texts('notify').filter((text) => text === 'WATCHDOG=1'),
      [],
    );
    assert.equal(await manager.stop(), 0);
  },
);

test('a service manager that cannot be told stops nothing, and it is said once', options, async () => {
  await using manager = await ServiceManager.open(sockets);
  await manager.start(alone, { NOTIFY_SOCKET: '/nonexistent/notify', WATCHDOG_USEC: '200000' });
  await manager.until(/warn The service manager cannot be told how pkarrd does\./);
  await sleep(500);
  assert.equal(manager.log.match(/cannot be told/g)?.length, 1);
  assert.equal(await manager.stop(), 0);
});

test(
  'a reload is told from its beginning to its end, and a configuration that is refused is in the status',
  options,
  async () => {
    await using manager = await ServiceManager.open(sockets, ['notify']);
    const directory = mkdtempSync(join(tmpdir(), 'pkarrd-reload-'));
    const file = join(directory, 'pkarrd.toml');
    writeFileSync(file, 'dht = "off"\nupstream = ["127.0.0.1:9"]\n');
    await manager.start(['--config', file]);
    await manager.until(() => told(manager).length === 2);
    manager.kill(1);
    await manager.until(() => told(manager).length >= 4);
    assert.match(told(manager)[2] ?? '', /^RELOADING=1\nMONOTONIC_USEC=\d{7,}$/);
    assert.equal(told(manager)[3], 'READY=1');
    writeFileSync(file, 'upstream = "nonsense"\n');
    manager.kill(1);
    await manager.until(() => told(manager).length >= 7);
    const [status = '', ...changes] = told(manager).slice(4).sort().reverse();
    assert.match(status, /^STATUS=The configuration on disk is invalid, .* stays in force\. Answering on /);
    assert.deepEqual(
      changes.map((text) => text.split('\n')[0]),
      ['RELOADING=1', 'READY=1'],
    );
    assert.equal(await manager.stop(), 0);
    rmSync(directory, { recursive: true });
  },
);

test(
  'an upstream that dies and comes back is a line each, however many queries meet it',
  options,
  async () => {
    await using upstream = await startScriptedUpstream();
    await using manager = await ServiceManager.open(sockets, ['notify']);
    await manager.start(['--dht', 'off', '--upstream', `127.0.0.1:${upstream.port}`, '--client-rate', '0']);
    await manager.until(/Ready\./);
    const server = { host: '127.0.0.1', port: manager.ports[0] ?? 0 };
    const flood = await openFlood(server);
    upstream.isBlackHole = true;
    for (let id = 0; id < 200; id++) flood.send(query(`n${id}.example`, 1, { id }));
    await manager.until(/warn An upstream does not answer\. upstream=127\.0\.0\.1:\d+ reason=timed-out\n/);
    await manager.until(() =>
      told(manager).some((text) => text.includes('; the upstream does not answer; ')),
    );
    upstream.isBlackHole = false;
    await manager.until(() => {
      flood.send(query('back.example', 1, { id: 999 }));
      return /info An upstream answers again\. upstream=127\.0\.0\.1:\d+\n/.test(manager.log);
    });
    assert.equal(manager.log.match(/An upstream/g)?.length, 2);
    assert.doesNotMatch(manager.log, /\.example/);
    await manager.until(() => told(manager).at(-1)?.includes('; 1 upstream; ') === true);
    flood.close();
    assert.equal(await manager.stop(), 0);
  },
);
