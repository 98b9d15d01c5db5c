import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askHttp1 } from '../support/http-client.ts';
import {
  address,
  asked,
  bodyHeaders,
  goesOn,
  id,
  overHttp2,
  SCALE,
  SLOW,
  Watch,
} from './attacked-program.ts';
import { attack, type Outcome, repeat, slowly } from './attacker.ts';
import * as frames from './http2-frames.ts';

/** Floods of frames, each until the server ends the connection. */
const floods: Readonly<Record<string, () => Promise<Outcome>>> = {
  'resets of requests (CVE-2023-44487)': () =>
    overHttp2(
      repeat(20_000 * SCALE, (i) =>
        Buffer.concat([frames.head(id(i), { path: asked }), frames.reset(id(i))]),
      ),
    ),
  'requests that the server is made to reset': () =>
    overHttp2(
      repeat(20_000 * SCALE, (i) =>
        Buffer.concat([frames.head(id(i), { path: asked, isOpen: true }), frames.windowUpdate(id(i), 0)]),
      ),
    ),
  'a head without an end': () => {
    const { first, more } = frames.endlessHead(1);
    return overHttp2(repeat(20_000 * SCALE, (i) => (i === 0 ? first : more)));
  },
  'streams that are opened and left': () =>
    overHttp2(
      repeat(10_000 * SCALE, (i) =>
        frames.head(id(i), { method: 'POST', isOpen: true, headers: bodyHeaders }),
      ),
    ),
  'headers without number': () =>
    overHttp2(
      repeat(500 * SCALE, (i) =>
        frames.head(id(i), {
          headers: Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'y'] as const),
        }),
      ),
    ),
  PING: () => overHttp2(repeat(200_000 * SCALE, () => frames.ping)),
  SETTINGS: () => overHttp2(repeat(50_000 * SCALE, () => frames.settings)),
  'answers that nobody reads': () =>
    overHttp2(
      repeat(3_000 * SCALE, (i) => frames.head(id(i), { path: asked })),
      0,
    ),
};

/** What is slow, and the octets that the connection may still get. */
const slow: Readonly<Record<string, () => Promise<Outcome>>> = {
  'TCP without a ClientHello': () => attack(address, undefined, SLOW, async () => {}),
  'a ClientHello that does not end': () =>
    attack(address, undefined, SLOW, slowly(1_000, Buffer.from([22, 3, 1, 2, 0]), Buffer.of(1))),
  'TLS and then nothing, for HTTP/1.1': () => attack(address, 'http/1.1', SLOW, async () => {}),
  'TLS and then nothing, for HTTP/2': () => attack(address, 'h2', SLOW, async () => {}),
  'the preface of HTTP/2 and then nothing': () => overHttp2(async () => {}),
  'HTTP/2 that is idle after a request': () =>
    overHttp2(async (send) => {
      await send(frames.head(1, { path: asked }));
    }),
  'HTTP/1.1 that is idle after a request': () =>
    attack(address, 'http/1.1', SLOW, async (send) => {
      await send(`GET ${asked} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    }),
  'headers of an octet a second': () =>
    attack(
      address,
      'http/1.1',
      SLOW,
      slowly(1_000, 'GET /dns-query HTTP/1.1\r\nHost: localhost\r\nX: ', 'y'),
    ),
  'a body of an octet a second over HTTP/1.1': () =>
    attack(
      address,
      'http/1.1',
      SLOW,
      slowly(
        1_000,
        'POST /dns-query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dns-message\r\nContent-Length: 60\r\n\r\n',
        'y',
      ),
    ),
  'a body of an octet a second over HTTP/2': () =>
    overHttp2(
      slowly(
        1_000,
        frames.head(1, { method: 'POST', isOpen: true, headers: bodyHeaders }),
        frames.data(1, Buffer.of(1)),
      ),
      undefined,
      SLOW,
    ),
};

test('no flood of frames costs a query or much memory', async (context) => {
  const watch = new Watch();
  await Promise.all(
    Object.entries(floods).map(async ([what, run]) => {
      const { isClosed, milliseconds } = await run();
      context.diagnostic(`${what}: ended after ${milliseconds.toFixed()} ms`);
      assert.ok(isClosed, `${what}: the connection was not ended within ${SLOW} ms`);
    }),
  );
  await goesOn();
  await watch.endWithMemory(context);
});

test('whatever is slow is ended, and costs no query', async (context) => {
  const watch = new Watch();
  const outcomes = await Promise.all(
    Object.entries(slow).map(async ([what, run]) => [what, await run()] as const),
  );
  await watch.end();
  for (const [what, { milliseconds, isClosed }] of outcomes)
    context.diagnostic(`${what}: ${isClosed ? 'ended' : 'not ended'} after ${milliseconds.toFixed()} ms`);
  for (const [what, { isClosed, octets }] of outcomes)
    assert.ok(isClosed || isRefusedStream(octets), `${what}: not ended within ${SLOW} ms`);
  await goesOn();
});

/** A slow body of HTTP/2 ends its stream; the connection has others. */
function isRefusedStream(octets: Buffer): boolean {
  return octets.includes('The body did not come in time');
}

test('connections without number cost no descriptor that is needed, and no query', async (context) => {
  const watch = new Watch();
  const crowd = Array.from({ length: 400 * SCALE }, (_, index) =>
    attack(address, index % 2 === 0 ? undefined : 'h2', 8_000, async (send) => {
      await send(index % 2 === 0 ? Buffer.of(22) : frames.preface());
    }),
  );
  await sleep(2_000);
  await goesOn();
  const outcomes = await Promise.all(crowd);
  context.diagnostic(
    `${outcomes.filter(({ isClosed }) => isClosed).length} of ${crowd.length} were ended before their time`,
  );
  await watch.endWithMemory(context);
});

test('what is too long, or wrong, is refused', async () => {
  const statusOf = async (request: string) => {
    const { octets } = await attack(address, 'http/1.1', 8_000, async (send) => {
      await send(request);
      await sleep(1_000);
    });
    return Number(/^HTTP\/1\.1 (\d+)/.exec(octets.toString('latin1'))?.[1] ?? 0);
  };
  const head = (line: string, ...more: string[]) =>
    `${[`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...more].join('\r\n')}\r\n\r\n`;
  const post = 'POST /dns-query';
  const type = 'Content-Type: application/dns-message';
  assert.ok([404, 414].includes(await statusOf(head(`GET /${'a'.repeat(8_192)}`))));
  assert.ok([414, 431].includes(await statusOf(head(`GET /dns-query?dns=${'A'.repeat(65_536)}`))));
  assert.equal(await statusOf(head('GET /dns-query?dns=%%%')), 400);
  for (const length of ['99999999999999', '65536'])
    assert.equal(await statusOf(head(post, type, `Content-Length: ${length}`)), 413, length);
  for (const length of ['-1', '1e3', '99999999999999999999999'])
    assert.ok([400, 413].includes(await statusOf(head(post, type, `Content-Length: ${length}`))), length);
  const both = head(post, type, 'Content-Length: 5', 'Transfer-Encoding: chunked');
  assert.equal(await statusOf(both), 400);
  const { status } = await askHttp1(address, { path: asked, headers: { host: 'localhost' } });
  assert.equal(status, 200);
});
