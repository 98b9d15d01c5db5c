import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { FailureCounts } from '../../../src/gateway/failure/failure-counts.ts';
import { LookupError } from '../../../src/gateway/lookups.ts';
import { acceptedFormat } from '../../../src/http/metrics/accepted-format.ts';
import { metricsRoutes } from '../../../src/http/metrics/metrics-routes.ts';
import { RequestCounts } from '../../../src/http/routing/request-counts.ts';
import { createRoutes } from '../../../src/http/routing/routes.ts';

test('who prefers OpenMetrics or likes both gets it, and anybody else the format of Prometheus', () => {
  const accepted: readonly (readonly [string | undefined, string])[] = [
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'prometheus'],
    ['text/plain;version=0.0.4', 'prometheus'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
    ['application/openmetrics-text;q=0.3, text/plain;q=0.9', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=rubbish', 'prometheus'],
  ];
  for (const [accept, format] of accepted) assert.equal(acceptedFormat(accept), format, accept);
});

/** The routes with a main thread that answers so. */
async function serve(answers: Readonly<Record<string, () => Promise<unknown>>>, isAllowed = true) {
  const counts = new RequestCounts();
  const ask = (of: string, _: unknown, signal: AbortSignal) =>
    answers[of]?.() ??
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  const routes = createRoutes({
    sites: { handle() {}, upgrade() {}, close() {} },
    routes: metricsRoutes({ ask } as never, { requests: counts, failures: new FailureCounts() }),
    isOurHost: () => true,
    isProxy: () => false,
    isAllowed: () => isAllowed,
    counts,
    onBug: (error) => assert.fail(String(error)),
  });
  const server = createServer((request, response) => routes.handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    counts,
    get: async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
      return [response.status, await response.text()] as const;
    },
    close: () => server.close(),
  };
}

test('readyz says in a sentence that no question is answered, and healthz that nothing is done in time', async () => {
  const server = await serve({ readiness: async () => false });
  assert.deepEqual(await server.get('/readyz'), [
    503,
    'pkarrd does not answer a question that it asked itself.\n',
  ]);
  assert.deepEqual(await server.get('/healthz'), [503, 'pkarrd is too busy to say how it does.\n']);
  server.close();
});

test('a main thread that has too much to do makes health a 503 and no internal error', async () => {
  const busy = () => Promise.reject(new LookupError('busy', 'Too many requests are being answered.'));
  const server = await serve({ health: busy, readiness: busy });
  for (const path of ['/healthz', '/readyz']) assert.equal((await server.get(path))[0], 503, path);
  server.close();
});

test('only clients of allow-from see metrics and health, and what they are told is counted', async () => {
  const server = await serve({ health: async () => undefined }, false);
  for (const path of ['/metrics', '/healthz', '/readyz'])
    assert.equal((await server.get(path))[0], 403, path);
  assert.deepEqual(server.counts.snapshot(), [{ service: 'other', method: 'GET', code: 403, count: 3 }]);
  server.close();
});

test('methods that nobody knows are one series', () => {
  const counts = new RequestCounts();
  for (const method of ['BREW', 'PROPFIND', undefined]) counts.count('relay', method, 405);
  assert.deepEqual(counts.snapshot(), [{ service: 'relay', method: 'other', code: 405, count: 3 }]);
});
