import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';

test('a loop through another resolver is cut in under a second, and the processor is quiet afterwards', async () => {
  // A forwarder that sends every query on to whom it is told, and every reply back: the worst neighbour.
  const neighbour = createSocket('udp4');
  neighbour.bind(0, '127.0.0.1');
  await once(neighbour, 'listening');
  const scene = await startAppScene({
    settings: { upstream: [`127.0.0.1:${neighbour.address().port}`] },
  });
  let forwarded = 0;
  const outward = createSocket('udp4');
  const askers = new Map<number, { port: number; address: string }>();
  neighbour.on('message', (bytes, { port, address }) => {
    forwarded++;
    askers.set(bytes.readUInt16BE(0), { port, address });
    outward.send(bytes, scene.server.port, scene.server.host);
  });
  outward.on('message', (bytes) => {
    const asker = askers.get(bytes.readUInt16BE(0));
    if (asker !== undefined) neighbour.send(bytes, asker.port, asker.address);
  });
  try {
    const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
    const startedAt = performance.now();
    const reply = await askUdp(scene.server, query('looping-name.example.org', Type.A, { edns }));
    assert.equal(reply.rcode, Rcode.SERVFAIL);
    assert.ok(performance.now() - startedAt < 1_000);
    const after = forwarded;
    const cpu = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // At most a probe a second; a loop that is not cut goes round thousands of times.
    assert.ok(forwarded - after <= 3, `${forwarded - after} queries went round`);
    assert.ok(process.cpuUsage(cpu).user < 500_000);
  } finally {
    neighbour.close();
    outward.close();
    await scene.close();
  }
});
