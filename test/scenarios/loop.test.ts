import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { startNeighbour } from '../support/neighbour.ts';

test('a loop through another resolver is cut in under a second, and the processor is quiet afterwards', async () => {
  const neighbour = await startNeighbour();
  const scene = await startAppScene({
    settings: { upstream: [`127.0.0.1:${neighbour.port}`] },
  });
  neighbour.forwardTo(scene.server);
  try {
    const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
    const startedAt = performance.now();
    const reply = await askUdp(scene.server, query('looping-name.example.org', Type.A, { edns }));
    assert.equal(reply.rcode, Rcode.SERVFAIL);
    assert.ok(performance.now() - startedAt < 1_000);
    const after = neighbour.forwarded;
    const cpu = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // At most a probe a second; a loop that is not cut goes round thousands of times.
    const rounds = neighbour.forwarded - after;
    assert.ok(rounds <= 3, `${rounds} queries went round`);
    assert.ok(process.cpuUsage(cpu).user < 500_000);
  } finally {
    neighbour.close();
    await scene.close();
  }
});
