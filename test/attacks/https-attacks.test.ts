import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askHttp1 } from '../support/http-client.ts';
import { address, goesOn, SCALE, Watch } from './attacked-program.ts';
import { attack } from './attacker.ts';
import { asked, crowd, floods, SLOW, slowAttacks } from './https-attacks.ts';

test('whatever is slow is ended, and costs no query', async (context) => {
  const watch = new Watch();
  const outcomes = await Promise.all(
    Object.entries(slowAttacks(address)).map(async ([what, run]) => [what, await run()] as const),
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
  const connections = crowd(address, 400 * SCALE);
  await sleep(2_000);
  await watch.othersGoOn();
  const outcomes = await Promise.all(connections);
  context.diagnostic(
    `${outcomes.filter(({ isClosed }) => isClosed).length} of ${connections.length} were ended before their time`,
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

// The last: handshakes of who floods wait, and all here have one address.
test('no flood of frames costs a query or much memory', async (context) => {
  const watch = new Watch();
  await Promise.all(
    Object.entries(floods(address, SCALE)).map(async ([what, run]) => {
      const { isClosed, milliseconds } = await run();
      context.diagnostic(`${what}: ended after ${milliseconds.toFixed()} ms`);
      assert.ok(isClosed, `${what}: the connection was not ended within ${SLOW} ms`);
    }),
  );
  await goesOn();
  await watch.endWithMemory(context);
});
