import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import * as bounds from '../../src/system/https/bounds.ts';
import { RunningCommand } from '../support/command.ts';
import { query, udpExchange } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { askHttp1, Http2Client } from '../support/http-client.ts';
import { TestAuthority } from '../support/test-certificate.ts';
import { type Attack, attack, type Outcome, repeat, slowly } from './attacker.ts';
import * as frames from './http2-frames.ts';

/** How much longer each attack is: .ci/full attacks for minutes. */
const { ATTACK_SCALE = '1' } = process.env;
const SCALE = Number(ATTACK_SCALE);

/** File descriptors that the program may have: fewer than the connections of a crowd would take twice. */
const DESCRIPTORS = 600;

/** Megabytes of resident memory that the program may reach. */
const MAX_MEMORY = 100;

/**
 * Milliseconds in which whatever is slow has to end: the bound of a connection, the time between two looks, a GOAWAY before
 * the end, and what a busy machine needs. On Bun it is up to 2 s more (its timeouts have steps of 4 s).
 */
const SLOW = bounds.IDLE + 2 * bounds.LOOK_EVERY + 6_000;

const authority = await TestAuthority.create();
const { certFile, keyFile } = await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1' });
const [dnsPort, httpsPort] = [await freePort(), await freePort()];
const program = new RunningCommand(
  [
    ...['serve', '--listen', `127.0.0.1:${dnsPort}`, '--https', `127.0.0.1:${httpsPort}`],
    ...['--certificate', certFile, '--certificate-key', keyFile],
    ...['--dht', 'off', '--relay-use', 'off', '--upstream', '127.0.0.1:9'],
  ],
  { descriptors: DESCRIPTORS },
);
await program.printed(/Ready/);
const address = { host: '127.0.0.1', port: httpsPort, ca: authority.pem };
after(async () => {
  await program.stop();
  await authority[Symbol.asyncDispose]();
});

/** Asks for a name that needs no upstream, ten times a second, and counts what is lost. */
class Watch {
  asked = 0;
  lost = 0;
  longest = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor() {
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    const server = { host: '127.0.0.1', port: dnsPort };
    while (!this.#isOver) {
      const begun = performance.now();
      this.asked++;
      // The patience of dig.
      const reply = await udpExchange(server, encodeMessage(query('localhost', Type.A)), 5_000);
      if (reply === undefined || decodeMessage(reply).answers.length !== 1) this.lost++;
      this.longest = Math.max(this.longest, performance.now() - begun);
      await sleep(100);
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }
}

/** Kilobytes: the most that the program ever had. */
const peakMemory = () =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${program.child.pid}/status`, 'utf8'))?.[1]);

/** What has to be true after each attack. */
async function goesOn(): Promise<void> {
  const client = new Http2Client(address);
  const path = `/dns-query?dns=${Buffer.from(encodeMessage(query('localhost'))).toString('base64url')}`;
  const { status, body } = await client.ask({ path });
  await client.close();
  assert.deepEqual([status, decodeMessage(body).answers.length], [200, 1]);
}

/** Runs an attack over HTTP/2 after the preface. */
const overHttp2 = (attacking: Attack, window?: number, patience = SLOW) =>
  attack(address, 'h2', patience, async (send) => {
    if (await send(frames.preface(window))) await attacking(send);
  });

const id = (index: number) => 2 * index + 1;
const message = encodeMessage(query('localhost'));
const asked = `/dns-query?dns=${Buffer.from(message).toString('base64url')}`;
const bodyHeaders = [['content-type', 'application/dns-message']] as const;

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
  await watch.end();
  context.diagnostic(
    `${watch.asked} queries, the slowest ${watch.longest.toFixed()} ms; ${peakMemory()} kB at most`,
  );
  assert.equal(watch.lost, 0, `${watch.lost} of ${watch.asked} queries were lost`);
  assert.ok(peakMemory() < MAX_MEMORY * 1_000, `${peakMemory()} kB`);
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
  assert.equal(watch.lost, 0, `${watch.lost} of ${watch.asked} queries were lost`);
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
  await watch.end();
  context.diagnostic(
    `${outcomes.filter(({ isClosed }) => isClosed).length} of ${crowd.length} were ended before their time`,
  );
  context.diagnostic(
    `${watch.asked} queries, the slowest ${watch.longest.toFixed()} ms; ${peakMemory()} kB at most`,
  );
  assert.equal(watch.lost, 0, `${watch.lost} of ${watch.asked} queries were lost`);
  assert.ok(peakMemory() < MAX_MEMORY * 1_000, `${peakMemory()} kB`);
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
