import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import type { GatewayLimits } from '../../../src/gateway/limits.ts';
import { testKey } from '../../support/packets.ts';
import { GatewayScene } from '../gateway-scene.ts';
import { readAnswer } from '../key-site.ts';

const [key, other] = [testKey(1), testKey(2)];

/** A gateway with one verified site, which `listener` answers for. */
async function sceneWith(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  limits: Partial<GatewayLimits> = {},
): Promise<GatewayScene> {
  const scene = await GatewayScene.open({ limits });
  const port = await scene.site(key, listener);
  scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.0.0.1\nwww HTTPS 1 . port=${port}\nwww A 127.0.0.1`);
  return scene;
}

/** What a site got and answers as JSON. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  let octets = 0;
  request.on('data', (data: Buffer) => {
    octets += data.length;
  });
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ octets, url: request.url, headers: request.headers }));
  });
}

test('one connection serves several requests, of its own plan alone', async () => {
  const ports = new Set<number | undefined>();
  await using scene = await sceneWith((request, response) => {
    ports.add(request.socket.remotePort);
    response.end();
  });
  for (let i = 0; i < 4; i++) await scene.get(scene.host(key));
  assert.equal(ports.size, 1);
  await scene.get(scene.host(key, 'www.'));
  assert.equal(ports.size, 2);
});

test('a connection that the site closed meanwhile is made again', async () => {
  const sockets: Socket[] = [];
  await using scene = await sceneWith((request, response) => {
    // The second request finds a connection that ends when the request arrives.
    if (sockets.includes(request.socket)) return request.socket.destroy();
    sockets.push(request.socket);
    return response.end('whole');
  });
  for (let i = 0; i < 3; i++) assert.equal((await scene.get(scene.host(key))).body, 'whole');
  assert.ok(sockets.length > 1);
});

test('method, path, fields and body reach the site, without what is not for it', async () => {
  await using scene = await sceneWith(echo);
  const { body } = await scene.get(scene.host(key), {
    method: 'POST',
    path: '/a%20b?x=%00',
    body: 'x'.repeat(1000),
    headers: {
      origin: `http://${scene.host(key)}`,
      cookie: 'a=1',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
      'x-forwarded-for': '1.2.3.4',
      'proxy-authorization': 'secret',
      te: 'trailers',
    },
  });
  const { octets, url, headers } = JSON.parse(body);
  assert.equal(octets, 1000);
  assert.equal(url, '/a%20b?x=%00');
  assert.equal(headers.origin, `https://${key.publicKey}`);
  assert.equal(headers.cookie, 'a=1');
  assert.equal(headers.via, '1.1 pkarrd');
  for (const name of ['x-hop', 'x-forwarded-for', 'proxy-authorization', 'te'])
    assert.equal(headers[name], undefined, name);
});

test('ranges, HEAD, and answers without a body pass as they are', async () => {
  await using scene = await sceneWith((request, response) => {
    if (request.headers.range !== undefined) {
      response.writeHead(206, { 'content-range': 'bytes 2-3/10', 'content-length': '2' }).end('23');
    } else if (request.headers['if-none-match'] !== undefined) {
      response.writeHead(304, { etag: '"1"' }).end();
    } else response.writeHead(200, { 'content-length': '10', etag: '"1"' }).end('0123456789');
  });
  const range = await scene.get(scene.host(key), { headers: { range: 'bytes=2-3' } });
  assert.deepEqual([range.status, range.body, range.headers['content-range']], [206, '23', 'bytes 2-3/10']);
  const head = await scene.get(scene.host(key), { method: 'HEAD' });
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '10']);
  const same = await scene.get(scene.host(key), { headers: { 'if-none-match': '"1"' } });
  assert.deepEqual([same.status, same.body, same.headers.etag], [304, '', '"1"']);
  // The policy that the browser has stays.
  assert.equal(same.headers['content-security-policy'], undefined);
});

test('trailers pass, early hints do not', async () => {
  await using scene = await sceneWith((_, response) => {
    response.writeEarlyHints({ link: '<http://127.0.0.1:1/>; rel=preload' });
    response.writeHead(200, { trailer: 'server-timing' });
    response.write('body');
    response.addTrailers({ 'server-timing': 'x', 'set-cookie': 'a=1' });
    response.end();
  });
  const answer = await scene.get(scene.host(key));
  assert.equal(answer.body, 'body');
  assert.deepEqual({ ...answer.trailers }, { 'server-timing': 'x' });
});

