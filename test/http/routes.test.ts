import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { LookupError } from '../../src/gateway/lookups.ts';
import { ourHosts } from '../../src/http/routing/our-hosts.ts';
import { respond } from '../../src/http/routing/respond.ts';
import type { Route } from '../../src/http/routing/route.ts';
import { createRoutes } from '../../src/http/routing/routes.ts';
import { testKey } from '../support/packets.ts';
import { firstRoute } from './first-route.ts';

const key = testKey(1).publicKey.text;
const addresses = [
  { host: '127.0.0.1', port: 8053 },
  { host: '::1', port: 8053 },
];
const names = ['relay.example'];
const isOurHost = ourHosts(addresses, () => names);

test('a host is ours when it is "localhost", an address that is listened on or a configured name, whatever its case, port and final dot', () => {
  const ours = [
    'localhost',
    'LOCALHOST:8053',
    'localhost.',
    'localhost.:1',
    '127.0.0.1',
    '127.0.0.1:8053',
    '[::1]:8053',
    '[0:0::1]',
    // RFC 3986 §3.2.3: a port may be empty.
    'localhost:',
    'relay.example',
    'Relay.Example.:443',
  ];
  const others = [
    undefined,
    '',
    'evil.example',
    'www.relay.example',
    'evil.example:8053',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.0.0.2',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0.0.0.0',
    '[::]',
    '::1',
    '[::1',
    '127.0.0.1:8053:1',
    '127.0.0.1 ',
    'a@localhost',
    'localhost/',
    'localhost\u0000',
    `${'a'.repeat(300)}`,
  ];
  for (const host of ours) assert.ok(isOurHost(host), host);
  for (const host of others) assert.ok(!isOurHost(host), host);
});

/** Routes of each kind of access, and two that fail. */
const routes: readonly Route[] = [
  firstRoute,
  route('/own', { elsewhere: 'nothing', clients: 'allow-from' }),
  route('/all', { elsewhere: 'judged-here', clients: 'everybody' }),
  {
    ...route('/bug', { elsewhere: 'nothing', clients: 'everybody' }),
    handle: () => Promise.reject(new Error('a bug')),
  },
  {
    ...route('/busy', { elsewhere: 'nothing', clients: 'everybody' }),
    handle: () => Promise.reject(new LookupError('busy', 'Too many requests are being answered.')),
  },
  {
    ...route('/late-bug', { elsewhere: 'nothing', clients: 'everybody' }),
    handle({ response }) {
      response.write('begun');
      throw new Error('a late bug');
    },
  },
];

function route(path: string, access: Route['access']): Route {
  return {
    path,
    methods: ['GET'],
    access,
    handle({ response, path: asked, query }) {
      const headers = { 'content-security-policy': "default-src 'self'" };
      respond(response, { status: 200, headers, body: `${asked} ${query.get('q')}` });
    },
  };
}

/** A server with the routes, and what came to the gateway. */
async function serve({ isAllowed = true, localAddress = '127.0.0.1' } = {}) {
  const opened: string[] = [];
  const bugs: unknown[] = [];
  const served = createRoutes({
    sites: {
      handle(request, response) {
        opened.push(String(request.headers.host));
        response.end('a site');
      },
      upgrade(request, socket) {
        opened.push(`upgrade ${request.headers.host}`);
        socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      },
      close() {},
    },
    routes,
    isOurHost,
    isProxy: () => false,
    isAllowed: () => isAllowed,
    onBug: (bug) => bugs.push(bug),
  });
  const server = createServer({ requireHostHeader: false }, served.handle);
  server.on('connection', (socket) => Object.defineProperty(socket, 'localAddress', { value: localAddress }));
  server.on('upgrade', served.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    opened,
    bugs,
    port,
    /** Sends these octets, and resolves with the status line. */
    async raw(text: string): Promise<string> {
      const socket = connect(port, '127.0.0.1');
      socket.end(text);
      let received = '';
      for await (const octets of socket) received += octets;
      return received.split('\r\n')[0] ?? '';
    },
    async get(path: string, host: string, method = 'GET', headers: Readonly<Record<string, string>> = {}) {
      const request = httpRequest({ port, path, method, headers: { host, ...headers } }).end();
      const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
      let text = '';
      for await (const octets of response) text += octets;
      return { status: response.statusCode, headers: response.headers, text };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a name of somebody else gets 421 before anything else, whatever is asked', async () => {
  await using server = await serve();
  for (const path of ['/', '/dns-query', `/${key}`, '/metrics']) {
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example:8053',
      `${key}`,
      `${key}.localhost.evil.example`,
    ])
      assert.equal((await server.get(path, host)).status, 421, `${host}${path}`);
  }
  assert.equal(
    await server.raw(
      'GET / HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
    ),
    'HTTP/1.1 421 Misdirected Request',
  );
  assert.deepEqual(server.opened, []);
});

