import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeMessage } from '../../src/dns/message.ts';
import { RunningCommand } from '../support/command.ts';
import { askUdp, query, udpExchange } from '../support/dns-client.ts';

/** Nothing of the machine's configuration. */
const serve = ['serve', '--config', '/dev/null'];

/** Nobody is behind port 9. */
const nobody = ['--upstream', '127.0.0.1:9'];

const readyLine = /Ready\. listen=127\.0\.0\.1:(\d+)/;

const noProc = existsSync('/proc/self/task') ? false : 'there is no /proc';

/** An upstream that takes queries and never answers. */
async function silentUpstream() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, text: `127.0.0.1:${socket.address().port}`, heard: () => once(socket, 'message') };
}

async function start(...args: string[]) {
  const command = new RunningCommand([...serve, '--listen', '127.0.0.1:0', ...args]);
  const port = Number((await command.printed(readyLine))[1]);
  return { command, server: { host: '127.0.0.1', port } };
}

test('it answers before the DHT is there, and ends with 0 on either signal', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Nobody is behind port 9: the DHT is never ready.
    const { command, server } = await start(...nobody, '--bootstrap', '127.0.0.1:9');
    const reply = await askUdp(server, query('y'.repeat(52)));
    assert.equal(reply.rcode, 3);
    const { code, err } = await command.stop(signal);
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`Stopping\\. signal=${signal}\n$`));
  }
});

test('what is in flight is answered before it ends, within 2 s', async () => {
  const upstream = await silentUpstream();
  const { command, server } = await start('--dht', 'off', '--upstream', upstream.text);
  const answer = udpExchange(server, encodeMessage(query('waits.example')));
  await upstream.heard();
  const startedAt = performance.now();
  const ended = await command.stop();
  const took = performance.now() - startedAt;
  assert.notEqual(await answer, undefined);
  assert.equal(ended.code, 0, ended.err);
  assert.ok(took < 2_000 + 500, `${took} ms`);
  upstream.socket.close();
});

test('a second signal ends it at once', async () => {
  const upstream = await silentUpstream();
  const { command, server } = await start('--dht', 'off', '--upstream', upstream.text);
  void udpExchange(server, encodeMessage(query('waits.example')), 100);
  await upstream.heard();
  command.child.kill('SIGTERM');
  await command.printed(/Stopping/);
  const { code } = await command.stop('SIGTERM');
  assert.equal(code, 143);
  upstream.socket.close();
});

test('SIGHUP does not end it, in one process and in several', { skip: noProc }, async () => {
  for (const workers of ['1', '2']) {
    const { command, server } = await start(...nobody, '--dht', 'off', '--workers', workers);
    // A terminal that closes sends it to the whole group.
    const { pid = 0 } = command.child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
    for (const each of [pid, ...children.map(Number)]) if (each > 0) process.kill(each, 'SIGHUP');
    await command.printed(/The configuration was reloaded; nothing changed/);
    assert.equal((await askUdp(server, query('localhost'))).rcode, 0);
    const { code, err } = await command.stop();
    assert.deepEqual([code, /worker/.test(err)], [0, false], err);
  }
});

test('SIGHUP does not end it before it has read its configuration', async () => {
  // When the program has its first handler, the modules of its commands are loaded, and none has begun.
  const script = `
    const on = process.on;
    process.on = function (name, ...rest) {
      if (name === 'uncaughtException') process.kill(process.pid, 'SIGHUP');
      return on.call(this, name, ...rest);
    };`;
  const preload = `data:text/javascript,${encodeURIComponent(script)}`;
  const command = new RunningCommand([...serve, ...nobody, '--dht', 'off', '--listen', '127.0.0.1:0'], {
    preload,
  });
  await command.printed(readyLine);
  assert.equal((await command.stop()).code, 0);
});

test('a port that is taken is told with address, holder and what to do', async () => {
  const { command, server } = await start(...nobody, '--dht', 'off');
  const address = `127.0.0.1:${server.port}`;
  const second = new RunningCommand([...serve, ...nobody, '--dht', 'off', '--listen', address]);
  const { code, out, err } = await second.ended();
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, new RegExp(`^pkarrd: ${address} \\(udp\\) is in use by .*--listen\\.\n$`));
  if (process.platform === 'linux') assert.ok(err.includes(`pkarrd (process ${command.child.pid})`), err);
  await command.stop();
});

test('an address that is not there yet is told and waited for, in one process and in several, and all others answer', async () => {
  for (const workers of ['1', '2']) {
    const absent = ['--listen', '192.0.2.1:5353'];
    const { command, server } = await start(...nobody, '--dht', 'off', '--workers', workers, ...absent);
    assert.equal((await askUdp(server, query('localhost'))).rcode, 0);
    const { code, err } = await command.stop();
    assert.equal(code, 0, err);
    assert.match(
      err,
      /warn Cannot listen on an address yet.* address=192\.0\.2\.1:5353 reason="this machine does not/,
    );
  }
});

test('a wildcard is answered at the addresses of the machine, in one process and in several', async () => {
  for (const workers of ['1', '2']) {
    const flags = ['--listen', '0.0.0.0:0', '--workers', workers];
    const command = new RunningCommand([...serve, ...nobody, '--dht', 'off', ...flags]);
    const port = Number((await command.printed(readyLine))[1]);
    assert.equal((await askUdp({ host: '127.0.0.1', port }, query('localhost'))).rcode, 0);
    await command.stop();
  }
});

test('no name and no key stands in the log unless it is asked for', async () => {
  const { command, server } = await start(...nobody, '--dht', 'off');
  await askUdp(server, query('very-private-name.example'));
  const { err } = await command.stop();
  assert.doesNotMatch(err, /very-private/);
});
