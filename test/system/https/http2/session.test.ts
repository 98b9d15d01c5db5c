import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { Handshakes } from '../../../../src/serve/tls/handshakes.ts';
import { ErrorCode, FrameType, frame, numbersFrame } from '../../../../src/system/https/http2/frames.ts';
import type { HttpsAnswer } from '../../../../src/system/https/shared/server.ts';
import { SocketServer } from '../../../../src/system/https/socket-server.ts';
import * as frames from '../../../attacks/http2-frames.ts';
import { Http2Client } from '../../../support/http-client.ts';
import { fc } from '../../../support/property.ts';

/** What `/wait` is answered with, when a test says so. */
let answerLater: ((answer: HttpsAnswer) => void) | undefined;
const bugs: unknown[] = [];
const server = await SocketServer.open({
  place: { host: '127.0.0.1', port: 0 },
  certificate: undefined,
  handler(request) {
    const { target, body } = request;
    if (target === '/echo') return { status: 200, headers: {}, body: request.header('x') ?? '' };
    if (target === '/wait') return new Promise((resolve) => (answerLater = resolve));
    if (target === '/large') return { status: 200, headers: {}, body: 'x'.repeat(40_000) };
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: `${body.length}` };
  },
  onConnection: () => ({ onWaiting() {}, onClosed() {} }),
  handshakes: new Handshakes(),
  onBug: (error) => bugs.push(error),
});
after(async () => {
  await server.stop();
  assert.deepEqual(bugs, []);
});

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** A client that writes its frames by hand. */
class Client {
  readonly socket: Socket = connect(server.port, '127.0.0.1');
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #frames: Frame[] = [];
  #onFrame = () => {};

  constructor(begin: Uint8Array = frames.preface()) {
    this.socket.on('error', () => {});
    this.socket.on('data', (piece) => this.#read(piece));
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.closed.then(() => this.#onFrame());
    this.socket.write(begin);
  }

  /** The next frame for which `isWanted`; those before are dropped. */
  async next(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = this.#frames.findIndex(isWanted);
      const found = this.#frames[index];
      if (found !== undefined) {
        this.#frames = this.#frames.slice(index + 1);
        return found;
      }
      assert.ok(!this.socket.destroyed, 'the connection is closed');
      await new Promise<void>((resolve) => {
        this.#onFrame = resolve;
      });
    }
  }

  /** The code of the next GOAWAY or RST_STREAM. */
  async code(type: number): Promise<number> {
    const { payload } = await this.next((frame) => frame.type === type);
    return payload.readUInt32BE(payload.length - 4);
  }

  #read(piece: Buffer): void {
    this.#received = Buffer.concat([this.#received, piece]);
    for (;;) {
      const end = this.#received.length < 9 ? Number.POSITIVE_INFINITY : 9 + this.#received.readUIntBE(0, 3);
      if (this.#received.length < end) break;
      const octets = this.#received.subarray(0, end);
      this.#frames.push({
        type: octets[3] ?? 0,
        flags: octets[4] ?? 0,
        id: octets.readUInt32BE(5),
        payload: octets.subarray(9),
      });
      this.#received = this.#received.subarray(end);
    }
    this.#onFrame();
  }
}

const isData = ({ type }: Frame) => type === FrameType.DATA;
const isLast = ({ flags }: Frame) => (flags & 1) !== 0;
const isPong = ({ type, flags }: Frame) => type === FrameType.PING && flags === 1;
const post = (id: number, length?: number) =>
  frames.head(id, {
    method: 'POST',
    isOpen: true,
    headers: length === undefined ? [] : [['content-length', String(length)]],
  });