test('a redirect that names a key leads to the origin of that key, with its own labels', async () => {
  await using scene = await sceneWith((_, response) => {
    response.writeHead(302, { location: `https://www.${other.publicKey}/next?x#y` }).end();
  });
  const { status, headers } = await scene.get(scene.host(key));
  assert.equal(status, 302);
  assert.equal(headers.location, `http://www.${other.publicKey}.localhost:${scene.port}/next?x#y`);
});

test('a site that dies inside of an answer cuts the connection: no answer looks whole that is not', async () => {
  await using scene = await sceneWith((request, response) => {
    if (request.url === '/length') response.writeHead(200, { 'content-length': '100000' });
    response.write('x'.repeat(1000));
    setTimeout(() => request.socket.destroy(), 20);
  });
  for (const path of ['/length', '/chunked']) {
    const answer = await scene.get(scene.host(key), { path });
    assert.equal(answer.status, 200, path);
    assert.equal(answer.isWhole, false, path);
  }
});

test('a site that dies before its answer is down', async () => {
  await using scene = await sceneWith((request) => request.socket.destroy());
  const { status, headers } = await scene.get(scene.host(key));
  assert.equal(status, 502);
  assert.equal(headers['pkarrd-failure'], 'down');
});

test('a site that says nothing, and one that stops in the middle, are not waited for', async () => {
  await using scene = await sceneWith(
    (request, response) => {
      if (request.url === '/stops') response.write('some');
    },
    { firstByteMs: 100, idleMs: 100 },
  );
  const silent = await scene.get(scene.host(key));
  assert.deepEqual([silent.status, silent.headers['pkarrd-failure']], [504, 'silent']);
  const stopped = await scene.get(scene.host(key), { path: '/stops' });
  assert.equal(stopped.isWhole, false);
});

test('an upload that is too slow is ended, and the site sees that it is not whole', async () => {
  let tell = (_: boolean) => {};
  const isWhole = new Promise<boolean>((resolve) => {
    tell = resolve;
  });
  await using scene = await sceneWith(
    (request) => {
      request.on('error', () => {});
      request.resume().on('close', () => tell(request.complete));
    },
    { uploadWindowMs: 100 },
  );
  const request = httpRequest({
    ...{ host: '127.0.0.1', port: scene.port, method: 'POST', agent: false },
    headers: { host: scene.host(key) },
  });
  request.on('error', () => {});
  const drip = setInterval(() => request.write('x'), 10);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  clearInterval(drip);
  const { status, headers } = await readAnswer(answer);
  assert.deepEqual([status, headers['pkarrd-failure']], [408, 'too-slow']);
  assert.equal(await isWhole, false);
});

test('an upload without an end is ended after its time, however fast it is', async () => {
  await using scene = await sceneWith((request) => request.resume(), { uploadMs: 200 });
  const request = httpRequest({
    ...{ host: '127.0.0.1', port: scene.port, method: 'POST', agent: false },
    headers: { host: scene.host(key) },
  });
  request.on('error', () => {});
  const block = Buffer.alloc(16_384);
  const flood = setInterval(() => request.write(block), 1);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  clearInterval(flood);
  assert.equal((await readAnswer(answer)).headers['pkarrd-failure'], 'too-slow');
});

test('an answer that comes before the end of an upload is passed on, and the rest is not read', async () => {
  await using scene = await sceneWith((_, response) => response.writeHead(413).end('too large'), {
    lingerMs: 500,
  });
  const request = httpRequest({
    ...{ host: '127.0.0.1', port: scene.port, method: 'POST', agent: false },
    headers: { host: scene.host(key) },
  });
  request.on('error', () => {});
  const block = Buffer.alloc(16_384);
  const flood = setInterval(() => request.write(block), 1);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  const { status, body } = await readAnswer(answer);
  assert.deepEqual([status, body], [413, 'too large']);
  while (!request.closed) await new Promise((resolve) => setTimeout(resolve, 5));
  clearInterval(flood);
});

