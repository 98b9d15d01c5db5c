import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import type { NowEvent } from '../../src/page/figures/now-view.ts';
import type { LookUpStep } from '../../src/page/look-up/step.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import { building } from '../support/building.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { total, valuesOf } from '../support/metric-values.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startWorkers } from '../support/worker-scene.ts';

const pair = testKey(90);
const name = `www.${pair.publicKey}`;
const now = Math.floor(Date.now() / 1000);

/** Two workers with the page, a test network with a packet, and an upstream. */
const startScene = () =>
  building(async (undo) => {
    const network = await startTestNetworkThread({ nodes: 12 });
    undo(() => network.close());
    const upstream = await startScriptedUpstream();
    undo(() => upstream.close());
    const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
    undo(() => node.close());
    await node.ready();
    const { item } = signedPacket(pair, now, [aRecord(name, '192.0.2.90', 300)]);
    await node.put(item, { signal: AbortSignal.timeout(10_000) });
    const workers = await startWorkers(
      2,
      ...['--http', '127.0.0.1:0', '--upstream', upstream.spec, '--relay', 'none'],
      ...['--dht-listen', '127.0.0.1'],
      ...network.bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`]),
    );
    undo(() => workers.close());
    const { http } = await workers.status();
    const [address = ''] = 'addresses' in http ? http.addresses : [];
    return { workers, url: `http://${address}` };
  });

/** The events of a stream, as they come. */
async function* eventsOf(response: Response): AsyncGenerator<NowEvent> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const octets of response.body ?? []) {
    text += decoder.decode(octets, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) yield JSON.parse(event.replace(/^data: /, ''));
  }
}

test('with two workers the page follows the figures of both, looks names up, and metrics are of all', async () => {
  const { workers, url, close } = await startScene();
  try {
    const following = new AbortController();
    const response = await fetch(`${url}/events`, { signal: following.signal });
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/event-stream']);
    const events = eventsOf(response);
    const { value: first } = await events.next();
    assert.deepEqual(first?.figures.workers, { running: 2, wanted: 2 });
    assert.equal(first?.figures.queries, 0);

    // Each comes from a port of its own, so that the kernel has both workers answer.
    await Promise.all(Array.from({ length: 40 }, () => askUdp(workers.server, query('a.example'))));
    let seen: NowEvent | undefined;
    for await (const event of events) {
      seen = event;
      if (event.figures.queries >= 40) break;
    }
    assert.equal(seen?.figures.queries, 40);
    assert.equal((seen?.figures.cache.hits ?? 0) + (seen?.figures.cache.misses ?? 0), 40);
    following.abort();

    const stepsOf = async (typed: string): Promise<readonly LookUpStep[]> => {
      const told = await fetch(`${url}/lookup/steps?${new URLSearchParams({ name: typed })}`);
      assert.equal(told.status, 200);
      const lines = (await told.text()).trim().split('\n');
      return lines.map((line) => JSON.parse(line));
    };
    const steps = await stepsOf(name);
    for (const kind of ['question', 'place', 'packet', 'network', 'answer'] as const)
      assert.equal(steps.filter((one) => one.kind === kind).length, 1, kind);
    assert.ok(steps.filter((step) => step.kind === 'asked' && step.asked.said === 'item').length >= 8);
    assert.match(steps.find((step) => step.kind === 'answer')?.answer.text ?? '', /192\.0\.2\.90/);
    // An address in an address of the web is asked for its name.
    const [ordinary, address] = await Promise.all(['b.example', 'http://192.0.2.1:8080/'].map(stepsOf));
    assert.equal(ordinary?.find((step) => step.kind === 'answer')?.answer.source, 'upstream');
    assert.equal(address?.find((step) => step.kind === 'question')?.question.name, '1.2.0.192.in-addr.arpa.');
    const document = await (await fetch(`${url}/lookup?name=${name}`)).text();
    assert.match(document, /192\.0\.2\.90/);

    const values = valuesOf(await (await fetch(`${url}/metrics`)).text());
    assert.equal(values.get('pkarrd_workers'), 2);
    assert.equal(values.get('pkarrd_queries_total{protocol="udp",type="A"}'), 40);
    // Those of the page come without a network.
    assert.equal(total(values, 'pkarrd_queries_total'), 44);
    assert.equal(total(values, 'pkarrd_responses_total'), 44);
    assert.equal(total(values, 'pkarrd_request_duration_seconds_count'), 44);
    // The page watches the lookup, and the answer needs the same packet, which may be at hand by then: one lookup, not two.
    const answersFrom = (source: string) =>
      values.get(`pkarrd_request_duration_seconds_count{source="${source}"}`) ?? 0;
    assert.ok(answersFrom('dht') <= 1);
    assert.ok(answersFrom('dht') + answersFrom('packet') >= 1);
    assert.equal(values.get('pkarrd_internal_errors_total'), 0);
  } finally {
    await close();
  }
});
