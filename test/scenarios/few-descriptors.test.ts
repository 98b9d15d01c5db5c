import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode } from '../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { RunningCommand } from '../support/command.ts';
import { askUdp, query, TcpClient } from '../support/dns-client.ts';
import { answerAll, startScriptedUpstream } from '../support/scripted-upstream.ts';

test('with few descriptors and a silent upstream all else is still answered, and names again once it is back', {
  timeout: 60_000,
}, async () => {
  await using upstream = await startScriptedUpstream();
  const settings = ['--dht', 'off', '--client-rate', '0', '--upstream', upstream.spec];
  const command = new RunningCommand(
    ['serve', '--config', '/dev/null', '--listen', '127.0.0.1:0', ...settings],
    { descriptors: 200 },
  );
  const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
  const server = { host: '127.0.0.1', port };
  assert.equal((await askUdp(server, query('cached.example'))).answers.length, 1);

  upstream.isBlackHole = true;
  const client = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  const told = new Map<number, number>();
  client.on('message', (bytes) => {
    const { id, rcode } = decodeMessage(bytes);
    told.set(id, rcode);
  });
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
  // Those for which there is a socket wait, and the others hear at once that there is none. On a busy machine some are dropped, and
  // asked again, as a client would.
  for (let startedAt = Number.NEGATIVE_INFINITY; told.size < 800; await sleep(10)) {
    if (performance.now() - startedAt < 4_000) continue;
    startedAt = performance.now();
    for (let id = 0; id < 1000; id++) {
      if (told.has(id)) continue;
      client.send(encodeMessage(query(`n${id}.example`, undefined, { id })), port, '127.0.0.1');
      if (id % 20 === 0) await sleep(1);
    }
  }
  assert.ok([...told.values()].every((rcode) => rcode === Rcode.SERVFAIL));
  assert.equal((await askUdp(server, query('cached.example'))).answers.length, 1);
  assert.equal((await askUdp(server, query('localhost'))).rcode, Rcode.NOERROR);
  const tcp = new TcpClient(server);
  tcp.send(query('localhost'));
  assert.equal((await tcp.next())?.rcode, Rcode.NOERROR);
  tcp.socket.destroy();

  upstream.isBlackHole = false;
  upstream.script = answerAll;
  let isBack = false;
  for (let i = 0; !isBack; i++)
    isBack = (await askUdp(server, query(`back${i}.example`))).answers.length === 1;
  client.close();
  const { code, err } = await command.stop();
  assert.equal(code, 0, err);
});
