import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import { askGateway, closed, openSite, packetOf, portOf, type Wishes } from '../gateway/key-site.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { testKey } from '../support/packets.ts';

/** Megabytes that are fetched and sent; PKARRD_GATEWAY_MEGABYTES=1000 is a long test. */
const { PKARRD_GATEWAY_MEGABYTES: megabytes = '100' } = process.env;
const MEGABYTES = Number(megabytes);
const MEGABYTE = 1_000_000;
/** Octets that the whole process, site and client included, may take more meanwhile. */
const MORE_MEMORY = 70 * MEGABYTE;
const WARM_UP = 50;

const [key, alias, stranger] = [testKey(31), testKey(32), testKey(33)];
const unpublished = Array.from({ length: 6 }, (_, index) => testKey(40 + index));
const now = Math.floor(Date.now() / 1000);

/** A site that has something of everything. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const count = /^\/large\/(\d+)$/.exec(request.url ?? '')?.[1];
  if (count !== undefined) {
    answerMegabytes(response, Number(count));
    return;
  }
  switch (request.url) {
    case '/dies':
      response.write('x'.repeat(1000));
      setTimeout(() => request.socket.destroy(), 20);
      return;
    case '/elsewhere':
      response.writeHead(302, { location: `https://www.${alias.publicKey}/there` }).end();
      return;
    case '/upload': {
      let octets = 0;
      request.on('data', (data: Buffer) => {
        octets += data.length;
      });
      request.on('end', () => response.end(String(octets)));
      return;
    }
    default:
      response.end(`site of ${request.headers.host}`);
  }
}

function answerMegabytes(response: ServerResponse, count: number): void {
  const block = Buffer.alloc(MEGABYTE / 10, 'x');
  let left = count * 10;
  const send = () => {
    while (left > 0) {
      left -= 1;
      if (!response.write(block)) {
        response.once('drain', send);
        return;
      }
    }
    response.end();
  };
  send();
}

/** The most memory that the process had while `work` ran, over what it had before, in octets. */
async function memoryOf(work: () => Promise<void>): Promise<number> {
  const start = process.memoryUsage().rss;
  let most = start;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - start;
}

