import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { decodeMessage } from '../../src/dns/message.ts';
import { ForwardError } from '../../src/forward/errors.ts';
import { ClientSession } from '../../src/forward/https/session.ts';
import { HttpsStream } from '../../src/forward/https/stream.ts';
import { TlsAuthorities } from '../../src/forward/tls/authorities.ts';
import { FrameInput } from '../../src/system/https/http2/frame-input.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  frame,
  numbersFrame,
  Setting,
  settingsFrame,
} from '../../src/system/https/http2/frames.ts';
import { encodedHead } from '../../src/system/https/http2/header-encoder.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { fc } from '../support/property.ts';
import { type ReceivedQuery, replyA } from '../support/scripted-upstream.ts';
import { certificateForTests } from '../support/test-certificate.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const { authority, certificate } = await certificateForTests();

/** A request that a played server received whole. */
interface PlayedRequest {
  readonly id: number;
  /** Of its connection, from 0. */
  readonly number: number;
  readonly query: ReceivedQuery;
  readonly socket: TLSSocket;
  /** How many connections there were. */
  readonly connections: number;
}

/** What a played server does when it was told nothing else. */
interface Played {
  /** The octets that answer a request, none for silence. */
  readonly answer: (request: PlayedRequest) => readonly Uint8Array[];
  /** What it sends first; default: no settings of its own. */
  readonly first?: Uint8Array;
  /** Told each frame that does not begin or end a request. @returns what to send. */
  readonly onFrame?: (type: number, flags: number, id: number, payload: Buffer) => Uint8Array | undefined;
}

