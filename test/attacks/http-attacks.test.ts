import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../src/http/limits.ts';
import { askRelay } from '../http/relay/ask-relay.ts';
import { signedPacket, testKey } from '../support/packets.ts';
import { httpAddress, SCALE, Watch } from './attacked-program.ts';
import { attack, type Outcome, repeat, slowly } from './attacker.ts';

/** Milliseconds in which whatever is slow has to end: the bound of headers or of a body, and what a busy machine needs. */
const SLOW = Math.max(limits.headersMs, limits.bodyMs) + limits.lingerMs + 8_000;
/** Megabytes of the whole program: its thread has a heap of its own. */
const MAX_MEMORY = 220;

const pair = testKey(70);
const path = `/${pair.publicKey}`;
const payload = signedPacket(pair, 1_700_000_000).toRelayPayload();
const forged = Buffer.concat([
  Buffer.from(`PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${payload.length}\r\n\r\n`),
  Buffer.from(payload).fill(7, 0, 64),
]);
const asked = Buffer.from(`GET ${path}?policy=CacheOnly HTTP/1.1\r\nHost: localhost\r\n\r\n`);

const over = (attacking: Parameters<typeof attack>[3], patience = SLOW) =>
  attack(httpAddress, undefined, patience, attacking);

/** The relay answers, which asks the main thread. */
async function goesOn(): Promise<void> {
  const { status } = await askRelay(httpAddress.port, { path: `${path}?policy=CacheOnly` });
  assert.equal(status, 404);
}

const slow: Readonly<Record<string, () => Promise<Outcome>>> = {
  'TCP and then nothing': () => over(async () => {}),
  'headers of an octet a second': () =>
    over(slowly(1_000, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX: `, 'y')),
  'a body of an octet a second': () =>
    over(slowly(1_000, `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200\r\n\r\n`, 'y')),
  'a body in pieces that does not end': () =>
    over(
      slowly(
        1_000,
        `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
        '1\r\ny\r\n',
      ),
    ),
  'a body that is promised': () =>
    over(async (send) => {
      const head = `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 200\r\n\r\n`;
      await send(head);
    }),
};

const floods: Readonly<Record<string, () => Promise<Outcome>>> = {
  'headers without an end': () =>
    over(repeat(20_000 * SCALE, (i) => Buffer.from(i === 0 ? 'GET / HTTP/1.1\r\nX: ' : 'y'.repeat(100)))),
  'lines of headers without number': () =>
    over(
      repeat(20_000 * SCALE, (i) =>
        Buffer.from(i === 0 ? 'GET / HTTP/1.1\r\nHost: localhost\r\n' : `x-${i}: y\r\n`),
      ),
    ),
  'a body without an end': () =>
    over(
      repeat(20_000 * SCALE, (i) =>
        Buffer.from(
          i === 0
            ? `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`
            : `64\r\n${'y'.repeat(100)}\r\n`,
        ),
      ),
    ),
};

test('whatever is slow is ended, and costs no query', async (context) => {
  const watch = new Watch();
  const outcomes = await Promise.all(
    Object.entries(slow).map(async ([what, run]) => [what, await run()] as const),
  );
  await watch.end();
  for (const [what, { milliseconds, isClosed }] of outcomes) {
    context.diagnostic(`${what}: ${isClosed ? 'ended' : 'not ended'} after ${milliseconds.toFixed()} ms`);
    assert.ok(isClosed, `${what}: not ended within ${SLOW} ms`);
  }
  await goesOn();
});

test('headers and bodies that are too large are ended, and cost no query', async (context) => {
  const watch = new Watch();
  for (const [what, run] of Object.entries(floods)) {
    const { isClosed, milliseconds } = await run();
    context.diagnostic(`${what}: ended after ${milliseconds.toFixed()} ms`);
    assert.ok(isClosed, what);
  }
  await goesOn();
  await watch.endWithMemory(context, MAX_MEMORY);
});

test('thousands of reads and of forged packets cost no query', async (context) => {
  const watch = new Watch();
  const crowd = [asked, forged].flatMap((octets) =>
    Array.from({ length: 10 }, () =>
      over(
        repeat(300 * SCALE, () => octets),
        5_000,
      ),
    ),
  );
  await Promise.all(crowd);
  await goesOn();
  await watch.endWithMemory(context, MAX_MEMORY);
});

test('10,000 idle connections cost no query and no descriptor that is needed', async (context) => {
  const watch = new Watch();
  const crowd: Promise<Outcome>[] = [];
  for (let batch = 0; batch < 100; batch++) {
    for (let i = 0; i < 100; i++) crowd.push(over(async () => {}));
    await sleep(10);
  }
  const outcomes = await Promise.all(crowd);
  // The kernel keeps some that are not accepted yet, on a busy machine.
  const ended = outcomes.filter(({ isClosed }) => isClosed).length;
  context.diagnostic(`${ended} of ${crowd.length} were ended within ${SLOW} ms`);
  assert.ok(ended > limits.connections, `${ended}`);
  await goesOn();
  await watch.endWithMemory(context, MAX_MEMORY);
});
