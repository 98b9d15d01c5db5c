import { encodeMessage } from '../../src/dns/message.ts';
import * as bounds from '../../src/system/https/shared/bounds.ts';
import { query } from '../support/dns-client.ts';
import type { HttpServerAddress } from '../support/http-client.ts';
import { type Attack, attack, type Outcome, repeat, slowly } from './attacker.ts';
import * as frames from './http2-frames.ts';

/**
 * Milliseconds in which whatever is slow has to end: the bound of a connection, the time between two looks, a GOAWAY before
 * the end, and what a busy machine needs. On Bun it is up to 2 s more (its timeouts have steps of 4 s).
 */
export const SLOW = bounds.IDLE + 2 * bounds.LOOK_EVERY + 6_000;

/** Attacks by their names, each on a connection of its own. */
export type Attacks = Readonly<Record<string, () => Promise<Outcome>>>;

/** What all slow attacks at once, and a crowd, are called beside the floods. */
export const SLOWNESS = 'all that is slow, at once';
export const CROWD = '400 connections at once, half of them with TLS';

/** The number of the stream of a client's request (RFC 9113 §5.1.1). */
export const id = (index: number): number => 2 * index + 1;

/** A path that asks for a name which needs no upstream. */
export const asked: string = `/dns-query?dns=${Buffer.from(encodeMessage(query('localhost'))).toString('base64url')}`;

/** Those of a request with a body. */
export const bodyHeaders = [['content-type', 'application/dns-message']] as const;

/**
 * Floods of frames, each until the server ends the connection.
 * @param scale how much longer than usual.
 */
export const floods = (address: HttpServerAddress, scale: number): Attacks => ({
  'resets of requests (CVE-2023-44487)': () =>
    attackHttp2(
      address,
      repeat(20_000 * scale, (i) =>
        Buffer.concat([frames.head(id(i), { path: asked }), frames.reset(id(i))]),
      ),
    ),
  'requests that the server is made to reset': () =>
    attackHttp2(
      address,
      repeat(20_000 * scale, (i) =>
        Buffer.concat([frames.head(id(i), { path: asked, isOpen: true }), frames.windowUpdate(id(i), 0)]),
      ),
    ),
  'a head without an end': () => {
    const { first, more } = frames.endlessHead(1);
    return attackHttp2(
      address,
      repeat(20_000 * scale, (i) => (i === 0 ? first : more)),
    );
  },
  'streams that are opened and left': () =>
    attackHttp2(
      address,
      repeat(10_000 * scale, (i) =>
        frames.head(id(i), { method: 'POST', isOpen: true, headers: bodyHeaders }),
      ),
    ),
  'headers without number': () =>
    attackHttp2(
      address,
      repeat(500 * scale, (i) =>
        frames.head(id(i), {
          headers: Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'y'] as const),
        }),
      ),
    ),
  PING: () =>
    attackHttp2(
      address,
      repeat(200_000 * scale, () => frames.ping),
    ),
  SETTINGS: () =>
    attackHttp2(
      address,
      repeat(50_000 * scale, () => frames.settings),
    ),
  'answers that nobody reads': () =>
    attackHttp2(
      address,
      repeat(3_000 * scale, (i) => frames.head(id(i), { path: asked })),
      0,
    ),
});

/** What is slow, and the octets that the connection may still get. */
export const slowAttacks = (address: HttpServerAddress): Attacks => ({
  'TCP without a ClientHello': () => attack(address, undefined, SLOW, async () => {}),
  'a ClientHello that does not end': () =>
    attack(address, undefined, SLOW, slowly(1_000, Buffer.from([22, 3, 1, 2, 0]), Buffer.of(1))),
  'TLS and then nothing, for HTTP/1.1': () => attack(address, 'http/1.1', SLOW, async () => {}),
  'TLS and then nothing, for HTTP/2': () => attack(address, 'h2', SLOW, async () => {}),
  'the preface of HTTP/2 and then nothing': () => attackHttp2(address, async () => {}),
  'HTTP/2 that is idle after a request': () =>
    attackHttp2(address, async (send) => {
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
    attackHttp2(
      address,
      slowly(
        1_000,
        frames.head(1, { method: 'POST', isOpen: true, headers: bodyHeaders }),
        frames.data(1, Buffer.of(1)),
      ),
    ),
});

/** So many connections at once, every second one with TLS, that say nothing more for eight seconds. */
export function crowd(address: HttpServerAddress, size: number): readonly Promise<Outcome>[] {
  return Array.from({ length: size }, (_, index) =>
    attack(address, index % 2 === 0 ? undefined : 'h2', 8_000, async (send) => {
      await send(index % 2 === 0 ? Buffer.of(22) : frames.preface());
    }),
  );
}

/** Runs an attack over HTTP/2 after the preface. */
export function attackHttp2(
  address: HttpServerAddress,
  attacking: Attack,
  window?: number,
  patience: number = SLOW,
): Promise<Outcome> {
  return attack(address, 'h2', patience, async (send) => {
    if (await send(frames.preface(window))) await attacking(send);
  });
}
