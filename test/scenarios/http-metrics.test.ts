import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../src/app/status.ts';
import { Type } from '../../src/dns/codes.ts';
import { failureKinds } from '../../src/gateway/failure/failure.ts';
import { askGateway } from '../gateway/key-site.ts';
import { askRelay, type RelayRequest } from '../http/relay/ask-relay.ts';
import { startRelayServer } from '../relay/relay-server.ts';
import { startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { valuesOf } from '../support/metric-values.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { leavePacket } from './old-packet.ts';
import { startProgram, withDirectory } from './program.ts';

const now = Math.floor(Date.now() / 1000);
const http = [{ host: '127.0.0.1', port: 0 }];
const textOf = (n: number) => testKey(n).publicKey.text;
const packetOf = (n: number, at = now) =>
  signedPacket(testKey(n), at, [aRecord(textOf(n), `192.0.2.${n}`, 300)]);

/** The port of the HTTP side. */
async function portOf(app: App): Promise<number> {
  const { http: status } = await app.status();
  assert.ok(status.state === 'waiting' || status.state === 'running');
  return Number(/:(\d+)$/.exec(status.addresses[0] ?? '')?.[1]);
}

/** The counters of the metric in a scrape that are not 0, by their labels: `PUT 204`. */
async function countersOf(port: number, metric: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Object.fromEntries(
    [...valuesOf(text)].flatMap(([series, value]) => {
      if (!series.startsWith(`${metric}{`) || value === 0) return [];
      return [[[...series.matchAll(/"([^"]*)"/g)].map(([, label]) => label).join(' '), value]];
    }),
  );
}

/** Waits until the counters are these: an answer is counted when it has gone, which its client may notice before. */
async function assertCounters(
  port: number,
  metric: string,
  expected: Readonly<Record<string, number>>,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  const told = async () => JSON.stringify(Object.entries(await countersOf(port, metric)).sort());
  while ((await told()) !== JSON.stringify(Object.entries(expected).sort()))
    if (performance.now() > deadline) assert.deepEqual(await countersOf(port, metric), expected);
    else await sleep(20);
}

test('what the relay accepted, refused and limited is in its metrics, by method and status', async () => {
  const httpProxies = [{ octets: Uint8Array.of(127, 0, 0, 1), length: 32 }];
  const scene = await startAppScene({
    settings: { http, httpProxies, relayRate: 1, relayOrigins: ['https://a.example'] },
  });
  try {
    const port = await portOf(scene.app);
    /** What was answered. */
    const seen: Record<string, number> = {};
    const ask = async (request: RelayRequest) => {
      const { status } = await askRelay(port, request);
      const label = `${request.method ?? 'GET'} ${status}`.replace('DELETE', 'other');
      seen[label] = (seen[label] ?? 0) + 1;
    };
    const put = (body: Uint8Array, headers = {}, path = `/${textOf(1)}`) =>
      ask({ method: 'PUT', path, body, headers });
    const path = `/${textOf(1)}`;
    const packet = packetOf(1).toRelayPayload();
    await put(packet);
    await put(packet);
    await put(packetOf(1, now - 100).toRelayPayload());
    await put(packet.map((octet, index) => (index < 64 ? 7 : octet)));
    await put(new Uint8Array(1_073));
    await put(packetOf(1, now + 1).toRelayPayload(), { 'if-none-match': '*' });
    await put(packet, { origin: 'https://b.example' });
    await put(packet, {}, '/no-key');
    for (const query of ['', '?policy=CacheOnly', '?policy=bogus']) await ask({ path: `${path}${query}` });
    await ask({ path, headers: { 'if-none-match': '*' } });
    await ask({ path: `/${textOf(2)}` });
    await ask({ method: 'HEAD', path });
    await ask({ method: 'DELETE', path });
    await ask({ method: 'OPTIONS', path });
    const before = { ...seen };
    assert.deepEqual(before, {
      ...{ 'PUT 204': 2, 'PUT 409': 1, 'PUT 400': 2, 'PUT 413': 1, 'PUT 412': 1, 'PUT 403': 1 },
      ...{ 'GET 200': 2, 'GET 400': 1, 'GET 304': 1, 'GET 404': 1 },
      ...{ 'HEAD 200': 1, 'other 405': 1, 'OPTIONS 200': 1 },
    });
    await assertCounters(port, 'pkarrd_relay_requests_total', seen);
    // Somebody else is limited in what is published, and in requests.
    const headers = { 'x-forwarded-for': '192.0.2.200' };
    await Promise.all(Array.from({ length: 40 }, () => put(packet, headers)));
    await Promise.all(Array.from({ length: 400 }, () => ask({ path, headers })));
    assert.ok((seen['PUT 429'] ?? 0) > 0 && (seen['PUT 204'] ?? 0) > 2, JSON.stringify(seen));
    assert.ok((seen['GET 429'] ?? 0) > 0 && (seen['GET 200'] ?? 0) > 2, JSON.stringify(seen));
    await assertCounters(port, 'pkarrd_relay_requests_total', seen);
    // What is nowhere is no request to the relay.
    await askRelay(port, { path: '/x/y' });
    await assertCounters(port, 'pkarrd_relay_requests_total', seen);
  } finally {
    await scene.close();
  }
});

test('why sites are not shown is counted by kind, and every kind is told from the start', async () => {
  const scene = await startAppScene({ settings: { http } });
  try {
    const port = await portOf(scene.app);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const kind of failureKinds)
      assert.ok(text.includes(`pkarrd_gateway_failures_total{kind="${kind}"} 0\n`), kind);
    await scene.put(packetOf(3));
    const statuses = [
      await askGateway(port, `${textOf(2)}.localhost`),
      await askGateway(port, `${textOf(2)}.localhost`),
      await askGateway(port, `${'y'.repeat(52)}.localhost`),
      await askGateway(port, `${textOf(2)}.localhost`, { headers: { 'sec-fetch-site': 'cross-site' } }),
      // Its address is one for documentation, which is no machine.
      await askGateway(port, `${textOf(3)}.localhost`),
    ].map(({ status }) => status);
    assert.deepEqual(statuses.slice(0, 4), [404, 404, 400, 403]);
    await assertCounters(port, 'pkarrd_gateway_failures_total', {
      ...{ 'nothing-published': 2, 'not-a-key': 1, 'cross-site': 1, 'no-host': 1 },
    });
  } finally {
    await scene.close();
  }
});

test('the time to answer is told by where the answer came from: DHT, packet, cache, relay and store', async () => {
  await withDirectory(async (stateDir) => {
    const scene = await startAppScene({ settings: { http } });
    try {
      await scene.put(packetOf(1));
      const port = await portOf(scene.app);
      const answeredFrom = (expected: Readonly<Record<string, number>>) =>
        assertCounters(port, 'pkarrd_request_duration_seconds_count', expected);
      await askUdp(scene.server, query(textOf(1)));
      await answeredFrom({ dht: 1 });
      for (const type of [Type.AAAA, Type.TXT]) await askUdp(scene.server, query(textOf(1), type));
      await askUdp(scene.server, query(`nothing.${textOf(1)}`));
      await answeredFrom({ dht: 1, packet: 3 });
      await askUdp(scene.server, query(textOf(1)));
      await answeredFrom({ dht: 1, packet: 3, cache: 1 });
    } finally {
      await scene.close();
    }

    const relay = await startRelayServer((request, reply) => {
      if (request.path === `/${textOf(4)}`) reply.end(packetOf(4).toRelayPayload());
      else reply.writeHead(404).end();
    });
    await leavePacket(stateDir, packetOf(5), 10);
    const settings = { stateDir, bootstrap: [], dht: false, relay: [new URL(relay.url)], http };
    const program = await startProgram({ ...settings, relayUse: 'always' });
    try {
      const port = await portOf(program.app);
      const answeredFrom = (expected: Readonly<Record<string, number>>) =>
        assertCounters(port, 'pkarrd_request_duration_seconds_count', expected);
      assert.deepEqual((await program.ask(textOf(4))).addresses, ['192.0.2.4']);
      await answeredFrom({ relay: 1 });
      assert.deepEqual((await program.ask(textOf(5))).addresses, ['192.0.2.5']);
      await answeredFrom({ relay: 1, store: 1 });
      // From then on it is a packet in memory.
      await program.ask(`www.${textOf(5)}`);
      await answeredFrom({ relay: 1, store: 1, packet: 1 });
    } finally {
      await program.app.close();
      await relay.close();
    }
  });
});
