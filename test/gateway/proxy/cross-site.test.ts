import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { testKey } from '../../support/packets.ts';
import { GatewayScene } from '../gateway-scene.ts';

const [key, other] = [testKey(1), testKey(2)];
const browser = { 'user-agent': 'Mozilla/5.0' };
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** What a request with these fields comes to: 404 is the answer of a lookup that finds nothing. */
async function outcome(headers: Record<string, string>, method = 'GET'): Promise<string> {
  await using scene = await GatewayScene.open();
  const own = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('OWN', `http://${scene.host(key)}`)]),
  );
  const { status, headers: answered } = await scene.get(scene.host(key), { method, headers: own });
  const asked = scene.lookups.asked.length;
  assert.equal(asked, status === 404 ? 1 : 0, 'a refused request looks nothing up');
  return `${status} ${answered['pkarrd-failure']}`;
}

const looked = '404 nothing-published';

test('what a page of another site loads is refused before anything is looked up', async () => {
  for (const [mode, dest] of [
    ['no-cors', 'image'],
    ['no-cors', 'script'],
    ['cors', 'empty'],
    ['no-cors', 'empty'],
    ['navigate', 'iframe'],
    ['navigate', 'frame'],
    ['navigate', 'embed'],
    ['navigate', 'object'],
    ['websocket', 'websocket'],
    ['no-cors', 'document'],
  ] as const) {
    const headers = {
      ...browser,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': mode,
      'sec-fetch-dest': dest,
    };
    assert.equal(await outcome(headers), '403 cross-site', `${mode} ${dest}`);
  }
});

test('a preflight and a form without a document are refused too', async () => {
  const preflight = {
    ...browser,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
  };
  assert.equal(await outcome(preflight, 'OPTIONS'), '403 cross-site');
  assert.equal(await outcome({ ...browser, 'sec-fetch-site': 'cross-site' }, 'POST'), '403 cross-site');
});

test('a top-level navigation from another site is taken', async () => {
  const headers = {
    ...browser,
    'sec-fetch-site': 'cross-site',
    ...navigation,
    referer: 'https://example.com/',
  };
  assert.equal(await outcome(headers), looked);
  assert.equal(await outcome({ ...headers, origin: 'https://example.com' }, 'POST'), looked);
});

test('what is fetched ahead is taken for pages of the same origin alone, whatever else the browser says', async () => {
  for (const purpose of ['sec-purpose', 'purpose']) {
    for (const site of ['cross-site', 'same-site', 'none', 'same-origin']) {
      const headers = {
        ...browser,
        ...navigation,
        'sec-fetch-site': site,
        [purpose]: 'prefetch;prerender',
      };
      const expected = site === 'same-origin' ? looked : '403 cross-site';
      assert.equal(await outcome(headers), expected, `${purpose} ${site}`);
    }
  }
});

test('what nobody is said to have asked for, but names a page, is taken as what that page asks for', async () => {
  const headers = { ...browser, 'sec-fetch-site': 'none', referer: 'https://example.com/' };
  assert.equal(await outcome(headers), '403 cross-site');
  assert.equal(await outcome({ ...headers, ...navigation }), looked);
});

test('pages of the same key, and what a person opens, are taken', async () => {
  for (const site of ['same-origin', 'same-site', 'none']) {
    const headers = {
      ...browser,
      'sec-fetch-site': site,
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
    };
    assert.equal(await outcome(headers), looked, site);
  }
  // A page with `Referrer-Policy: no-referrer` posts its own forms so.
  assert.equal(
    await outcome({ ...browser, 'sec-fetch-site': 'same-origin', origin: 'null' }, 'POST'),
    looked,
  );
});

test('without Sec-Fetch-Site, Origin and Referer decide', async () => {
  assert.equal(await outcome({}), looked);
  assert.equal(await outcome({ 'user-agent': 'curl/8' }), looked);
  assert.equal(await outcome({ origin: 'OWN' }), looked);
  assert.equal(await outcome({ ...browser, origin: 'OWN' }), looked);
  assert.equal(await outcome({ referer: 'OWN/page' }), looked);
  for (const from of [
    'https://example.com',
    'null',
    `http://${other.publicKey}.localhost:8053`,
    'http://localhost:1',
  ])
    assert.equal(await outcome({ origin: from }), '403 cross-site', from);
  assert.equal(await outcome({ referer: 'https://example.com/' }), '403 cross-site');
});

test('a browser that tells nothing may come from anywhere', async () => {
  assert.equal(await outcome(browser), '403 old-browser');
  assert.equal(await outcome({ ...browser, referer: 'OWN/' }), '403 old-browser');
});

test('a WebSocket is judged by its Origin, whatever else it says', async () => {
  await using scene = await GatewayScene.open();
  const attempt = async (headers: Record<string, string>): Promise<number | undefined> => {
    const request = httpRequest({
      ...{ host: '127.0.0.1', port: scene.port, agent: false },
      headers: { host: scene.host(key), connection: 'Upgrade', upgrade: 'websocket', ...headers },
    });
    request.end();
    const [answer] = await once(request, 'response');
    answer.resume();
    return answer.statusCode;
  };
  for (const origin of ['https://example.com', 'null', `http://${scene.host(other)}`])
    assert.equal(await attempt({ ...browser, origin }), 403, origin);
  assert.equal(
    await attempt({ ...browser, origin: 'https://example.com', 'sec-fetch-site': 'same-origin' }),
    403,
  );
  assert.equal(await attempt(browser), 403);
  assert.deepEqual(scene.lookups.asked, []);
  assert.equal(await attempt({ ...browser, origin: `http://${scene.host(key)}` }), 404);
  assert.equal(await attempt({}), 404);
});
