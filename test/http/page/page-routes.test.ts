import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { LookupError } from '../../../src/gateway/lookups.ts';
import type { Calls, LookUpRequest } from '../../../src/http/calls/calls.ts';
import type { RemoteCalls } from '../../../src/http/calls/remote-calls.ts';
import { pageRoutes } from '../../../src/http/page/page-routes.ts';
import { createRoutes } from '../../../src/http/routing/routes.ts';
import { pageFiles } from '../../../src/page/built/page-files.ts';
import type { LookUpStep } from '../../../src/page/look-up/step.ts';
import type { NamesView } from '../../../src/page/names/view.ts';
import { figures } from '../../page/figures.ts';
import { askHttp1 } from '../../support/http-client.ts';

const question: Extract<LookUpStep, { kind: 'question' }> = {
  kind: 'question',
  question: { name: 'example.com.', type: 'A', command: 'dig example.com. A' },
};
const answer: LookUpStep = {
  kind: 'answer',
  answer: {
    text: 'example.com. 60 IN A 192.0.2.7',
    rcode: 'NOERROR',
    isCached: false,
    way: [],
    advice: [],
    tookMs: 5,
  },
};

const namesView: NamesView = {
  names: [{ name: 'alice', key: 'KEY', from: 'added', isHidden: false }],
  keys: [],
  left: 0,
};

/** The page, over a main thread that the test plays. */
async function serve() {
  const asked: LookUpRequest[] = [];
  let figuresAsked = 0;
  const bugs: unknown[] = [];
  const calls = {
    async ask(of: keyof Calls, request: unknown, _signal: AbortSignal, onPart: (part: unknown) => void) {
      if (of === 'names') return namesView;
      if (of === 'figures') return figures({ queries: 100 + ++figuresAsked });
      asked.push(request as LookUpRequest);
      const { name } = request as LookUpRequest;
      if (name === 'busy') throw new LookupError('busy', 'Too many requests.');
      if (name === 'broken') throw new LookupError('internal', 'An internal error.');
      if (name === 'limited') {
        onPart({ kind: 'problem', sentence: 'Too many names.', cause: 'limited' });
        return undefined;
      }
      if (name === 'too-many-keys') {
        onPart({ ...question, question: { ...question.question, key: 'y' } });
        onPart({ kind: 'network', network: { outcome: 'busy', atMs: 1 } });
        return undefined;
      }
      for (const step of [question, answer]) onPart(step);
      return undefined;
    },
  } as Pick<RemoteCalls<Calls>, 'ask'>;
  const routes = createRoutes({
    sites: { handle() {}, upgrade() {}, close() {} },
    routes: pageRoutes(calls, (bug) => bugs.push(bug)),
    isOurHost: () => true,
    isProxy: () => false,
    isAllowed: () => true,
    onBug: (bug) => bugs.push(bug),
  });
  const server = createServer(routes.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    asked,
    bugs,
    port,
    figuresAsked: () => figuresAsked,
    get: (path: string, headers: Readonly<Record<string, string>> = {}) =>
      askHttp1({ host: '127.0.0.1', port }, { path, headers }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      assert.deepEqual(bugs, []);
    },
  };
}

test('a document may load its own script and style, and nothing else', async () => {
  await using page = await serve();
  for (const path of ['/', '/lookup', '/names', '/publish']) {
    const { status, headers } = await page.get(path);
    assert.equal(status, 200);
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['cache-control'], 'no-store');
  }
});

test('what it loads is there in the coding that the browser takes, and may be kept for ever', async () => {
  await using page = await serve();
  const html = String((await page.get('/')).body);
  const paths = [...html.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(([, path = '']) => path);
  assert.equal(paths.length, 2);
  for (const path of paths) {
    const plain = await page.get(path);
    const gzip = await page.get(path, { 'accept-encoding': 'gzip, deflate' });
    const br = await page.get(path, { 'accept-encoding': 'gzip, deflate, br, zstd' });
    const refused = await page.get(path, { 'accept-encoding': 'br;q=0, gzip;q=0.0' });
    assert.deepEqual(gunzipSync(gzip.body), plain.body);
    assert.deepEqual(brotliDecompressSync(br.body), plain.body);
    assert.deepEqual(refused.body, plain.body);
    assert.deepEqual(
      [plain, gzip, br, refused].map(({ headers }) => headers['content-encoding']),
      [undefined, 'gzip', 'br', undefined],
    );
    assert.match(String(plain.headers['cache-control']), /immutable/);
    assert.match(String(plain.headers['content-type']), /^text\/(?:css|javascript)/);
  }
});

test('a look-up without scripting is a document with the answer', async () => {
  await using page = await serve();
  const { body } = await page.get('/lookup?name=example.com&type=A');
  assert.match(String(body), /example\.com\. 60 IN A 192\.0\.2\.7/);
  assert.deepEqual(page.asked, [{ name: 'example.com', type: 'A', client: '127.0.0.1' }]);
});

test('a look-up in steps is a line for each', async () => {
  await using page = await serve();
  const { body, headers } = await page.get('/lookup/steps?name=example.com&type=');
  const lines = String(body).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [question, answer],
  );
  assert.equal(headers['content-type'], 'application/x-ndjson');
});

