import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testKey } from '../support/packets.ts';
import { GatewayScene } from './gateway-scene.ts';

const [key, other] = [testKey(1), testKey(2)];

test('a site with an HTTPS record is fetched over TLS from the server that has the key', async () => {
  await using scene = await GatewayScene.open();
  const port = await scene.site(key, (request, response) => {
    response.end(`${request.headers.host} ${request.method} ${request.url}`);
  });
  scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.0.0.1`);
  const answer = await scene.get(scene.host(key), { path: '/a?b=c' });
  assert.equal(answer.body, `${key.publicKey} GET /a?b=c`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['pkarrd-site'], `verified; key=${key.publicKey}`);
});

test('a server with another key gets no octet of the request', async () => {
  await using scene = await GatewayScene.open();
  let requests = 0;
  const port = await scene.site(other, (_, response) => {
    requests += 1;
    response.end('not yours');
  });
  scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.0.0.1`);
  const answer = await scene.get(scene.host(key));
  assert.equal(answer.status, 502);
  assert.equal(answer.headers['pkarrd-failure'], 'wrong-key');
  assert.equal(requests, 0);
});

test('a site without an HTTPS record is fetched in the clear, which the answer tells', async () => {
  await using plain = await GatewayScene.open();
  const port = await plain.site(undefined, (_, response) => response.end('in the clear'));
  await using scene = await GatewayScene.open({ ports: { http: port, https: 1 } });
  scene.publish(key, '@ A 127.0.0.1');
  const answer = await scene.get(scene.host(key));
  assert.equal(answer.body, 'in the clear');
  assert.equal(answer.headers['pkarrd-site'], 'plain');
});
