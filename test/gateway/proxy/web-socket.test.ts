import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { GatewayLimits } from '../../../src/gateway/limits.ts';
import { testKey } from '../../support/packets.ts';
import { GatewayScene } from '../gateway-scene.ts';
import { portOf, readAnswer } from '../key-site.ts';

const key = testKey(1);

/** A gateway with a site whose WebSocket sends back every octet; `/refused` is none. */
async function echoScene(limits: Partial<GatewayLimits> = {}): Promise<GatewayScene> {
  const scene = await GatewayScene.open({ limits });
  const server = await scene.server(key, (_, response) => response.end('no WebSocket'));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
      return;
    }
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    const seen = JSON.stringify([request.headers.host, request.headers.origin]);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Seen: ${seen}\r\n\r\nhello `,
    );
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  });
  scene.publish(key, `@ HTTPS 1 . port=${portOf(server)}\n@ A 127.0.0.1`);
  return scene;
}

/** Asks for a WebSocket as a page of the key does. */
function ask(scene: GatewayScene, path = '/', upgrade = 'websocket') {
  const request = httpRequest({
    ...{ host: '127.0.0.1', port: scene.port, path, agent: false },
    headers: {
      host: scene.host(key),
      origin: `http://${scene.host(key)}`,
      connection: 'Upgrade',
      upgrade,
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    },
  });
  request.end();
  return request;
}

async function opened(scene: GatewayScene): Promise<[IncomingMessage, Duplex, Buffer]> {
  return (await once(ask(scene), 'upgrade')) as [IncomingMessage, Duplex, Buffer];
}

/** Reads from a socket until it gave so many octets. */
async function read(socket: Duplex, length: number, head: Buffer): Promise<string> {
  const parts = [head];
  const total = () => parts.reduce((sum, { length: octets }) => sum + octets, 0);
  socket.on('data', (octets: Buffer) => parts.push(octets));
  while (total() < length) await once(socket, 'data');
  return Buffer.concat(parts).toString();
}

test('a WebSocket passes both ways, what comes with its head included', async () => {
  await using scene = await echoScene();
  const [answer, socket, head] = await opened(scene);
  assert.equal(answer.statusCode, 101);
  assert.equal(answer.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal(answer.headers['pkarrd-site'], `verified; key=${key.publicKey}`);
  assert.deepEqual(JSON.parse(`${answer.headers['x-seen']}`), [
    key.publicKey.text,
    `https://${key.publicKey}`,
  ]);
  socket.write('ping');
  assert.equal(await read(socket, 10, head), 'hello ping');
  socket.destroy();
});

test('when one side of a WebSocket ends, so does the other', async () => {
  await using scene = await echoScene();
  const [, socket] = await opened(scene);
  socket.resume().on('error', () => {});
  socket.end();
  if (!socket.destroyed) await once(socket, 'close');
});

test('a gateway that closes ends its WebSockets', async () => {
  await using scene = await echoScene();
  const [, socket] = await opened(scene);
  socket.resume().on('error', () => {});
  scene.gateway.close();
  if (!socket.destroyed) await once(socket, 'close');
});

test('a WebSocket in which nobody says anything is closed', async () => {
  await using scene = await echoScene({ socketIdleMs: 100 });
  const [, socket] = await opened(scene);
  socket.resume().on('error', () => {});
  await once(socket, 'close');
});

test('a WebSocket holds a place, and gives it back', async () => {
  await using scene = await echoScene({ perKey: 1 });
  const [, socket] = await opened(scene);
  assert.equal((await scene.get(scene.host(key))).status, 503);
  socket.resume().destroy();
  for (;;) {
    const { status } = await scene.get(scene.host(key));
    if (status === 200) break;
    assert.equal(status, 503);
  }
});

test('the answer of a site that refuses is passed on', async () => {
  await using scene = await echoScene();
  const [answer] = (await once(ask(scene, '/refused'), 'response')) as [IncomingMessage];
  const { status, body, headers } = await readAnswer(answer);
  assert.deepEqual([status, body, headers.connection], [403, 'no', 'close']);
  assert.match(`${headers['content-security-policy']}`, /^treat-as-public-address/);
});

test('an upgrade to something else is not passed on', async () => {
  await using scene = await echoScene();
  const [answer] = (await once(ask(scene, '/', 'h2c'), 'response')) as [IncomingMessage];
  assert.equal((await readAnswer(answer)).status, 501);
  assert.deepEqual(scene.lookups.asked, []);
});