test('what breaks the protocol ends the connection, with the code of RFC 9113', async () => {
  const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM } =
    ErrorCode;
  const settings = (setting: number, value: number) => {
    const octets = Buffer.alloc(6);
    octets.writeUInt16BE(setting);
    octets.writeUInt32BE(value, 2);
    return frame(FrameType.SETTINGS, 0, 0, octets);
  };
  const { first, more } = frames.endlessHead(1);
  const wrong: readonly (readonly [what: string, octets: Buffer, code: number])[] = [
    ['DATA on a stream that was not opened', frames.data(1, Buffer.of(1)), PROTOCOL_ERROR],
    ['DATA on no stream', frames.data(0, Buffer.of(1)), PROTOCOL_ERROR],
    ['RST_STREAM of a stream that was not opened', frames.reset(1), PROTOCOL_ERROR],
    ['WINDOW_UPDATE of a stream that was not opened', frames.windowUpdate(1, 1), PROTOCOL_ERROR],
    ['WINDOW_UPDATE of 0', frames.windowUpdate(0, 0), PROTOCOL_ERROR],
    ['a window that is too wide', frames.windowUpdate(0, 2 ** 31 - 1), FLOW_CONTROL_ERROR],
    ['a request on an even stream', frames.head(2), PROTOCOL_ERROR],
    ['a request on no stream', frames.head(0), PROTOCOL_ERROR],
    ['CONTINUATION of nothing', more, PROTOCOL_ERROR],
    ['something else within a block', Buffer.concat([first, frames.ping]), PROTOCOL_ERROR],
    ['a block without an end', Buffer.concat([first, ...Array(20).fill(more)]), ENHANCE_YOUR_CALM],
    ['a block that is broken', frame(FrameType.HEADERS, 5, 1, Buffer.of(0x80)), COMPRESSION_ERROR],
    ['a promise', frame(FrameType.PUSH_PROMISE, 4, 1, Buffer.alloc(4)), PROTOCOL_ERROR],
    ['a PING of 7 octets', frame(FrameType.PING, 0, 0, Buffer.alloc(7)), FRAME_SIZE_ERROR],
    ['a PING on a stream', frame(FrameType.PING, 0, 1, Buffer.alloc(8)), PROTOCOL_ERROR],
    ['SETTINGS of 7 octets', frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(7)), FRAME_SIZE_ERROR],
    ['a window in SETTINGS that is too wide', settings(4, 2 ** 31), FLOW_CONTROL_ERROR],
    ['a largest frame that is too small', settings(5, 100), PROTOCOL_ERROR],
    ['ENABLE_PUSH that is not 0 or 1', settings(2, 2), PROTOCOL_ERROR],
    ['SETTINGS without number', frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(6 * 100)), ENHANCE_YOUR_CALM],
    ['a frame that is too large', Buffer.from('00400100000000000100', 'hex'), FRAME_SIZE_ERROR],
    [
      'padding that is longer than its frame',
      frame(FrameType.HEADERS, 0xd, 1, Buffer.of(9, 0)),
      PROTOCOL_ERROR,
    ],
  ];
  for (const [what, octets, code] of wrong) {
    const client = new Client(Buffer.concat([frames.preface(), octets]));
    assert.equal(await client.code(FrameType.GOAWAY), code, what);
    await client.closed;
  }
});

test('what is no preface of HTTP/2 is not answered as if it was', async () => {
  for (const octets of ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/1.1\r\n\r\n']) {
    const client = new Client(Buffer.from(octets));
    const code = await client.code(FrameType.GOAWAY);
    assert.ok(code === ErrorCode.PROTOCOL_ERROR || code === ErrorCode.FRAME_SIZE_ERROR);
    await client.closed;
  }
});

test('a request that is wrong is reset, and others go on', async () => {
  const client = new Client();
  const requests = [
    frames.head(1, { headers: [['Upper', 'a']] }),
    frames.head(3, { headers: [['connection', 'close']] }),
    frames.head(5, { headers: [[':path', '/twice']] }),
    frames.head(7, { method: '' }),
    frames.head(9, { headers: [['x', 'a\nb']] }),
    Buffer.concat([post(11, 5), frame(FrameType.DATA, 1, 11, Buffer.alloc(4))]),
    Buffer.concat([post(13, 5), frames.data(13, Buffer.alloc(6))]),
  ];
  for (const [index, request] of requests.entries()) {
    client.socket.write(request);
    const { id, payload } = await client.next(({ type }) => type === FrameType.RST_STREAM);
    assert.deepEqual([id, payload.readUInt32BE(0)], [2 * index + 1, ErrorCode.PROTOCOL_ERROR]);
  }
  client.socket.write(frames.head(101));
  assert.equal((await client.next(isData)).id, 101);
  client.socket.destroy();
});