test('a look-up that cannot be done now says why in both forms, and when to come again', async () => {
  await using page = await serve();
  for (const [name, status, sentence] of [
    ['busy', 503, 'Too many requests.'],
    ['limited', 429, 'Too many names.'],
    ['too-many-keys', 429, 'Too many keys were looked up in a short time: try again in a moment.'],
    ['broken', 500, 'An internal error.'],
  ] as const) {
    const whole = await page.get(`/lookup?name=${name}`);
    assert.deepEqual(
      [whole.status, whole.headers['retry-after']],
      [status, status === 500 ? undefined : '1'],
    );
    assert.ok(String(whole.body).includes(sentence), name);
    const steps = await page.get(`/lookup/steps?name=${name}`);
    const [first] = String(steps.body).trim().split('\n');
    const { kind, cause, sentence: told } = JSON.parse(first ?? '');
    // What comes up after the first step is told by its step alone.
    const isAtOnce = kind === 'problem';
    assert.equal(isAtOnce, name !== 'too-many-keys');
    assert.deepEqual([steps.status, isAtOnce ? told : sentence], [isAtOnce ? status : 200, sentence]);
    assert.equal(steps.headers['retry-after'], isAtOnce ? whole.headers['retry-after'] : undefined);
    if (isAtOnce) assert.equal(cause, { 503: 'busy', 429: 'limited', 500: 'internal' }[status]);
  }
});

test('HEAD of a look-up causes none, and tells no other length than GET would', async () => {
  await using page = await serve();
  const ask = async (path: string, method: string) =>
    await askHttp1({ host: '127.0.0.1', port: page.port }, { path, method });
  const [head, get] = [await ask('/lookup', 'HEAD'), await ask('/lookup', 'GET')];
  assert.equal(head.headers['content-length'], get.headers['content-length']);
  const asked = await ask('/lookup?name=example.com', 'HEAD');
  const { 'content-length': length, 'transfer-encoding': coding, ...headers } = asked.headers;
  assert.deepEqual([asked.status, length, coding], [200, undefined, undefined]);
  const { 'content-length': _, ...those } = (await ask('/lookup?name=example.com', 'GET')).headers;
  assert.deepEqual({ ...headers, date: '' }, { ...those, date: '' });
  assert.equal(page.asked.length, 1);
});

test('no page elsewhere has a browser look anything up, or follow the figures, by a link neither', async () => {
  await using page = await serve();
  const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  for (const site of ['cross-site', 'same-site']) {
    for (const path of ['/lookup?name=a', '/lookup/steps?name=a', '/events']) {
      assert.equal((await page.get(path, { 'sec-fetch-site': site, ...link })).status, 403, path);
      assert.equal((await page.get(path, { 'sec-fetch-site': site })).status, 403, path);
    }
    // The page itself may be linked to.
    assert.equal((await page.get('/', { 'sec-fetch-site': site, ...link })).status, 200);
    assert.equal((await page.get('/', { 'sec-fetch-site': site })).status, 403);
  }
  assert.deepEqual(page.asked, []);
});

test('the figures are asked for once a second, however many look', async () => {
  await using page = await serve();
  const followers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const response = await fetch(`http://127.0.0.1:${page.port}/events`);
      assert.equal(response.headers.get('content-type'), 'text/event-stream');
      return response.body?.getReader();
    }),
  );
  await Promise.all(Array.from({ length: 20 }, () => page.get('/')));
  const before = page.figuresAsked();
  for (const reader of followers) {
    const { value } = (await reader?.read()) ?? {};
    assert.match(new TextDecoder().decode(value), /^data: \{"figures":.*"queries":\d+.*\n\n$/);
  }
  assert.ok(page.figuresAsked() <= before + 2, `${page.figuresAsked()} after ${before}`);
  for (const reader of followers) await reader?.cancel();
});

test('more pages than are told the figures get 503, and one that leaves makes room', async () => {
  await using page = await serve();
  const open = () => fetch(`http://127.0.0.1:${page.port}/events`);
  const followers = await Promise.all(Array.from({ length: 64 }, open));
  assert.equal((await open()).status, 503);
  await followers[0]?.body?.cancel();
  let status = 503;
  for (let tries = 0; tries < 100 && status === 503; tries++) {
    const next = await open();
    status = next.status;
    await next.body?.cancel();
  }
  assert.equal(status, 200);
  for (const follower of followers.slice(1)) await follower.body?.cancel();
});

test('a key is asked for only where browsers trust the way to the page', async () => {
  await using page = await serve();
  const editor = async (host: string) =>
    String((await page.get('/publish', { host })).body).includes('Make a new key');
  for (const host of ['localhost:8053', '127.0.0.1:8053', '[::1]:8053', 'LOCALHOST.'])
    assert.ok(await editor(host), host);
  for (const host of ['pi.lan:8053', '192.168.1.2', '127.0.0.1.example', 'localhost.example'])
    assert.ok(!(await editor(host)), host);
});

test('the scripts and the style are small', () => {
  const sizes = pageFiles.map(({ name, brotli }) => ({
    name,
    octets: gzipSync(brotliDecompressSync(Buffer.from(brotli, 'base64'))).length,
  }));
  assert.equal(sizes.length, 3);
  for (const { name, octets } of sizes) assert.ok(octets <= 45_000, `${name}: ${octets}`);
  assert.ok(sizes.reduce((sum, { octets }) => sum + octets, 0) <= 60_000);
});

test('names are shown under a name of this machine alone', async () => {
  await using page = await serve();
  const { body } = await page.get('/names', { host: `localhost:${page.port}` });
  assert.match(String(body), new RegExp(`<a href="http://alice\\.localhost:${page.port}/">alice</a>`));
  for (const host of ['dns.example', '192.0.2.1', 'localhost.example', '127.0.0.1.example']) {
    const { status, body: refused } = await page.get('/names', { host });
    assert.equal(status, 403, host);
    assert.doesNotMatch(String(refused), /alice/);
  }
});