test('an absolute target is taken, and its host is the one that counts, whatever "Host" says', async () => {
  await using server = await serve();
  const ask = async (target: string, host = 'evil.example') =>
    (await server.raw(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).slice(9, 12);
  for (const target of [
    'http://localhost/',
    'HTTP://LocalHost:8053',
    'http://127.0.0.1?x',
    'http://[::1]:1/',
  ])
    assert.equal(await ask(target), '200', target);
  assert.equal(await ask('http://localhost/x'), '404');
  for (const target of [
    'http://evil.example/',
    'http://a@localhost/',
    'http:///',
    // Of another scheme than is spoken here.
    'https://localhost/',
  ])
    assert.equal(await ask(target, 'localhost'), '421', target);
  assert.deepEqual(server.opened, []);
  assert.equal(await ask(`http://${key}.localhost/path`, 'localhost'), '200');
  await server.raw(
    `GET http://www.${key}.localhost/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n`,
  );
  assert.deepEqual(server.opened, [`${key}.localhost`, `upgrade www.${key}.localhost`]);
});

test('a key before "localhost" is a site, with names below it, in any case and with any port', async () => {
  await using server = await serve();
  const hosts = [
    `${key}.localhost`,
    `www.${key}.localhost:8053`,
    `${key.toUpperCase()}.LOCALHOST.:1`,
    `_a.b-c.${key}.localhost`,
  ];
  for (const host of hosts) assert.equal((await server.get('/path', host)).text, 'a site', host);
  await server.raw(
    `GET / HTTP/1.1\r\nHost: ${key}.localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n`,
  );
  assert.deepEqual(server.opened, [...hosts, `upgrade ${key}.localhost`]);
});

test('no site is opened at an address that the network reaches', async () => {
  for (const localAddress of ['192.168.0.2', '::ffff:10.0.0.1', '2001:db8::1']) {
    await using server = await serve({ localAddress });
    const upgrade = `Host: ${key}.localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n`;
    assert.equal(await server.raw(`GET / HTTP/1.1\r\n${upgrade}`), 'HTTP/1.1 421 Misdirected Request');
    assert.equal((await server.get('/', `${key}.localhost`)).status, 421);
    assert.deepEqual(server.opened, []);
  }
});

test('no site is opened for whom a proxy of this machine passes on', async () => {
  await using server = await serve();
  for (const header of ['x-forwarded-for', 'forwarded'])
    assert.equal((await server.get('/', `${key}.localhost`, 'GET', { [header]: '203.0.113.2' })).status, 421);
  assert.deepEqual(server.opened, []);
});

test('a browser that tells the origin alone is believed', async () => {
  await using server = await serve();
  const ask = async (origin: string) => (await server.get('/own', 'localhost', 'GET', { origin })).status;
  assert.equal(await ask('https://evil.example'), 403);
  assert.equal(await ask('null'), 403);
  assert.equal(await ask('http://localhost'), 200);
});

test('under our own name only the routes are there, and nobody frames, loads or caches it', async () => {
  await using server = await serve();
  const { status, headers, text } = await server.get('/?x', 'localhost');
  assert.deepEqual([status, text], [200, 'the page\n']);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
  assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
  assert.equal((await server.get('/x', 'localhost')).status, 404);
  const refused = await server.get('/', '127.0.0.1:1', 'POST');
  assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD']);
  assert.deepEqual(server.opened, []);
});

test('what is ours is not given to the pages of others, but for a link that a person follows', async () => {
  await using server = await serve();
  const ask = async (site: string, mode: string, dest: string) => {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest };
    return (await server.get('/', 'localhost', 'GET', headers)).status;
  };
  for (const site of ['cross-site', 'same-site']) {
    for (const dest of ['empty', 'image', 'script']) assert.equal(await ask(site, 'no-cors', dest), 403);
    assert.equal(await ask(site, 'cors', 'empty'), 403);
    assert.equal(await ask(site, 'navigate', 'iframe'), 403);
    assert.equal(await ask(site, 'navigate', 'document'), 200);
  }
  for (const site of ['same-origin', 'none']) assert.equal(await ask(site, 'no-cors', 'image'), 200);
});

