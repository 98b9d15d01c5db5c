import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode } from '../../src/dns/codes.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { RunningCommand } from '../support/command.ts';
import { askUdp, query, TcpClient } from '../support/dns-client.ts';
import { programs } from '../support/programs.ts';

/** New names that one client asks for while the program cannot run: fewer than the kernel's buffer holds. */
const FLOOD = 4_000;

/** Answers every question with one address, but for those below `flood.example`, which it counts. */
async function countingUpstream() {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
  const counts = { flood: 0 };
  socket.on('message', (octets, from) => {
    if (octets.toString('latin1').toLowerCase().includes('flood')) {
      counts.flood++;
      return;
    }
    const end = octets.indexOf(0, 12) + 5;
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 192, 0, 2, 1]);
    const reply = Buffer.concat([octets.subarray(0, end), answer]);
    reply.writeUInt16BE(0x8180, 2);
    reply.writeUInt16BE(1, 6);
    reply.writeUInt16BE(0, 10);
    socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { counts, port: socket.address().port, close: () => socket.close() };
}

for (const { name, words, skip } of programs) {
  test(`on ${name}, what can be answered at once goes before thousands of new names of another client`, {
    skip,
    timeout: 60_000,
  }, async () => {
    const upstream = await countingUpstream();
    const settings = ['--dht', 'off', '--upstream', `127.0.0.1:${upstream.port}`];
    const command = new RunningCommand(
      ['serve', '--config', '/dev/null', '--listen', '127.0.0.1:0', ...settings],
      { program: words },
    );
    const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
    const server = { host: '127.0.0.1', port };
    assert.equal((await askUdp(server, query('cached.example'))).answers.length, 1);
    // What is loaded in the background.
    await sleep(200);

    const { pid = 0 } = command.child;
    process.kill(pid, 'SIGSTOP');
    const flood = createSocket({ type: 'udp4' });
    let failed = 0;
    flood.on('message', (reply) => {
      if (((reply[3] ?? 0) & 15) === Rcode.SERVFAIL) failed++;
    });
    flood.bind(0, '127.0.0.2');
    await once(flood, 'listening');
    for (let i = 0; i < FLOOD; i++) {
      const octets = encodeMessage(query(`n${i}.flood.example`, undefined, { id: i }));
      await new Promise<void>((resolve) => flood.send(octets, port, server.host, () => resolve()));
    }
    const answers = {
      cached: askUdp(server, query('cached.example')),
      miss: askUdp(server, query('other.example')),
    };
    const tcp = new TcpClient(server);
    tcp.send(query('cached.example'));
    await sleep(100);
    const begunAt = { cached: FLOOD, miss: FLOOD, tcp: FLOOD };
    process.kill(pid, 'SIGCONT');
    await Promise.all([
      answers.cached.then(({ answers: records }) => {
        assert.equal(records.length, 1);
        begunAt.cached = upstream.counts.flood;
      }),
      answers.miss.then(({ answers: records }) => {
        assert.equal(records.length, 1);
        begunAt.miss = upstream.counts.flood;
      }),
      tcp.next().then((reply) => {
        assert.equal(reply?.answers.length, 1);
        begunAt.tcp = upstream.counts.flood;
      }),
    ]);
    // So many of the flood had been asked by then.
    const told = JSON.stringify({ ...begunAt, failed });
    console.log(`# ${name}: ${told}`);
    assert.ok(begunAt.cached <= FLOOD / 2, told);
    assert.ok(begunAt.miss <= FLOOD / 2, told);
    assert.ok(begunAt.tcp <= FLOOD / 2, told);
    assert.equal(failed, 0, told);
    tcp.socket.destroy();
    flood.close();
    upstream.close();
    // Thousands of questions are pending, and how it ends is not the question here.
    await command.stop('SIGKILL');
  });
}