test('too many headers are answered 431', async () => {
  const client = new Client();
  const headers = Array.from({ length: 100 }, (_, n) => [`x-${n}`, 'y'] as const);
  client.socket.write(frames.head(1, { headers }));
  const { payload } = await client.next(({ type }) => type === FrameType.HEADERS);
  assert.ok(payload.includes('431'));
  client.socket.write(frames.head(3, { isOpen: true, headers }));
  const { id, payload: code } = await client.next(({ type }) => type === FrameType.RST_STREAM);
  assert.deepEqual([id, code.readUInt32BE(0)], [3, ErrorCode.NO_ERROR]);
  client.socket.destroy();
});

test('who goes on with a request that is refused is told after its answer', async () => {
  const client = new Client();
  client.socket.write(Buffer.concat([post(1, 100_000), frames.data(1, Buffer.alloc(10))]));
  const { payload } = await client.next(({ type }) => type === FrameType.HEADERS);
  assert.ok(payload.includes('413'));
  assert.ok(isLast(await client.next(isData)));
  assert.equal(await client.code(FrameType.RST_STREAM), ErrorCode.NO_ERROR);
  client.socket.write(frames.head(3));
  assert.equal((await client.next(isData)).id, 3);
  client.socket.destroy();
});

test('a request may come octet by octet, padded, with a priority, in several frames, with trailers', async () => {
  const block = frames.head(1, { method: 'POST' }).subarray(9);
  const trailers = Buffer.from([0, 1, 0x78, 1, 0x79]);
  const octets = Buffer.concat([
    frames.preface(),
    frame(0x42, 0, 1, Buffer.from('not known')),
    // Padded, with a priority; then the rest.
    frame(
      FrameType.HEADERS,
      0x28,
      1,
      Buffer.concat([Buffer.of(3), Buffer.alloc(5), block.subarray(0, 20), Buffer.alloc(3)]),
    ),
    frame(FrameType.CONTINUATION, 4, 1, block.subarray(20)),
    frame(FrameType.DATA, 8, 1, Buffer.from([2, 7, 7, 7, 0, 0])),
    frames.data(1, Buffer.alloc(10)),
    frame(FrameType.HEADERS, 5, 1, trailers),
  ]);
  const client = new Client(Buffer.alloc(0));
  for (const octet of octets) {
    if (!client.socket.write(Buffer.of(octet))) await once(client.socket, 'drain');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await client.next(isData)).payload.toString(), '13');
  client.socket.destroy();
});

test('an answer comes as the client has room for it', async () => {
  const client = new Client(Buffer.concat([frames.preface(10), frames.head(1, { path: '/large' })]));
  assert.equal((await client.next(isData)).payload.length, 10);
  client.socket.write(Buffer.concat([frames.windowUpdate(1, 5), frames.ping]));
  assert.equal((await client.next(isData)).payload.length, 5);
  await client.next(isPong);
  // SETTINGS may widen it too, and frames are no larger than the client takes.
  client.socket.write(frames.preface(100_000).subarray(24));
  let rest = 0;
  for (let last = false; !last; ) {
    const data = await client.next(isData);
    assert.ok(data.payload.length <= 16_384);
    rest += data.payload.length;
    last = isLast(data);
  }
  assert.equal(rest, 40_000 - 15);
  // 25,535 are left of the window of the connection.
  client.socket.write(frames.head(3, { path: '/large' }));
  let second = 0;
  while (second < 25_535) second += (await client.next(isData)).payload.length;
  assert.equal(second, 25_535);
  client.socket.write(frames.windowUpdate(0, 50_000));
  while (second < 40_000) second += (await client.next(isData)).payload.length;
  assert.equal(second, 40_000);
  client.socket.destroy();
});