test('what a browser fetches ahead is refused, whoever has it do so', async () => {
  await using server = await serve();
  for (const site of ['cross-site', 'same-site', 'none', 'same-origin']) {
    const link = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const { status } = await server.get('/', 'localhost', 'GET', { ...link, 'sec-purpose': 'prefetch' });
    assert.equal(status, 403, site);
  }
  const named = { 'sec-fetch-site': 'none', referer: 'https://x.example/' };
  assert.equal((await server.get('/', 'localhost', 'GET', named)).status, 403);
});

test('a route that is for nobody else does not even take links, and one with rules of its own takes everything', async () => {
  await using server = await serve();
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  assert.equal((await server.get('/own', 'localhost', 'GET', link)).status, 403);
  assert.equal((await server.get('/own', 'localhost', 'POST', link)).status, 403);
  assert.equal((await server.get('/own', 'localhost', 'GET', { 'sec-fetch-site': 'none' })).status, 200);
  assert.equal((await server.get('/all', 'localhost', 'GET', link)).status, 200);
});

test('a client that "allow-from" does not have gets what is for everybody, and nothing else', async () => {
  await using server = await serve({ isAllowed: false });
  const statuses = ['/', '/own', '/all'].map(async (path) => (await server.get(path, 'localhost')).status);
  assert.deepEqual(await Promise.all(statuses), [403, 403, 200]);
});

test('a route is given its path and query, and has headers of its own in the place of ours', async () => {
  await using server = await serve();
  const { text, headers } = await server.get('/own?q=a?b', 'localhost');
  assert.equal(text, '/own a?b');
  assert.equal(headers['content-security-policy'], "default-src 'self'");
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('a route that fails costs one answer, and is told', async () => {
  await using server = await serve();
  assert.equal((await server.get('/bug', 'localhost')).status, 500);
  await assert.rejects(server.get('/late-bug', 'localhost'), { code: 'ECONNRESET' });
  assert.deepEqual(server.bugs.map(String), ['Error: a bug', 'Error: a late bug']);
  assert.equal((await server.get('/', 'localhost')).status, 200);
});

test('a main thread that has too much to do is told as that, and is no internal error', async () => {
  await using server = await serve();
  const { status, headers, text } = await server.get('/busy', 'localhost');
  assert.deepEqual(
    [status, headers['retry-after'], text],
    [503, '1', 'Too many requests are being answered.\n'],
  );
  assert.deepEqual(server.bugs, []);
});

test('an answer that comes before the end of its request reaches who is still sending, who is then ended', async () => {
  await using server = await serve();
  for (const connection of ['keep-alive', 'close']) {
    const request = httpRequest({
      ...{ port: server.port, path: '/', method: 'POST', agent: false },
      headers: { host: 'localhost', connection },
    });
    request.on('error', () => {});
    const block = Buffer.alloc(16_384);
    const flood = setInterval(() => request.write(block), 1);
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const octets of response) text += octets;
    assert.deepEqual([response.statusCode, text], [405, 'Method Not Allowed\n']);
    while (!request.closed) await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(flood);
  }
  // Who comes to an end goes on with the same connection.
  const body = 'x'.repeat(100_000);
  const post = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`${post}GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let received = '';
  for await (const octets of socket) received += octets;
  assert.deepEqual(received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 405', 'HTTP/1.1 200']);
});

test('a request without a host, or with several, is malformed', async () => {
  await using server = await serve();
  const bad = 'HTTP/1.1 400 Bad Request';
  const upgrade = 'Upgrade: websocket\r\nConnection: upgrade\r\n\r\n';
  for (const target of ['/', `/${key}`, 'http://localhost/']) {
    assert.equal(await server.raw(`GET ${target} HTTP/1.1\r\nConnection: close\r\n\r\n`), bad);
    for (const hosts of ['localhost localhost', 'localhost evil.example', `${key}.localhost localhost`]) {
      const lines = hosts.split(' ').map((host) => `Host: ${host}\r\n`);
      assert.equal(
        await server.raw(`GET ${target} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n`),
        bad,
      );
    }
  }
  assert.equal(await server.raw(`GET / HTTP/1.1\r\n${upgrade}`), bad);
  assert.equal(await server.raw(`GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n${upgrade}`), bad);
  // RFC 9112 §3.2 has it in HTTP/1.1 alone.
  assert.equal(await server.raw('GET / HTTP/1.0\r\n\r\n'), 'HTTP/1.1 421 Misdirected Request');
  assert.deepEqual(server.opened, []);
});