/** A server of HTTP/2 whose frames the test writes. */
async function startPlayed({ answer, first = settingsFrame([]), onFrame = () => undefined }: Played) {
  const server = createServer({ cert: certificate.cert, key: certificate.key, ALPNProtocols: ['h2'] });
  const sockets = new Set<TLSSocket>();
  let connections = 0;
  server.on('secureConnection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write(first);
    const input = new FrameInput('client');
    const bodies = new Map<number, Buffer[]>();
    let number = 0;
    socket.on('data', (piece: Buffer) => {
      input.add(piece);
      while (input.next()) {
        const { type, flags, id } = input;
        const payload = Buffer.from(input.payload());
        if (type === FrameType.HEADERS) bodies.set(id, []);
        if (type === FrameType.DATA) bodies.get(id)?.push(payload);
        if (type === FrameType.HEADERS) continue;
        if (type !== FrameType.DATA || (flags & Flag.END_STREAM) === 0) {
          const octets = onFrame(type, flags, id, payload);
          if (octets !== undefined && !socket.destroyed) socket.write(octets);
          continue;
        }
        const bytes = Buffer.concat(bodies.get(id) ?? []);
        const query = readQuery(bytes);
        for (const octets of answer({ id, number: number++, query, socket, connections })) {
          if (!socket.destroyed) socket.write(octets);
        }
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readQuery(bytes: Uint8Array): ReceivedQuery {
  const message = decodeMessage(bytes);
  const [question] = message.questions;
  assert.ok(question !== undefined);
  return {
    ...{ transport: 'tcp', message, question, bytes, connection: 0, at: 0, sourceAddress: '', sourcePort: 0 },
    name: question.name.labels.join('.'),
  };
}

const head = encodedHead(200, { 'content-type': 'application/dns-message' });
const headers = (id: number, flags: number = Flag.END_HEADERS) => frame(FrameType.HEADERS, flags, id, head);
const data = (id: number, octets: Uint8Array, flags: number = Flag.END_STREAM) =>
  frame(FrameType.DATA, flags, id, octets);
const usual = ({ id, query }: PlayedRequest) => [headers(id), data(id, replyA(query))];

/** With a clock that stands still nothing is late, and nothing is asked on a second connection for that. */
function forwarderTo(port: number) {
  return setUpForwarder({
    clock: new MovableClock(),
    upstreams: [`https://dns.example:${port}/dns-query@127.0.0.1`],
    authorities: TlsAuthorities.parse(authority.pem),
  });
}

/** Padded with three octets, as RFC 9113 §6.1 has it. */
const padded = (octets: Uint8Array) => Buffer.concat([Buffer.of(3), octets, Buffer.alloc(3)]);

const unusual: Readonly<Record<string, (request: PlayedRequest) => readonly Uint8Array[]>> = {
  'in frames of one octet': ({ id, query }) => [
    headers(id),
    ...Array.from(replyA(query), (octet) => data(id, Buffer.of(octet), 0)),
    data(id, Buffer.of()),
  ],
  'octet by octet': (request) => Array.from(Buffer.concat(usual(request)), (octet) => Buffer.of(octet)),
  'with its head in three frames': ({ id, query }) => [
    frame(FrameType.HEADERS, 0, id, head.subarray(0, 1)),
    frame(FrameType.CONTINUATION, 0, id, head.subarray(1, 9)),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, id, head.subarray(9)),
    data(id, replyA(query)),
  ],
  'padded, and with a priority': ({ id, query }) => [
    frame(
      FrameType.HEADERS,
      Flag.END_HEADERS | Flag.PADDED | Flag.PRIORITY,
      id,
      padded(Buffer.concat([Buffer.alloc(5), head])),
    ),
    data(id, padded(replyA(query)), Flag.END_STREAM | Flag.PADDED),
  ],
  'after a head that informs, and before trailers': ({ id, query }) => [
    frame(FrameType.HEADERS, Flag.END_HEADERS, id, encodedHead(103, {})),
    headers(id),
    data(id, replyA(query), 0),
    frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, id, Buffer.of()),
  ],
  'between frames that nobody knows': (request) => [
    frame(0xfa, 0xff, request.id, Buffer.from('what')),
    frame(FrameType.PRIORITY, 0, request.id, Buffer.alloc(5)),
    ...usual(request),
    frame(0xfb, 0, 0, Buffer.alloc(100)),
  ],
  'with a reset of the stream behind it': (request) => [
    ...usual(request),
    numbersFrame(FrameType.RST_STREAM, request.id, ErrorCode.NO_ERROR),
  ],
};

test('replies that come in unusual frames are answers, and the session goes on', async () => {
  for (const [what, answer] of Object.entries(unusual)) {
    await using server = await startPlayed({ answer });
    using forwarder = forwarderTo(server.port);
    for (let i = 0; i < 3; i++)
      assert.deepEqual(addresses(await ask(forwarder, `n${i}.example`)), ['192.0.2.1'], what);
    assert.equal(server.connections(), 1, what);
  }
});

const broken: Readonly<Record<string, (request: PlayedRequest) => readonly Uint8Array[]>> = {
  'a push': ({ id }) => [frame(FrameType.PUSH_PROMISE, Flag.END_HEADERS, id, Buffer.alloc(4))],
  'a reply to what was not asked': () => [headers(9_999)],
  'a reply on an even stream': () => [headers(2)],
  'data on no stream': () => [data(0, Buffer.of(1))],
  'a frame that is too long': ({ id }) => [data(id, Buffer.alloc(16_385))],
  'a block that is not whole, and something else': ({ id }) => [headers(id, 0), data(id, Buffer.of(1))],
  'the end of a block that was not begun': ({ id }) => [
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, id, head),
  ],
  'a block without end': ({ id }) => [
    headers(id, 0),
    ...Array.from({ length: 20 }, () => frame(FrameType.CONTINUATION, 0, id, head)),
  ],
  'headers that refer to nothing': ({ id }) => [
    frame(FrameType.HEADERS, Flag.END_HEADERS, id, Buffer.of(0xff, 0x7f)),
  ],
  'padding that is longer than its frame': ({ id }) => [data(id, Buffer.of(9, 1), Flag.PADDED)],
  'settings of no length': () => [frame(FrameType.SETTINGS, 0, 0, Buffer.of(1))],
  'settings of a stream': ({ id }) => [frame(FrameType.SETTINGS, 0, id, Buffer.of())],
  'too many settings': () => [
    settingsFrame(Array.from({ length: 50 }, () => [Setting.MAX_CONCURRENT_STREAMS, 100] as const)),
  ],
  'the wish to push': () => [settingsFrame([[Setting.ENABLE_PUSH, 1]])],
  'a window over the limit': () => [numbersFrame(FrameType.WINDOW_UPDATE, 0, 2 ** 31 - 1)],
  'a window of a stream over the limit': ({ id }) => [
    settingsFrame([[Setting.INITIAL_WINDOW_SIZE, 2 ** 31]]),
    headers(id),
  ],
  'a window that grows by nothing': () => [numbersFrame(FrameType.WINDOW_UPDATE, 0, 0)],
  'a ping of seven octets': () => [frame(FrameType.PING, 0, 0, Buffer.alloc(7))],
  'a short GOAWAY': () => [frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(7))],
  'a short reset': ({ id }) => [frame(FrameType.RST_STREAM, 0, id, Buffer.alloc(3))],
  'pings without end': () =>
    Array.from({ length: 10_001 }, () => frame(FrameType.PING, 0, 0, Buffer.alloc(8))),
};
for (const [what, answer] of Object.entries(broken)) {
  test(`${what} ends the session, and the question is a failure that says so or is asked again`, async () => {
    await using server = await startPlayed({
      // Three sessions are broken; a query is given up then, and the next is answered.
      answer: (request) => (request.connections <= 3 ? answer(request) : usual(request)),
    });
    using forwarder = forwarderTo(server.port);
    await assert.rejects(ask(forwarder, 'bad.example'), (error) => {
      assert.ok(error instanceof ForwardError);
      assert.match(error.message, /broke the rules of HTTP\/2/);
      return true;
    });
    assert.equal(server.connections(), 3);
    assert.deepEqual(addresses(await ask(forwarder, 'good.example')), ['192.0.2.1']);
  });
}

test('what is no beginning of a session is a failure', async () => {
  for (const first of [
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    frame(FrameType.PING, 0, 0, Buffer.alloc(8)),
  ]) {
    await using server = await startPlayed({ answer: () => [], first });
    using forwarder = forwarderTo(server.port);
    await assert.rejects(ask(forwarder, 'x.example'), ForwardError);
  }
});

const lost: Readonly<Record<string, (request: PlayedRequest) => readonly Uint8Array[]>> = {
  'a GOAWAY that names no request': () => [numbersFrame(FrameType.GOAWAY, 0, 0, ErrorCode.NO_ERROR)],
  'half a frame, and the end': ({ id, socket }) => {
    socket.end(headers(id).subarray(0, 15));
    return [];
  },
  'half a reply, and the end': ({ id, query, socket }) => {
    socket.end(Buffer.concat([headers(id), data(id, replyA(query).subarray(0, 20), 0)]));
    return [];
  },
  'a reset of the stream': ({ id }) => [numbersFrame(FrameType.RST_STREAM, id, ErrorCode.CANCEL)],
  'data without a head': ({ id, query }) => [data(id, replyA(query))],
  'less than it says': ({ id, query }) => [
    frame(
      FrameType.HEADERS,
      Flag.END_HEADERS,
      id,
      encodedHead(200, { 'content-type': 'application/dns-message', 'content-length': '200' }),
    ),
    data(id, replyA(query)),
  ],
};
test('a query whose reply did not come whole is asked again', async () => {
  for (const [what, answer] of Object.entries(lost)) {
    let count = 0;
    await using server = await startPlayed({
      answer: (request) => (count++ === 1 ? answer(request) : usual(request)),
    });
    using forwarder = forwarderTo(server.port);
    for (let i = 0; i < 3; i++)
      assert.deepEqual(addresses(await ask(forwarder, `n${i}.example`)), ['192.0.2.1'], what);
    assert.equal(count, 4, what);
  }
});

test('a body waits for the windows of the server, however small they are', async () => {
  let pieces = 0;
  await using server = await startPlayed({
    first: settingsFrame([[Setting.INITIAL_WINDOW_SIZE, 16]]),
    answer: usual,
    onFrame: (type, _, id) => {
      pieces += 1;
      return type === FrameType.DATA ? numbersFrame(FrameType.WINDOW_UPDATE, id, 16) : undefined;
    },
  });
  using forwarder = forwarderTo(server.port);
  await ask(forwarder, 'first.example');
  const asked = Array.from({ length: 10 }, (_, i) => ask(forwarder, `n${i}.example`));
  for (const reply of await Promise.all(asked)) assert.deepEqual(addresses(reply), ['192.0.2.1']);
  assert.ok(pieces > 10 * 7, `${pieces} pieces`);
  assert.equal(server.connections(), 1);
});

test('no more requests are open than the server takes, and pings are answered', async () => {
  let open = 0;
  let most = 0;
  const pongs: string[] = [];
  await using server = await startPlayed({
    first: Buffer.concat([
      settingsFrame([[Setting.MAX_CONCURRENT_STREAMS, 3]]),
      frame(FrameType.PING, 0, 0, Buffer.from('pingpong')),
    ]),
    onFrame: (type, flags, _, payload) => {
      if (type === FrameType.PING && (flags & Flag.ACK) !== 0) pongs.push(payload.toString());
      return undefined;
    },
    answer: (request) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        if (request.socket.writable) request.socket.write(Buffer.concat(usual(request)));
      }, 2);
      return [];
    },
  });
  using forwarder = forwarderTo(server.port);
  await ask(forwarder, 'first.example');
  most = 0;
  await Promise.all(Array.from({ length: 30 }, (_, i) => ask(forwarder, `n${i}.example`)));
  assert.equal(most, 3);
  assert.deepEqual(pongs, ['pingpong']);
  assert.equal(server.connections(), 1);
});

