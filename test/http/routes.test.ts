import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { isOurHost } from '../../src/http/our-host.ts';
import { createRoutes } from '../../src/http/thread/routes.ts';
import { testKey } from '../support/packets.ts';

const key = testKey(1).publicKey.text;
const addresses = [
  { host: '127.0.0.1', port: 8053 },
  { host: '::1', port: 8053 },
];

test('a host is ours when it is "localhost" or an address that is listened on, whatever its case, port and final dot', () => {
  const ours = [
    'localhost',
    'LOCALHOST:8053',
    'localhost.',
    'localhost.:1',
    '127.0.0.1',
    '127.0.0.1:8053',
    '[::1]:8053',
    '[0:0::1]',
  ];
  const others = [
    undefined,
    '',
    'localhost:',
    'evil.example',
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
  for (const host of ours) assert.ok(isOurHost(host, addresses), host);
  for (const host of others) assert.ok(!isOurHost(host, addresses), host);
});

/** A server with the routes, and what came to the gateway. */
async function serve() {
  const opened: string[] = [];
  const routes = createRoutes({
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
    addresses,
  });
  const server = createServer({ requireHostHeader: false }, routes.handle);
  server.on('upgrade', routes.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    opened,
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
    await server.raw('GET / HTTP/1.1\r\nConnection: close\r\n\r\n'),
    'HTTP/1.1 421 Misdirected Request',
  );
  assert.equal(
    await server.raw('GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
    'HTTP/1.1 421 Misdirected Request',
  );
  assert.equal(
    await server.raw(`GET http://${key}.localhost/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    'HTTP/1.1 421 Misdirected Request',
  );
  assert.equal(
    await server.raw(
      'GET / HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
    ),
    'HTTP/1.1 421 Misdirected Request',
  );
  assert.deepEqual(server.opened, []);
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

test('under our own name only the first page is there, and nobody frames, loads or caches it', async () => {
  await using server = await serve();
  const { status, headers, text } = await server.get('/?x', 'localhost');
  assert.deepEqual(
    [status, text],
    [200, 'pkarrd opens the site of a key at http://KEY.localhost, at this port.\n'],
  );
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
