import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { RelayCalls, RelayGet, RelayPut } from '../../../src/http/calls/relay-calls.ts';
import type { RemoteCalls } from '../../../src/http/calls/remote-calls.ts';
import { relayRoutes } from '../../../src/http/relay/relay-route.ts';
import { ourHosts } from '../../../src/http/routing/our-hosts.ts';
import { respond } from '../../../src/http/routing/respond.ts';
import type { Route } from '../../../src/http/routing/route.ts';
import { createRoutes } from '../../../src/http/routing/routes.ts';
import { AccessList } from '../../../src/serve/clients/access-list.ts';
import { signedPacket, testKey } from '../../support/packets.ts';
import { askRelay } from './ask-relay.ts';

const pair = testKey(60);
const path = `/${pair.publicKey}`;
const payload = signedPacket(pair, 1_700_000_000).toRelayPayload();
const body = Uint8Array.from(payload);
/** What else there is under our own names. */
const page: Route = {
  path: '/',
  methods: ['GET'],
  access: { elsewhere: 'links', clients: 'allow-from' },
  handle: ({ response }) => respond(response, { status: 200, body: 'a page' }),
};

describe('the relay of a server that has more', () => {
  /** What the main thread was asked. */
  const asked: (RelayGet | RelayPut)[] = [];
  let origins: readonly string[] = [];
  let now = 0;
  let port = 0;
  const bugs: unknown[] = [];
  const calls = {
    async ask(of: string, question: RelayGet | RelayPut) {
      asked.push(question);
      return of === 'relay-put'
        ? { kind: 'stored', nodes: 20 }
        : { kind: 'found', payload, secondsLeft: 300, lastSeen: 0 };
    },
  };
  const proxies = new AccessList([]);
  const routes = createRoutes({
    sites: { handle: () => {}, upgrade: () => {}, close: () => {} },
    routes: [
      page,
      ...relayRoutes({
        calls: calls as unknown as RemoteCalls<RelayCalls>,
        origins: () => origins,
        now: () => now,
        nowWall: Date.now,
      }),
    ],
    isOurHost: ourHosts([{ host: '127.0.0.1', port: 0 }], () => []),
    isProxy: (address) => proxies.isAllowed(address),
    isAllowed: (client) => client === '127.0.0.1',
    onBug: (bug) => bugs.push(bug),
  });
  const server = createServer(routes.handle);
  server.on('upgrade', routes.upgrade);

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  });
  beforeEach(() => {
    asked.length = 0;
    origins = [];
    proxies.replace([]);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    assert.deepEqual(bugs, []);
  });

  const ask = async (headers: OutgoingHttpHeaders = {}, method = 'GET', at = path) =>
    await askRelay(port, { method, path: at, headers, body: method === 'PUT' ? body : undefined });
  const statusOf = async (...request: Parameters<typeof ask>) => (await ask(...request)).status;
  const elsewhere = (mode: string, dest: string, more: OutgoingHttpHeaders = {}) => ({
    'user-agent': 'Mozilla/5.0',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': mode,
    'sec-fetch-dest': dest,
    ...more,
  });
  const origin = 'https://app.example';

  test('with the defaults a page elsewhere causes no lookup, whatever it loads or sends', async () => {
    for (const named of [[], ['https://other.example']]) {
      origins = named;
      for (const dest of ['image', 'script', 'style', 'video', 'font', 'empty'])
        assert.equal(await statusOf(elsewhere('no-cors', dest)), 403, dest);
      for (const dest of ['iframe', 'document', 'object'])
        assert.equal(await statusOf(elsewhere('navigate', dest)), 403, dest);
      assert.equal(await statusOf(elsewhere('cors', 'empty', { origin })), 403);
      assert.equal(await statusOf(elsewhere('cors', 'empty', { origin, accept: 'text/event-stream' })), 403);
      assert.equal(await statusOf(elsewhere('cors', 'empty', { origin: 'null' })), 403);
      assert.equal(await statusOf({ origin }, 'PUT'), 403);
      assert.equal(await statusOf(elsewhere('navigate', 'document', { origin }), 'POST'), 403);
      const preflight = { origin, 'access-control-request-method': 'PUT' };
      const { status, headers } = await ask(preflight, 'OPTIONS');
      assert.deepEqual([status, headers['access-control-allow-origin']], [403, undefined]);
      // An old browser, of which nobody knows who had it ask.
      assert.equal(await statusOf({ 'user-agent': 'Mozilla/5.0' }), 403);
    }
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 404 /);
    assert.deepEqual(asked, []);
  });

  test('an origin that is named can use the relay, and nothing else', async () => {
    origins = [origin];
    const cors = elsewhere('cors', 'empty', { origin });
    const got = await ask(cors);
    assert.equal(got.status, 200);
    assert.deepEqual(
      [
        got.headers['access-control-allow-origin'],
        got.headers['access-control-allow-credentials'],
        got.headers.vary,
      ],
      [origin, undefined, 'origin'],
    );
    assert.equal(await statusOf(cors, 'PUT'), 204);
    assert.equal(await statusOf(cors, 'GET', '/'), 403);
    assert.equal(await statusOf({ ...cors, origin: 'https://app.example.evil.example' }), 403);
    assert.equal(await statusOf({ ...cors, origin: 'http://app.example' }), 403);
    // It reads why it is refused, too.
    const refused = await ask(cors, 'GET', `${path}?policy=x`);
    assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [400, origin]);
    // And what is no key, no method and nowhere, as with pkarr-relay.
    for (const [status, method, at] of [
      [400, 'GET', '/abc'],
      [400, 'PUT', '/pkarr/xyz'],
      [405, 'POST', path],
      [405, 'DELETE', '/pkarr/xyz'],
      [404, 'GET', '/x/y'],
      [404, 'POST', '/x/y'],
    ] as const) {
      const told = await ask(cors, method, at);
      const allowed = told.headers['access-control-allow-origin'];
      assert.deepEqual([told.status, allowed], [status, origin], `${method} ${at}`);
    }
    assert.equal((await ask(cors, 'POST')).headers.allow, 'GET, HEAD, PUT, OPTIONS');
    // A page of this origin that does not say so is anybody.
    assert.equal(await statusOf(elsewhere('no-cors', 'image')), 403);
  });

  test('an origin that is not named reads nothing of what is no key or nowhere', async () => {
    const cors = elsewhere('cors', 'empty', { origin });
    for (const at of ['/abc', '/pkarr/xyz', '/x/y']) {
      const { status, headers } = await ask(cors, 'GET', at);
      assert.equal(status, at === '/x/y' ? 404 : 403);
      assert.equal(headers['access-control-allow-origin'], undefined);
    }
    // What is no key is not told to anybody at any length.
    const { status, body: told } = await ask({}, 'GET', `/${'x'.repeat(5_000)}`);
    assert.equal(status, 400);
    assert.ok(told.length < 200, String(told));
  });

  test('a PUT tells the main thread its conditions, and a GET is judged here', async () => {
    const conditions = { 'if-match': '"x"', 'if-none-match': '*', 'if-unmodified-since': 'rubbish' };
    await ask({ ...conditions, 'if-modified-since': 'x' }, 'PUT');
    await ask({ 'if-modified-since': 'x' }, 'PUT');
    assert.deepEqual(
      asked.map((question) => 'conditions' in question && question.conditions),
      [conditions, false],
    );
    assert.equal(await statusOf({ 'if-match': '"x"' }), 412);
    assert.equal(await statusOf({ 'if-match': '*', 'if-none-match': '*' }), 304);
  });

  test('a body in a range or with a coding is refused before it is read, and one that is too large before it is sent', async () => {
    assert.equal(await statusOf({ 'content-range': 'bytes 0-9/100' }, 'PUT'), 400);
    const coded = await ask({ 'content-encoding': 'gzip' }, 'PUT');
    assert.deepEqual([coded.status, coded.headers['accept-encoding']], [415, 'identity']);
    assert.deepEqual(asked, []);
    assert.equal(await statusOf({ 'content-encoding': 'identity' }, 'PUT'), 204);
  });

  test('a packet that is dated far ahead is taken, and who puts it is told', async () => {
    const seconds = Math.round(Date.now() / 1_000);
    for (const [ahead, days] of [
      [-60, undefined],
      [86_000, undefined],
      [10 * 86_400 + 60, '10 days'],
    ] as const) {
      const own = Uint8Array.from(signedPacket(pair, seconds + ahead).toRelayPayload());
      const { status, headers } = await askRelay(port, { method: 'PUT', path, body: own });
      assert.equal(status, 204);
      assert.equal(String(headers['pkarr-warning']).includes(days ?? 'undefined'), true, `${ahead}`);
    }
  });

  test('with "*" every origin can, without credentials', async () => {
    origins = ['*'];
    for (const any of [origin, 'null', 'http://localhost:3000']) {
      const { status, headers } = await ask(elsewhere('cors', 'empty', { origin: any }));
      assert.deepEqual([status, headers['access-control-allow-origin']], [200, '*']);
    }
    assert.equal(await statusOf(elsewhere('no-cors', 'image')), 403);
  });

  test('pages of this server and other programs need no name', async () => {
    const own = `http://127.0.0.1:${port}`;
    assert.equal(await statusOf({ 'sec-fetch-site': 'same-origin', origin: own }, 'PUT'), 204);
    assert.equal(await statusOf({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }), 200);
    assert.equal(await statusOf({ origin: own }, 'PUT'), 204);
    assert.equal(await statusOf({ 'user-agent': 'curl/8' }, 'PUT'), 204);
    assert.equal((await ask({ origin: own })).headers['access-control-allow-origin'], undefined);
  });

  test('a name that was made to lead here gets 421 for a key too', async () => {
    origins = ['*'];
    assert.equal(await statusOf({ host: 'evil.example' }), 421);
    assert.equal(await statusOf({ host: '127.0.0.1.evil.example' }, 'PUT'), 421);
    assert.deepEqual(asked, []);
  });

  test('clients are told apart by what a proxy says that is known, by IPv4 address and by the /64 of IPv6', async () => {
    proxies.replace([{ octets: Uint8Array.of(127, 0, 0, 1), length: 32 }]);
    const flood = async (...clients: readonly string[]) => {
      const statuses = clients.map((client) => statusOf({ 'x-forwarded-for': client }));
      return (await Promise.all(statuses)).filter((status) => status === 429).length;
    };
    const many = (of: (n: number) => string) => flood(...Array.from({ length: 130 }, (_, n) => of(n)));
    assert.equal(await many(() => '192.0.2.1'), 30);
    assert.equal(await many((n) => `2001:db8:0:1::${n.toString(16)}`), 30);
    assert.equal(await many((n) => `2001:db8:1:${n.toString(16)}::1`), 0);
    // Who writes the header itself is before the proxy, which adds the truth.
    assert.equal(await many((n) => `203.0.113.${n}, 192.0.2.2`), 30);
    const { status, headers } = await ask({ 'x-forwarded-for': '192.0.2.1' });
    assert.deepEqual([status, headers['retry-after']], [429, '1']);
    now += 1_000;
    assert.equal(await statusOf({ 'x-forwarded-for': '192.0.2.1' }), 200);
    // A proxy that nobody told of is no client of this machine, and so has no page.
    proxies.replace([]);
    assert.equal(await statusOf({ 'x-forwarded-for': '127.0.0.1' }, 'GET', '/'), 403);
    assert.equal(await statusOf({ forwarded: 'for=127.0.0.1' }, 'GET', '/'), 403);
    assert.equal(await statusOf({}, 'GET', '/'), 200);
  });
});