describe('the gateway of the whole program, with packets in a DHT', () => {
  let scene: AppScene;
  let site: Server;
  let port: number;

  before(async () => {
    const gatewayPrivate = [key, alias].map(({ publicKey }) => publicKey.text);
    scene = await startAppScene({ settings: { http: [{ host: '127.0.0.1', port: 0 }], gatewayPrivate } });
    const { http } = await scene.app.status();
    assert.ok(http.state === 'waiting');
    port = Number(/:(\d+)$/.exec(http.addresses[0] ?? '')?.[1]);
    site = await openSite(key, answer);
    site.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => {});
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.pipe(socket);
    });
    const at = portOf(site);
    await scene.put(packetOf(key, `@ HTTPS 1 . port=${at}\n@ A 127.0.0.1`, now));
    const zone = [
      `www CNAME ${key.publicKey}.`,
      `mode HTTPS 0 ${key.publicKey}.`,
      `@ HTTPS 1 ${key.publicKey}. port=${at}`,
      `own HTTPS 1 . port=${at}`,
      'own A 127.0.0.1',
    ];
    await scene.put(packetOf(alias, zone.join('\n'), now));
    await scene.put(packetOf(stranger, `@ HTTPS 1 . port=${at}\n@ A 127.0.0.1\nlan A 192.168.1.1`, now));
  });

  after(async () => {
    await closed(site);
    await scene.close();
  });

  const ask = (pair: KeyPair, labels = '', wishes: Wishes = {}) =>
    askGateway(port, `${labels}${pair.publicKey}.localhost:${port}`, wishes);

  test('a site is verified against the key of the last packet, whichever signed alias leads there', async () => {
    for (const [pair, labels] of [
      [key, ''],
      [alias, 'www.'],
      [alias, 'mode.'],
      [alias, ''],
    ] as const) {
      const { status, body, headers } = await ask(pair, labels);
      assert.deepEqual([status, body], [200, `site of ${labels}${pair.publicKey}`]);
      assert.equal(headers['pkarrd-site'], `verified; key=${key.publicKey}`);
    }
    const { status, headers } = await ask(alias, 'own.');
    assert.deepEqual([status, headers['pkarrd-failure']], [502, 'wrong-key']);
  });

  test('a redirect to another key leads to its own origin, where everything starts anew', async () => {
    const { status, headers } = await ask(key, '', { path: '/elsewhere' });
    assert.equal(status, 302);
    const location = new URL(headers.location ?? '');
    assert.equal(location.host, `www.${alias.publicKey}.localhost:${port}`);
    const next = await askGateway(port, location.host, { path: location.pathname });
    assert.equal(next.body, `site of www.${alias.publicKey}`);
  });

  test('who is not in gateway-private leads neither to this machine nor to its network', async () => {
    for (const labels of ['', 'lan.']) {
      const { status, headers } = await ask(stranger, labels);
      assert.deepEqual([status, headers['pkarrd-failure']], [403, 'address-refused'], labels);
    }
  });

  test('a page elsewhere has nothing looked up, whatever it loads', async () => {
    const lookups = async () => (await scene.app.status()).packets.lookupsStarted;
    const before = await lookups();
    for (const [index, fields] of [
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' },
    ].entries()) {
      const { status } = await ask(unpublished[index] as KeyPair, '', {
        headers: { 'user-agent': 'Mozilla/5.0', 'sec-fetch-site': 'cross-site', ...fields },
      });
      assert.equal(status, 403);
    }
    const origin = 'https://example.com';
    assert.equal((await ask(unpublished[4] as KeyPair, '', { headers: { origin } })).status, 403);
    assert.equal(await lookups(), before);
  });

  test('a WebSocket passes through', async () => {
    const host = `${key.publicKey}.localhost:${port}`;
    const request = httpRequest({
      ...{ host: '127.0.0.1', port, agent: false },
      headers: {
        host,
        origin: `http://${host}`,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
      },
    });
    request.end();
    const [reply, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex];
    assert.equal(reply.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    socket.write('ping');
    assert.equal(String((await once(socket, 'data'))[0]), 'ping');
    socket.destroy();
  });

  test('an answer whose site dies in the middle does not look whole', async () => {
    const { status, isWhole } = await ask(key, '', { path: '/dies' });
    assert.deepEqual([status, isWhole], [200, false]);
  });

  test('a large file takes no memory on its way', async () => {
    // The heaps of three threads grow to what such a stream needs.
    await fetchMegabytes(WARM_UP);
    const more = await memoryOf(() => fetchMegabytes(MEGABYTES));
    assert.ok(more < MORE_MEMORY, `${Math.round(more / MEGABYTE)} MB more`);
  });

  async function fetchMegabytes(count: number): Promise<void> {
    const request = httpRequest({
      ...{ host: '127.0.0.1', port, path: `/large/${count}`, agent: false },
      headers: { host: `${key.publicKey}.localhost:${port}` },
    });
    request.end();
    const [reply] = (await once(request, 'response')) as [IncomingMessage];
    let octets = 0;
    for await (const data of reply) octets += (data as Buffer).length;
    assert.equal(octets, count * MEGABYTE);
  }

  test('a large upload takes no memory on its way', async () => {
    await sendMegabytes(WARM_UP);
    const more = await memoryOf(() => sendMegabytes(MEGABYTES));
    assert.ok(more < MORE_MEMORY, `${Math.round(more / MEGABYTE)} MB more`);
  });

  async function sendMegabytes(count: number): Promise<void> {
    const request = httpRequest({
      ...{ host: '127.0.0.1', port, path: '/upload', method: 'POST', agent: false },
      headers: { host: `${key.publicKey}.localhost:${port}` },
    });
    const replied = once(request, 'response');
    const block = Buffer.alloc(MEGABYTE / 10, 'x');
    for (let sent = 0; sent < count * 10; sent++) {
      if (!request.write(block)) await once(request, 'drain');
    }
    request.end();
    const [reply] = (await replied) as [IncomingMessage];
    let text = '';
    for await (const data of reply) text += String(data);
    assert.equal(text, String(count * MEGABYTE));
  }
});
