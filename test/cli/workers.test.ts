import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { defaultTcpLimits } from '../../src/serve/tcp/connections.ts';
import { RunningCommand } from '../support/command.ts';
import { askUdp, frame, query, TcpClient, udpExchange } from '../support/dns-client.ts';
import { openFlood, startWorkers } from '../support/worker-scene.ts';

/** Nobody is behind port 9, and the answers that these tests want need nobody. */
const alone = ['--dht', 'off', '--upstream', '127.0.0.1:9'];

/** A query that is answered at once, without asking anybody. */
const simple = (id: number) => query('localhost', Type.A, { id });

/** Whether a process is there, and no zombie that nobody has asked for yet. */
function runs(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z');
  } catch {
    return false;
  }
}

test('two workers both answer at one port, over UDP and TCP', async () => {
  const scene = await startWorkers(2, ...alone);
  const flood = await openFlood(scene.server);
  try {
    for (let id = 0; id < 2_000; id++) {
      flood.send(simple(id));
      if (id % 10 === 0) await sleep(1);
    }
    await flood.settle(2_000, 5_000);
    assert.equal(flood.replies.size, 2_000);
    const { queries, cache, workers } = await scene.status();
    assert.equal(workers?.running.length, 2);
    for (const { queries: share } of workers?.running ?? []) assert.ok(share > 0);
    // What each had is added up.
    assert.equal(queries.queries, 2_000);
    assert.equal(cache.hits + cache.misses, 2_000);
    assert.equal(cache.entries, 2);
    const { out } = await new RunningCommand(['status', '--state-dir', stateOf(scene.command)]).ended();
    assert.match(out, /^workers {5}2 of 2 running, 0 restarted, process \d+: [\d,]+ queries, process /m);

    // No more than one worker has of one client: it may be quick enough to accept them all.
    const clients = Array.from(
      { length: defaultTcpLimits.connectionsPerClient },
      () => new TcpClient(scene.server),
    );
    for (const client of clients) client.send(simple(1));
    for (const client of clients) assert.equal((await client.next())?.rcode, Rcode.NOERROR);
    for (const { socket } of clients) socket.destroy();
  } finally {
    flood.close();
    await scene.close();
  }
});

