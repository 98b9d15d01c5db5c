import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FailureKind, GatewayFailure } from '../../../src/gateway/failure/failure.ts';
import { failurePage } from '../../../src/gateway/failure/page.ts';
import { failureTexts } from '../../../src/gateway/failure/texts.ts';
import { testKey } from '../../support/packets.ts';
import { GatewayScene } from '../gateway-scene.ts';

const key = testKey(1);

test('every failure has a page without script that says in a sentence what happened and what to do', () => {
  for (const kind of Object.keys(failureTexts) as FailureKind[]) {
    const { status, headers, body } = failurePage(new GatewayFailure(kind), 'host', 'text/html,*/*');
    assert.ok(status >= 400 && status < 600, kind);
    assert.match(
      `${headers['content-security-policy']}`,
      /^default-src 'none'; .*sandbox; treat-as-public-address$/,
    );
    assert.doesNotMatch(body, /<script|onclick|href|src=/i, kind);
    assert.match(
      body,
      /^<!doctype html>\n<html lang="en">[\s\S]*<h1>[^<]+<\/h1>\n<p>[^<]+\.<\/p>\n<p>[^<]+\.<\/p>/,
      kind,
    );
    assert.equal(Number(headers['content-length']), Buffer.byteLength(body));
  }
});

test('what somebody else wrote is text in a page', () => {
  const failure = new GatewayFailure('down', '<b>&"');
  const { body } = failurePage(failure, '<script>', 'text/html');
  assert.match(body, /&lt;script&gt; \(&lt;b&gt;&amp;&quot;\)/);
});

test('who does not ask for HTML gets plain text', () => {
  const { headers, body } = failurePage(new GatewayFailure('down', '1.1.1.1'), key.publicKey.text, '*/*');
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(
    body,
    `The site is down. The server of ${key.publicKey} (1.1.1.1) took no connection, or closed it. Try again in a minute.\n`,
  );
});

test('a page says which of the lookups failed', async () => {
  await using scene = await GatewayScene.open();
  for (const [kind, expected] of [
    ['offline', [503, 'offline']],
    ['failed', [502, 'lookup-failed']],
    ['unusable', [502, 'unusable-packet']],
    ['busy', [503, 'busy']],
    ['timeout', [504, 'lookup-timeout']],
    ['internal', [500, 'internal']],
  ] as const) {
    scene.lookups.fail(kind);
    const { status, headers } = await scene.get(scene.host(key));
    assert.deepEqual([status, headers['pkarrd-failure']], expected);
  }
});

test('a lookup that does not end is not waited for', async () => {
  await using scene = await GatewayScene.open({
    limits: { lookupMs: 50 },
    lookups: { packet: () => new Promise(() => {}), addresses: async () => [] },
  });
  const { status, headers } = await scene.get(scene.host(key));
  assert.deepEqual([status, headers['pkarrd-failure']], [504, 'lookup-timeout']);
});

test('what is no key, and a name without a site, have pages too', async () => {
  await using scene = await GatewayScene.open();
  scene.publish(key, 'www A 127.0.0.1');
  const bad = await scene.get(`${'y'.repeat(52)}.localhost`);
  assert.deepEqual([bad.status, bad.headers['pkarrd-failure']], [400, 'not-a-key']);
  const none = await scene.get(scene.host(key));
  assert.deepEqual([none.status, none.headers['pkarrd-failure']], [404, 'no-address']);
});

test('an internal error is logged, and ends nothing', async () => {
  await using scene = await GatewayScene.open({
    lookups: {
      packet: () => {
        throw new TypeError('a bug');
      },
      addresses: async () => [],
    },
  });
  for (let i = 0; i < 2; i++) assert.equal((await scene.get(scene.host(key))).status, 500);
  assert.match(scene.logged.join(''), /The gateway failed to serve a request\..*TypeError: a bug/);
});

test('a service worker of a site in the clear is refused, and its script of a verified one is not', async () => {
  await using plain = await GatewayScene.open();
  let requests = 0;
  const http = await plain.site(undefined, (_, response) => {
    requests += 1;
    response.end();
  });
  await using scene = await GatewayScene.open({ ports: { http, https: 1 } });
  const https = await scene.site(key, (_, response) => response.end());
  scene.publish(key, `@ A 127.0.0.1\nwww HTTPS 1 . port=${https}\nwww A 127.0.0.1`);
  const headers = { 'service-worker': 'script' };
  const refused = await scene.get(scene.host(key), { headers });
  assert.deepEqual([refused.status, refused.headers['pkarrd-failure'], requests], [403, 'service-worker', 0]);
  assert.equal((await scene.get(scene.host(key, 'www.'), { headers })).status, 200);
});