test('bodies get their room back, and one that is too long is refused', async () => {
  const client = new Http2Client({ host: '127.0.0.1', port: server.port });
  // Four times the window of a connection.
  for (let count = 0; count < 6; count++) {
    const { body } = await client.ask({ method: 'POST', path: '/', body: Buffer.alloc(50_000) });
    assert.equal(body.toString(), '50000');
  }
  const long = await client.ask({ method: 'POST', path: '/', body: Buffer.alloc(70_000) });
  assert.equal(long.status, 413);
  const after = await client.ask({ method: 'POST', path: '/', body: Buffer.alloc(5) });
  assert.equal(after.body.toString(), '5');
  await client.close();
});

test('who resets a request that waits hears nothing of it, and who leaves costs nothing', async () => {
  const client = new Client();
  client.socket.write(frames.head(1, { path: '/wait' }));
  client.socket.write(Buffer.concat([frames.reset(1), frames.ping]));
  await client.next(isPong);
  answerLater?.({ status: 200, headers: {}, body: 'too late' });
  client.socket.write(frames.head(3));
  const { id } = await client.next(({ type }) => type === FrameType.HEADERS);
  assert.equal(id, 3);
  client.socket.write(Buffer.concat([frames.head(5, { path: '/wait' }), frames.ping]));
  await client.next(isPong);
  client.socket.destroy();
  await client.closed;
  answerLater?.({ status: 200, headers: {}, body: 'too late' });
});

test('every octet that a header may have is read as it was written, in the code of Huffman too', async () => {
  const client = new Http2Client({ host: '127.0.0.1', port: server.port });
  // Node writes the code where it is shorter, which the letter sees to: it has one of 5 bits.
  const many = 'a'.repeat(30);
  const octets = [...Array(256).keys()].filter((octet) => octet > 32 && octet !== 127);
  const values = octets.map((octet) => `${many}${String.fromCharCode(octet)}${many}`);
  const answers = await Promise.all(values.map((x) => client.ask({ path: '/echo', headers: { x } })));
  assert.deepEqual(
    answers.map(({ body }) => body.toString()),
    values,
  );
  await client.close();
});

test('more streams than there may be are refused, and the rest is answered', async () => {
  const client = new Client();
  const waiting = Array.from({ length: 100 }, (_, i) => post(2 * i + 1));
  client.socket.write(Buffer.concat([...waiting, frames.head(301)]));
  const { id, payload } = await client.next(({ type }) => type === FrameType.RST_STREAM);
  assert.deepEqual([id, payload.readUInt32BE(0)], [301, ErrorCode.REFUSED_STREAM]);
  client.socket.write(frame(FrameType.DATA, 1, 1, Buffer.alloc(3)));
  assert.equal((await client.next(isData)).payload.toString(), '3');
  client.socket.write(frames.head(303));
  assert.equal((await client.next(isData)).id, 303);
  client.socket.destroy();
});

test('no frames, whatever is in them, cost the server more than their connection', async () => {
  const any = fc.record({
    type: fc.integer({ min: 0, max: 10 }),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 9, 12, 13, 0x20, 0x25, 0xff),
    id: fc.constantFrom(0, 1, 2, 3, 5, 2 ** 31 - 1),
    payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(frames.head(1).subarray(9))),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(any, { maxLength: 12 }), async (written) => {
      const octets = written.map(({ type, flags, id, payload }) => frame(type, flags, id, payload));
      const client = new Client(Buffer.concat([frames.preface(), ...octets]));
      client.socket.end();
      await client.closed;
    }),
    { numRuns: 200 },
  );
  const client = new Client(Buffer.concat([frames.preface(), frames.head(1)]));
  assert.equal((await client.next(isData)).payload.toString(), '0');
  client.socket.write(numbersFrame(FrameType.GOAWAY, 0, 0, 0));
  client.socket.end();
  await client.closed;
});