test('one worker is one process, which is as it always was', async () => {
  const scene = await startWorkers(1, ...alone);
  try {
    assert.equal((await scene.status()).workers, undefined);
    const { pid } = scene.command.child;
    assert.equal(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'), '');
  } finally {
    await scene.close();
  }
});

test('a worker that is killed is replaced, and no query that it had not taken is lost', async () => {
  const scene = await startWorkers(2, ...alone);
  const flood = await openFlood(scene.server);
  const [victim = 0, other = 0] = await scene.workers();
  try {
    // One that stands still takes nothing, so that every query is the other's.
    process.kill(victim, 'SIGSTOP');
    let id = 0;
    const ask = async (milliseconds: number) => {
      for (const until = performance.now() + milliseconds; performance.now() < until; await sleep(1)) {
        flood.send(simple(id++));
      }
    };
    await ask(200);
    process.kill(victim, 'SIGKILL');
    await ask(1_000);
    await flood.settle(id, 5_000);
    assert.deepEqual([flood.replies.size, flood.refused], [id, 0]);

    const { workers } = await scene.until((status) => status.workers?.running.length === 2);
    assert.equal(workers?.restarts, 1);
    const pids = workers?.running.map(({ pid }) => pid) ?? [];
    assert.ok(pids.includes(other) && !pids.includes(victim));
    await scene.command.printed(
      new RegExp(`warn A worker ended and will be replaced.* pid=${victim} why=SIGKILL afterSeconds=0\\.1\n`),
    );
  } finally {
    flood.close();
    await scene.close();
  }
});

test('queries that wait while no worker takes them are not refused, and answered by the one that comes', async () => {
  const scene = await startWorkers(2, ...alone);
  const flood = await openFlood(scene.server);
  const [first = 0, second = 0] = await scene.workers();
  try {
    process.kill(first, 'SIGSTOP');
    process.kill(second, 'SIGSTOP');
    for (let id = 0; id < 20; id++) flood.send(simple(id));
    await sleep(50);
    assert.equal(flood.replies.size, 0);
    process.kill(first, 'SIGKILL');
    await flood.settle(20, 10_000);
    assert.deepEqual([flood.replies.size, flood.refused], [20, 0]);
  } finally {
    process.kill(second, 'SIGCONT');
    flood.close();
    await scene.close();
  }
});

test('a worker that hangs without dying is ended after some seconds, and replaced; the other answers meanwhile', async () => {
  const scene = await startWorkers(2, ...alone);
  const [victim = 0, other = 0] = await scene.workers();
  try {
    process.kill(victim, 'SIGSTOP');
    const { workers } = await scene.until(({ workers }) => (workers?.restarts ?? 0) > 0);
    assert.ok(!runs(victim));
    assert.equal((await askUdp(scene.server, simple(1))).id, 1);
    assert.ok(workers?.running.some(({ pid }) => pid === other));
    await scene.command.printed(
      new RegExp(`warn A worker ended and will be replaced.* pid=${victim} why="it does not answer" `),
    );
    await scene.until((status) => status.workers?.running.length === 2);
  } finally {
    await scene.close();
  }
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} to all its processes at once: what is in flight is answered, and within 2 s none is left`, async () => {
    const upstream = createSocket('udp4').bind(0, '127.0.0.1');
    await once(upstream, 'listening');
    const silent = `127.0.0.1:${upstream.address().port}`;
    const scene = await startWorkers(2, '--dht', 'off', '--upstream', silent);
    try {
      const workers = await scene.workers();
      const answer = udpExchange(scene.server, encodeMessage(query('waits.example')));
      await once(upstream, 'message');
      const startedAt = performance.now();
      // As a terminal does, and a service manager.
      for (const pid of workers) process.kill(pid, signal);
      const { code, err } = await scene.command.stop(signal);
      assert.ok(performance.now() - startedAt < 2_000 + 500, `${performance.now() - startedAt} ms`);
      assert.equal(code, 0, err);
      assert.doesNotMatch(err, /A worker ended/);
      assert.notEqual(await answer, undefined);
      assert.deepEqual(workers.filter(runs), []);
    } finally {
      upstream.close();
      await scene.close();
    }
  });
}

test('when the primary is killed, its workers end too, and the port is free', async () => {
  const scene = await startWorkers(2, ...alone);
  const workers = await scene.workers();
  assert.equal((await scene.command.stop('SIGKILL')).code, -1);
  for (let i = 0; i < 100 && workers.some(runs); i++) await sleep(20);
  assert.deepEqual(workers.filter(runs), []);
  const again = createSocket('udp4').bind(scene.server.port, '127.0.0.1');
  await once(again, 'listening');
  again.close();
  await scene.close();
});

test('a second signal ends it at once, with all its workers', async () => {
  const upstream = createSocket('udp4').bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  const silent = `127.0.0.1:${upstream.address().port}`;
  const scene = await startWorkers(2, '--dht', 'off', '--upstream', silent);
  const workers = await scene.workers();
  void udpExchange(scene.server, encodeMessage(query('waits.example')), 100);
  await once(upstream, 'message');
  scene.command.child.kill('SIGTERM');
  await scene.command.printed(/Stopping/);
  assert.equal((await scene.command.stop('SIGTERM')).code, 143);
  for (let i = 0; i < 50 && workers.some(runs); i++) await sleep(20);
  assert.deepEqual(workers.filter(runs), []);
  upstream.close();
  await scene.close();
});

test('each of several addresses is answered at, over UDP and TCP, by whichever worker', async () => {
  const more = ['--listen', '127.0.0.2:0', '--listen', '127.0.0.3:0'];
  const scene = await startWorkers(2, ...alone, ...more);
  try {
    const [, list = ''] = await scene.command.printed(/Ready\. listen=(\S+)\n/);
    const servers = list.split(',').map((text) => {
      const [host = '', port] = text.split(':');
      return { host, port: Number(port) };
    });
    assert.deepEqual(
      servers.map(({ host }) => host),
      ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
    );
    for (const [id, server] of [...servers, ...servers, ...servers].entries()) {
      assert.equal((await askUdp(server, simple(id))).id, id);
      const client = new TcpClient(server);
      client.send(simple(id));
      assert.equal((await client.next())?.id, id);
      client.socket.destroy();
    }
  } finally {
    await scene.close();
  }
});

for (const count of [1, 2])
  test(`a port that is in use by ${count} is told as with one process`, async () => {
    const scene = await startWorkers(count, ...alone);
    try {
      const address = `127.0.0.1:${scene.server.port}`;
      const words = ['serve', '--config', '/dev/null', '--workers', '2', '--listen', address, ...alone];
      const { code, out, err } = await new RunningCommand(words).ended();
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, new RegExp(`^pkarrd: ${address} \\(udp\\) is in use by .*--listen\\.\n$`));
    } finally {
      await scene.close();
    }
  });

test('a connection over TCP outlives the death of another worker', async () => {
  const scene = await startWorkers(2, ...alone);
  const client = new TcpClient(scene.server);
  try {
    client.send(simple(1));
    assert.equal((await client.next())?.id, 1);
    const { workers } = await scene.status();
    const [idle] = workers?.running.filter(({ queries }) => queries === 0) ?? [];
    assert.ok(idle);
    process.kill(idle.pid, 'SIGKILL');
    await scene.until((status) => status.workers?.restarts === 1);
    client.socket.write(frame(simple(2)));
    assert.equal((await client.next())?.id, 2);
  } finally {
    client.socket.destroy();
    await scene.close();
  }
});

/** The state directory that a command was started with. */
function stateOf(command: RunningCommand): string {
  return command.child.spawnargs[command.child.spawnargs.indexOf('--state-dir') + 1] ?? '';
}