test('whatever a server sends, a session throws nothing, and tells the end of each stream at most once', () => {
  const frames = fc.array(
    fc.record({
      type: fc.integer({ min: 0, max: 10 }),
      flags: fc.constantFrom(0, Flag.END_STREAM, Flag.END_HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 0xff),
      id: fc.constantFrom(0, 1, 3, 5, 2, 99),
      payload: fc.oneof(
        fc.constantFrom(head, Buffer.alloc(4), Buffer.alloc(8), Buffer.of(0, 0, 0, 9)),
        fc.uint8Array({ maxLength: 40 }),
      ),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 60 }), fc.boolean(), (sent, step, isOrderly) => {
      const socket = new Duplex({ read() {}, write: (_, __, done) => done() });
      const ended: number[] = [];
      let breaks = 0;
      const session: ClientSession = new ClientSession(socket, {
        ended: ({ id }) => ended.push(id),
        leaving: () => {},
        broken() {
          breaks += 1;
          session.end();
        },
      });
      const message = Buffer.alloc(128);
      const query = { message, questionEnd: 20, answered() {}, fail() {} };
      for (let i = 0; i < 3; i++)
        session.request(new HttpsStream(query, { isGet: false, head, body: message }));
      const octets = Buffer.concat([
        ...(isOrderly ? [settingsFrame([])] : []),
        ...sent.map(({ type, flags, id, payload }) => frame(type, flags, id, payload)),
      ]);
      for (let at = 0; at < octets.length; at += step) socket.emit('data', octets.subarray(at, at + step));
      assert.equal(new Set(ended).size, ended.length);
      assert.ok(breaks <= 1);
    }),
    { numRuns: 2_000 },
  );
});
