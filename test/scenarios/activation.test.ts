import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { defaultTcpLimits } from '../../src/serve/tcp/connections.ts';
import { askUdp, query, type ServerAddress, TcpClient, udpExchange } from '../support/dns-client.ts';
import { answerAll, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { ServiceManager, type SocketSpec, serviceManagerIsMissing } from '../support/service-manager.ts';
import { openFlood } from '../support/worker-scene.ts';

const options = { skip: serviceManagerIsMissing() };

/** Nobody is behind port 9, and the answers that these tests want need nobody. */
const alone = ['--dht', 'off', '--upstream', '127.0.0.1:9'];

/** UDP and TCP at one port. */
const pair = (host: string): readonly SocketSpec[] => [
  { protocol: 'udp', host },
  { protocol: 'tcp', host, port: 'same' },
];

async function answersOverTcp(host: string, port: number): Promise<boolean> {
  const client = new TcpClient({ host, port });
  client.send(query('localhost'));
  const reply = await client.next();
  client.socket.destroy();
  return reply?.rcode === Rcode.NOERROR;
}

for (const workers of ['1', '2']) {
  const how = workers === '1' ? 'one process' : 'several processes';

  test(
    `in ${how}, sockets that were handed over are told apart by what they are, in whatever order they come`,
    options,
    async () => {
      const specs = [...pair('127.0.0.1'), ...pair('::1')];
      // In the end TCP and UDP, IPv4 and IPv6 alternate.
      const sockets = [specs[1], specs[2], specs[0], specs[3]].flatMap((spec) => spec ?? []);
      await using manager = await ServiceManager.open(
        sockets.map(({ protocol, host }) => ({ protocol, host })),
        ['notify'],
      );
      const pid = await manager.start([...alone, '--workers', workers], {
        NOTIFY_SOCKET: manager.notifySocket,
        WATCHDOG_USEC: '9000000',
      });
      await manager.until(/Ready\./);
      for (const [index, { protocol, host }] of sockets.entries()) {
        const port = manager.ports[index] ?? 0;
        if (protocol === 'tcp') assert.ok(await answersOverTcp(host, port));
        else assert.equal((await askUdp({ host, port }, query('localhost'))).rcode, Rcode.NOERROR);
        const at = host.includes(':') ? `\\[${host}\\]:${port}` : `${host}:${port}`;
        assert.match(
          manager.log,
          new RegExp(`info Listening on a socket .* no setting names\\. address=${at}\n`),
        );
      }
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
      for (const child of workers === '1' ? [] : children) {
        assert.doesNotMatch(readFileSync(`/proc/${child}/environ`, 'latin1'), /LISTEN_|NOTIFY_|WATCHDOG_/);
      }
      assert.equal(await manager.stop(), 0);
      assert.doesNotMatch(manager.log, /warn.*(worker|descriptor)/);
    },
  );

  test(
    `in ${how}, a restart under load loses no query and refuses none: what comes in between waits in the kernel`,
    options,
    async () => {
      await using upstream = await startScriptedUpstream();
      await using manager = await ServiceManager.open(pair('127.0.0.1'));
      const server = { host: '127.0.0.1', port: manager.ports[0] ?? 0 };
      const words = ['--dht', 'off', '--upstream', `127.0.0.1:${upstream.port}`, '--workers', workers];
      await manager.start([...words, '--listen', `127.0.0.1:${server.port}`]);
      await manager.until(/Ready\./);
      assert.doesNotMatch(manager.log, /no setting names/);
      // The kernel keeps a few hundred replies for a client that does not read at once.
      const floods = await Promise.all(Array.from({ length: 5 }, () => openFlood(server)));
      let isOver = false;
      let asked = 0;
      let connected = 0;
      const connections: Promise<number | undefined>[] = [];
      const answered = () => floods.reduce((sum, { replies }) => sum + replies.size, 0);
      const load = async () => {
        while (!isOver) {
          // 500 queries a second, half of which nobody has asked before, and 200 connections; no more while so many wait that
          // a busy machine would meet the limits of the kernel and of one client, or not answer all in the time that an end has.
          if (asked - answered() < 200) {
            for (const flood of floods) {
              flood.send(query(asked % 2 === 0 ? 'localhost' : `n${asked}.example`, Type.A, { id: asked }));
              asked++;
            }
          }
          for (let i = 0; i < 2 && connected < defaultTcpLimits.connectionsPerClient; i++) {
            connected++;
            connections.push(askOverTcp(server).finally(() => connected--));
          }
          await sleep(10);
        }
      };
      const loading = load();
      for (let restart = 0; restart < 2; restart++) {
        await sleep(300);
        assert.equal(await manager.stop(), 0, manager.log);
        manager.log = '';
        await manager.start([...words, '--listen', `127.0.0.1:${server.port}`]);
        await manager.until(/Ready\./);
      }
      await sleep(200);
      isOver = true;
      await loading;
      for (const flood of floods) {
        await flood.settle(asked / floods.length, 10_000);
        assert.deepEqual([flood.replies.size, flood.refused], [asked / floods.length, 0]);
        const codes = [...flood.replies.values()].map(({ rcode }) => rcode);
        assert.deepEqual(new Set(codes), new Set([Rcode.NOERROR]));
        flood.close();
      }
      assert.deepEqual(new Set(await Promise.all(connections)), new Set([Rcode.NOERROR]));
    },
  );
}

/** The RCODE of the answer; undefined when the connection was refused or closed before it came. */
async function askOverTcp(server: ServerAddress): Promise<number | undefined> {
  const client = new TcpClient(server);
  client.send(query('localhost'));
  const reply = await client.next();
  client.socket.destroy();
  return reply?.rcode;
}

test(
  'once it ends, what arrives waits for the next process, and what was read is still answered',
  options,
  async () => {
    await using upstream = await startScriptedUpstream({
      script: (asked) => ({ send: answerAll(asked), afterMs: 500 }),
    });
    await using manager = await ServiceManager.open(pair('127.0.0.1'));
    const server = { host: '127.0.0.1', port: manager.ports[0] ?? 0 };
    const words = ['--dht', 'off', '--upstream', `127.0.0.1:${upstream.port}`];
    for (const workers of ['1', '2']) {
      await manager.start([...words, '--workers', workers]);
      await manager.until(/Ready\./);
      const slow = askUdp(server, query(`slow${workers}.example`));
      // Not a count: the upstream may have been asked twice for the one before.
      while (!upstream.received.some(({ name }) => name.toLowerCase() === `slow${workers}.example`))
        await sleep(5);
      manager.kill(15);
      await manager.until(/Stopping\./);
      await sleep(150);
      // It would be answered at once by a process that reads.
      let isAnswered = false;
      // It waits for as long as the next process takes to start.
      const late = udpExchange(server, encodeMessage(query('localhost')), 60_000).then((reply) => {
        isAnswered = true;
        return reply ?? assert.fail('No reply came.');
      });
      assert.equal((await slow).rcode, Rcode.NOERROR);
      assert.equal(isAnswered, false);
      assert.equal(await manager.exited(), 0);
      manager.log = '';
      await manager.start(words);
      assert.equal(decodeMessage(await late).rcode, Rcode.NOERROR);
      assert.equal(await manager.stop(), 0);
      manager.log = '';
    }
  },
);

test('a connection that was accepted has its query read and answered before the end', options, async () => {
  await using upstream = await startScriptedUpstream({
    script: (asked) => ({ send: answerAll(asked), afterMs: 300 }),
  });
  await using manager = await ServiceManager.open(pair('127.0.0.1'));
  const server = { host: '127.0.0.1', port: manager.ports[0] ?? 0 };
  await manager.start(['--dht', 'off', '--upstream', `127.0.0.1:${upstream.port}`]);
  await manager.until(/Ready\./);
  const [slow, silent] = [new TcpClient(server), new TcpClient(server)];
  slow.send(query('slow.example'));
  await upstream.waitFor(1);
  // Both are accepted by now.
  manager.kill(15);
  await manager.until(/Stopping\./);
  silent.send(query('localhost'));
  assert.equal((await silent.next())?.rcode, Rcode.NOERROR);
  assert.equal((await slow.next())?.rcode, Rcode.NOERROR);
  assert.equal(await manager.exited(), 0);
});

test('variables that are for another process are not followed, and removed', options, async () => {
  await using manager = await ServiceManager.open(pair('127.0.0.1'));
  await manager.start([...alone, '--listen', '127.0.0.1:0'], { LISTEN_PID: '1' });
  await manager.until(/Ready\. listen=127\.0\.0\.1:\d+\n/);
  assert.ok(!manager.log.includes(`:${manager.ports[0]}`), manager.log);
  assert.equal(await manager.stop(), 0);
});

test('a socket keeps the receive buffer that it was given', options, async () => {
  await using manager = await ServiceManager.open(pair('127.0.0.1'));
  const before = await manager.receiveBuffers();
  await manager.start(alone);
  await manager.until(/Ready\./);
  assert.deepEqual(await manager.receiveBuffers(), before);
  assert.equal(await manager.stop(), 0);
});

test('a socket for all addresses is used, with a word on what is wrong with it', options, async () => {
  for (const [host, clients] of [
    ['0.0.0.0', ['127.0.0.1']],
    ['::', ['127.0.0.1', '::1']],
  ] as const) {
    await using manager = await ServiceManager.open(pair(host));
    const port = manager.ports[0] ?? 0;
    await manager.start([...alone, '--listen', `127.0.0.1:${port}`]);
    await manager.until(/Ready\./);
    assert.match(
      manager.log,
      /warn A UDP socket of the service manager listens on all addresses,.* run="pkarrd install/,
    );
    assert.doesNotMatch(manager.log, /warn Cannot listen/);
    for (const client of clients) {
      assert.equal((await askUdp({ host: client, port }, query('localhost'))).rcode, Rcode.NOERROR);
      assert.ok(await answersOverTcp(client, port));
    }
    assert.equal(await manager.stop(), 0);
  }
});

test(
  'a socket for a protocol that is not served is told, and closes whoever connects at once',
  options,
  async () => {
    await using manager = await ServiceManager.open([
      ...pair('127.0.0.1'),
      { protocol: 'tcp', host: '127.0.0.1', name: 'dot' },
    ]);
    await manager.start(alone);
    await manager.until(/Ready\. listen=127\.0\.0\.1:\d+\n/);
    assert.match(
      manager.log,
      /warn A socket is for DNS over TLS, which .*; who connects there is disconnected .* address=127\.0\.0\.1:\d+ name=dot\n/,
    );
    assert.equal(await answersOverTcp('127.0.0.1', manager.ports[2] ?? 0), false);
    assert.equal(await manager.stop(), 0);
  },
);