test('a client that leaves ends the request to the site', async () => {
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  await using scene = await sceneWith((request, response) => {
    response.write('begins');
    request.socket.once('close', leave);
  });
  const request = httpRequest({
    host: '127.0.0.1',
    port: scene.port,
    agent: false,
    headers: { host: scene.host(key) },
  });
  request.on('error', () => {});
  request.end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.on('error', () => {});
  request.destroy();
  await left;
});

test('more requests than a key may have at once are refused, and places are given back', async () => {
  const held: ServerResponse[] = [];
  await using scene = await sceneWith((_, response) => held.push(response), { perKey: 2 });
  const first = [scene.get(scene.host(key)), scene.get(scene.host(key, 'www.'))];
  while (held.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const { status, headers } = await scene.get(scene.host(key));
  assert.deepEqual([status, headers['pkarrd-failure'], headers['retry-after']], [503, 'busy', '2']);
  for (const response of held) response.end();
  await Promise.all(first);
  const again = scene.get(scene.host(key));
  while (held.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  held.at(-1)?.end();
  assert.equal((await again).status, 200);
});

test('a header section without an end, and one that is no HTTP, are bad replies', async () => {
  await using scene = await sceneWith((request) => {
    const fields = request.url === '/long' ? `x: ${'y'.repeat(40_000)}\r\n\r\n` : 'SMTP ready\r\n';
    request.socket.end(request.url === '/long' ? `HTTP/1.1 200 OK\r\n${fields}` : fields);
  });
  for (const path of ['/long', '/other']) {
    const { status, headers } = await scene.get(scene.host(key), { path });
    assert.deepEqual([status, headers['pkarrd-failure']], [502, 'bad-reply'], path);
  }
});

test('an answer that cannot be passed on leaves nothing of itself', async () => {
  await using scene = await sceneWith((request) => {
    const head =
      request.url === '/status'
        ? 'HTTP/1.1 099 Odd\r\nSet-Cookie: a=1\r\nContent-Length: 0'
        : 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nTransfer-Encoding: gzip, chunked';
    request.socket.end(`${head}\r\n\r\n0\r\n\r\n`);
  });
  for (const path of ['/status', '/coding']) {
    const { status, headers } = await scene.get(scene.host(key), { path });
    assert.deepEqual(
      [status, headers['pkarrd-failure'], headers['set-cookie']],
      [502, 'bad-reply', undefined],
    );
  }
});

test('a body in a coding that we do not undo is not passed on', async () => {
  await using scene = await sceneWith(echo);
  const client = connect(scene.port, '127.0.0.1');
  client.write(
    `POST / HTTP/1.1\r\nHost: ${scene.host(key)}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  );
  const [answer] = await once(client, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 501 /);
  client.destroy();
});

test('a body that ends with the connection is passed on as one', async () => {
  await using scene = await sceneWith((request) => {
    request.socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end');
  });
  const answer = await scene.get(scene.host(key));
  assert.equal(answer.body, 'until the end');
  assert.equal(answer.headers['transfer-encoding'], undefined);
  assert.equal(answer.headers.connection, 'close');
});

test('TRACE and addresses for a proxy are not passed on', async () => {
  await using scene = await sceneWith((_, response) => response.end('passed on'));
  assert.equal((await scene.get(scene.host(key), { method: 'TRACE' })).status, 501);
  const { status } = await scene.get(scene.host(key), { path: 'http://example.com/' });
  assert.equal(status, 501);
});

test('a client that does not read holds back the site', async () => {
  let written = 0;
  let isHeldBack = false;
  await using scene = await sceneWith((_, response) => {
    const block = Buffer.alloc(65_536);
    const write = () => {
      while (!response.destroyed && written < 200_000_000) {
        written += block.length;
        if (!response.write(block)) {
          isHeldBack = true;
          response.once('drain', write);
          return;
        }
      }
    };
    write();
  });
  const client = connect(scene.port, '127.0.0.1');
  client.pause();
  client.write(`GET / HTTP/1.1\r\nHost: ${scene.host(key)}\r\n\r\n`);
  let before = -1;
  // Until nothing moves any more.
  while (before !== written || !isHeldBack) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(written < 50_000_000, `${written}`);
  client.destroy();
});
