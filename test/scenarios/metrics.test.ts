import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Type } from '../../src/dns/codes.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import { query } from '../support/dns-client.ts';
import { total, valuesOf } from '../support/metric-values.ts';
import { testKey } from '../support/packets.ts';
import { prometheusIsMissing, promtool, startPrometheus } from '../support/prometheus.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { openFlood, startWorkers } from '../support/worker-scene.ts';

const monitoring = fileURLToPath(new URL('../../../docs/monitoring', import.meta.url));

/** The queries of the board, as Grafana sends them. */
const boardQueries = (
  JSON.parse(readFileSync(join(monitoring, 'grafana-board.json'), 'utf8')) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  }
).panels.flatMap(({ targets }) =>
  targets.map(({ expr }) => expr.replaceAll('$instance', '.+').replaceAll('$__rate_interval', '1m')),
);

for (const workers of [1, 2]) {
  test(`what ${workers === 1 ? 'one process counts' : 'two processes count'} under load is what was asked, in both formats, and promtool and Prometheus read it`, {
    skip: prometheusIsMissing,
  }, async () => {
    const network = await startTestNetworkThread({ nodes: 6 });
    const upstream = await startScriptedUpstream();
    const scene = await startWorkers(
      workers,
      ...[
        '--http',
        '127.0.0.1:0',
        '--upstream',
        upstream.spec,
        '--relay',
        'none',
        '--dht-listen',
        '127.0.0.1',
      ],
      ...network.bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`]),
    );
    const { http } = await scene.status();
    const [address = ''] = 'addresses' in http ? http.addresses : [];
    const scrape = async (accept?: string) => {
      const response = await fetch(
        `http://${address}/metrics`,
        accept === undefined ? {} : { headers: { accept } },
      );
      assert.equal(response.status, 200);
      return { type: response.headers.get('content-type') ?? '', text: await response.text() };
    };
    const flood = await openFlood(scene.server);
    const secret = 'nobody-must-read-this.example';
    // 40 questions of each of 5 names: some are hits, some wait for the same query, one never gets an answer from the DHT.
    const names = [secret, 'a.example', 'b.example', 'localhost', `${testKey(1).publicKey.text}`];
    for (let id = 0; id < 200; id++) {
      flood.send(query(names[id % names.length] ?? '', id % 2 === 0 ? Type.A : Type.AAAA, { id }));
      if (id % 40 === 20) await promtool(['check', 'metrics'], (await scrape()).text);
    }
    await flood.settle(200, 10_000);
    assert.equal(flood.replies.size, 200);

    const plain = await scrape();
    assert.match(plain.type, /^text\/plain; version=0\.0\.4/);
    await promtool(['check', 'metrics'], plain.text);
    const open = await scrape('application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5');
    assert.match(open.type, /^application\/openmetrics-text; version=1\.0\.0/);
    assert.match(open.text, /\n# EOF\n$/);

    for (const { text } of [plain, open]) {
      const values = valuesOf(text);
      assert.equal(values.get('pkarrd_queries_total{protocol="udp",type="A"}'), 100);
      assert.equal(values.get('pkarrd_queries_total{protocol="udp",type="AAAA"}'), 100);
      assert.equal(total(values, 'pkarrd_queries_total'), 200);
      assert.equal(total(values, 'pkarrd_responses_total'), 200);
      assert.equal(total(values, 'pkarrd_request_duration_seconds_count'), 200);
      assert.ok((values.get('pkarrd_request_duration_seconds_count{source="dht"}') ?? 0) >= 1);
      assert.ok((values.get('pkarrd_request_duration_seconds_count{source="upstream"}') ?? 0) >= 3);
      assert.ok((values.get('pkarrd_request_duration_seconds_count{source="local"}') ?? 0) >= 1);
      const asked = values.get(`pkarrd_upstream_requests_total{upstream="${upstream.spec}"}`);
      assert.ok((asked ?? 0) >= 3, String(asked));
      assert.equal(values.get('pkarrd_workers'), workers);
      assert.ok((values.get('process_resident_memory_bytes') ?? 0) > workers * 20e6);
      assert.ok((values.get('process_cpu_seconds_total') ?? 0) > 0.05);
      for (const private_ of [secret, 'a.example', testKey(1).publicKey.text, '127.0.0.1"'])
        assert.ok(!text.includes(private_), private_);
    }

    await using prometheus = await startPrometheus(address, [join(monitoring, 'pkarrd-alerts.yml')]);
    await prometheus.scraped(3);
    const [queries] = await prometheus.query('sum(pkarrd_queries_total)');
    assert.equal(queries?.value, 200);
    const [quantile] = await prometheus.query(
      'histogram_quantile(0.99, sum by (le) (pkarrd_request_duration_seconds_bucket))',
    );
    assert.ok((quantile?.value ?? 0) > 0);
    for (let id = 200; id < 220; id++) flood.send(query(`${id}.example`, Type.A, { id }));
    await flood.settle(220, 10_000);
    await prometheus.scraped(Number((await prometheus.query('count_over_time(up[1h])'))[0]?.value) + 3);
    for (const expression of boardQueries) {
      const found = await prometheus.query(expression);
      // Nothing is published, dropped, served to others or asked of the relay here.
      if (!/publication|dropped|relay|gateway|stored/.test(expression))
        assert.ok(found.length > 0, expression);
    }
    // Rules are evaluated each 0.5 s, and none has to be told of.
    assert.deepEqual(await prometheus.query('ALERTS{alertstate="firing"}'), []);
    assert.deepEqual(await prometheus.query('prometheus_rule_evaluation_failures_total > 0'), []);

    flood.close();
    await scene.close();
    await upstream.close();
    await network.close();
  });
}

test('a worker that is killed takes no counts with it', async () => {
  const scene = await startWorkers(2, '--http', '127.0.0.1:0', '--dht', 'off', '--upstream', '127.0.0.1:9');
  const { http } = await scene.status();
  const [address = ''] = 'addresses' in http ? http.addresses : [];
  const asked = async () =>
    total(valuesOf(await (await fetch(`http://${address}/metrics`)).text()), 'pkarrd_queries_total');
  const flood = await openFlood(scene.server);
  for (let id = 0; id < 100; id++) flood.send(query('localhost', Type.A, { id }));
  await flood.settle(100, 5_000);
  assert.equal(await asked(), 100);
  for (const pid of await scene.workers()) {
    process.kill(pid, 'SIGKILL');
    await scene.until(({ workers }) => workers?.running.every((one) => one.pid !== pid) ?? false);
    assert.equal(await asked(), 100);
    await scene.until(({ workers }) => workers?.running.length === 2);
    assert.equal(await asked(), 100);
  }
  flood.close();
  await scene.close();
});

test('readyz is 200 when a question is answered, and pages of other origins see neither health nor metrics', async () => {
  const scene = await startWorkers(1, '--http', '127.0.0.1:0', '--dht', 'off', '--upstream', '127.0.0.1:9');
  const { http } = await scene.status();
  const [address = ''] = 'addresses' in http ? http.addresses : [];
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const open = async (headers: Record<string, string>, method = 'GET') =>
      (await fetch(`http://${address}${path}`, { headers, method })).status;
    assert.equal(await open({}), 200, path);
    assert.equal(await open({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }), 403, path);
    assert.equal(await open({}, 'POST'), 405, path);
  }
  await scene.close();
});
