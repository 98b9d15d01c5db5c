import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { Type } from '../../../src/dns/codes.ts';
import { EdnsOptionCode } from '../../../src/dns/edns.ts';
import type { Message } from '../../../src/dns/message.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import { parseCertificate } from '../../../src/serve/certificate/certificate.ts';
import { HeldCertificate } from '../../../src/serve/certificate/current-certificate.ts';
import { defaultTcpLimits, TcpConnections } from '../../../src/serve/tcp/connections.ts';
import { Handshakes } from '../../../src/serve/tls/handshakes.ts';
import { openTls } from '../../../src/serve/tls/open-tls.ts';
import { frame, query } from '../../support/dns-client.ts';
import { MovableClock } from '../../support/movable-clock.ts';
import { TestAuthority, type TestCertificate } from '../../support/test-certificate.ts';
import { TlsClient } from '../../support/tls-client.ts';
import { scriptedResponder } from '../scripted-responder.ts';

const authority = await TestAuthority.create();
const issued = await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1' });
const renewed = await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1,DNS:renewed.example' });
const closers: (() => Promise<void>)[] = [() => authority[Symbol.asyncDispose]()];
after(async () => {
  for (const close of closers.reverse()) await close();
});

const parsed = ({ cert, key }: TestCertificate) =>
  parseCertificate({ path: 'cert', text: cert }, { path: 'key', text: key });

async function server(limits = {}, handshakes = new Handshakes()) {
  const { responder, held } = scriptedResponder();
  const certificate = new HeldCertificate();
  certificate.set(parsed(issued));
  const connections = new TcpConnections(responder, { ...defaultTcpLimits, ...limits });
  const opened = await openTls({ host: '127.0.0.1', port: 0 }, { connections, certificate, handshakes });
  closers.push(() => opened.stop());
  return { ...opened, stop: () => opened.stop(), certificate, connections, held };
}

const client = (port: number, options?: ConnectionOptions) => new TlsClient(port, authority.pem, options);
const closed = ({ socket }: TlsClient) => whenClosed(socket);

/** Whether it ends in order or by a reset, which `once` would reject with. */
async function whenClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

test('queries are pipelined, and answered in the order in which the answers are ready', async () => {
  const { port, held } = await server();
  const asking = client(port);
  asking.send('slow.example', 1);
  asking.send('fast.example', 2);
  asking.send('other.example', 3);
  assert.deepEqual([...(await asking.replies(2))].sort(), [2, 3]);
  for (const release of held.splice(0)) release(recordsAnswer({}));
  assert.equal((await asking.replies(3)).at(-1), 1);
  asking.socket.destroy();
});

test('TLS 1.2 and 1.3 are spoken, and nothing older', async () => {
  const { port } = await server();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const asking = client(port, { minVersion: version, maxVersion: version });
    asking.send('a.example', 1);
    assert.deepEqual(await asking.replies(1), [1]);
    assert.equal(asking.socket.getProtocol(), version);
    asking.socket.destroy();
  }
  const old = client(port, {
    ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
    // OpenSSL has older ones only below its own idea of security.
    ...('bun' in process.versions ? {} : { ciphers: 'DEFAULT:@SECLEVEL=0' }),
  });
  await closed(old);
  assert.ok(old.error !== undefined);
});

test('ALPN: dot is taken, none is as good, and a client that speaks only something else is refused', async () => {
  const { port } = await server();
  const dot = await client(port).handshake();
  const none = await client(port, { ALPNProtocols: [] }).handshake();
  assert.deepEqual([dot.socket.alpnProtocol, none.socket.alpnProtocol], ['dot', false]);
  none.send('a.example', 1);
  assert.deepEqual(await none.replies(1), [1]);
  const other = await client(port, { ALPNProtocols: ['h2', 'http/1.1'] }).handshake();
  await closed(other);
  assert.match(other.error?.code ?? '', /NO_APPLICATION_PROTOCOL/);
  for (const { socket } of [dot, none]) socket.destroy();
});

test('a client that closes its side after its query still gets the answer, and then the end', async () => {
  const { port } = await server();
  const asking = client(port, { allowHalfOpen: true } as ConnectionOptions);
  asking.socket.end(frame(query('a.example', Type.A, { id: 7 })));
  assert.deepEqual(await asking.replies(1), [7]);
  await closed(asking);
  assert.equal(asking.error, undefined);
});

test('a client that says nothing, or begins a handshake an octet at a time, is closed as idle', async () => {
  const { port, connections } = await server({ idle: 200 });
  const silent = connectTcp(port, '127.0.0.1');
  const slow = connectTcp(port, '127.0.0.1');
  for (const socket of [silent, slow]) {
    socket.on('error', () => {});
    socket.resume();
  }
  let sent = 0;
  // The begin of a record that announces 512 octets of a ClientHello (RFC 8446 §5.1).
  const hello = Buffer.concat([Buffer.of(22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), Buffer.alloc(500)]);
  const trickle = setInterval(() => slow.write(hello.subarray(sent, ++sent)), 20);
  await Promise.all([silent, slow].map(whenClosed));
  clearInterval(trickle);
  assert.ok(sent < 500, `closed after ${sent} octets`);
  while (connections.statistics().open > 0) await sleep(5);
});

test('connections without a handshake count: 200 of them do not stop a client', async () => {
  const { port, connections } = await server({ young: 0 });
  const idle = Array.from({ length: 200 }, () => connectTcp(port, '127.0.0.1').on('error', () => {}));
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  const asking = client(port);
  asking.send('a.example', 1);
  assert.deepEqual(await asking.replies(1), [1]);
  assert.ok(connections.statistics().open <= defaultTcpLimits.connectionsPerClient);
  for (const socket of [...idle, asking.socket]) socket.destroy();
});

test('what is not TLS ends that connection and nothing else', async () => {
  const { port, connections } = await server();
  for (const octets of [
    'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
    frame(query('a.example')),
    Buffer.alloc(4096, 22),
  ]) {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    socket.resume();
    socket.write(octets);
    await whenClosed(socket);
  }
  const reset = connectTcp(port, '127.0.0.1').on('error', () => {});
  await once(reset, 'connect');
  reset.resetAndDestroy();
  const inHandshake = await client(port).handshake();
  inHandshake.socket.destroy();
  while (connections.statistics().open > 0) await sleep(5);
  const asking = client(port);
  asking.send('a.example', 1);
  assert.deepEqual(await asking.replies(1), [1]);
  asking.socket.destroy();
});

test('a client that was ended for a flood waits for its handshake, counts meanwhile, and may leave', async () => {
  const clock = new MovableClock();
  const handshakes = new Handshakes({ clock });
  const { port, connections } = await server({}, handshakes);
  handshakes.flooded('127.0.0.1');
  const leaving = client(port);
  while (clock.waiting === 0) await sleep(2);
  leaving.socket.destroy();
  while (connections.statistics().open > 0) await sleep(2);
  const asking = client(port);
  asking.send('a.example', 1);
  while (connections.statistics().open === 0) await sleep(2);
  await sleep(50);
  assert.equal(asking.socket.authorized, false);
  clock.advance(250);
  assert.deepEqual(await asking.replies(1), [1]);
  asking.socket.destroy();
});

test('the end of the program does not wait for a handshake that has not begun', async () => {
  const handshakes = new Handshakes({ clock: new MovableClock() });
  const { port, connections, stop } = await server({}, handshakes);
  handshakes.flooded('127.0.0.1');
  const asking = client(port);
  while (connections.statistics().open === 0) await sleep(2);
  await stop();
  await closed(asking);
});

test('a client cannot renegotiate', async () => {
  // It waits for an answer, which does not come.
  const { port } = await server({ idle: 300 });
  const asking = await client(port, { maxVersion: 'TLSv1.2' }).handshake();
  const outcome = await new Promise<string>((resolve) => {
    const isTried = asking.socket.renegotiate({}, (error) =>
      resolve(error === null ? 'renegotiated' : 'refused'),
    );
    if (isTried === false) resolve('refused');
    asking.socket.once('close', () => resolve('refused'));
  });
  assert.equal(outcome, 'refused');
  asking.socket.destroy();
});

test('a session is resumed, and not with the certificate that took the place of its own', async () => {
  const { port, certificate } = await server();
  const session = async (options: ConnectionOptions): Promise<{ next: Buffer; isReused: boolean }> => {
    const asking = client(port, { maxVersion: 'TLSv1.2', ...options });
    await asking.handshake();
    const found = { next: asking.socket.getSession() as Buffer, isReused: asking.socket.isSessionReused() };
    asking.socket.destroy();
    return found;
  };
  const first = await session({});
  assert.equal(first.isReused, false);
  assert.equal((await session({ session: first.next })).isReused, true);
  certificate.set(parsed(renewed));
  assert.equal((await session({ session: first.next })).isReused, false);
});

test('another certificate is served from the next connection on, and no open connection ends', async () => {
  const { port, certificate } = await server();
  const open = await client(port).handshake();
  certificate.set(parsed(renewed));
  const next = await client(port).handshake();
  assert.doesNotMatch(open.shownNames, /renewed/);
  assert.match(next.shownNames, /renewed/);
  for (const asking of [open, next]) asking.send('a.example', 5);
  assert.deepEqual([await open.replies(1), await next.replies(1)], [[5], [5]]);
  for (const { socket } of [open, next]) socket.destroy();
});

test('an answer is padded to 468 octets when the query was padded, and only then', async () => {
  const { port } = await server();
  const asking = client(port);
  const edns = (...codes: readonly number[]) => ({
    udpPayloadSize: 1232,
    version: 0,
    dnssecOk: false,
    options: codes.map((code) => ({ code, data: new Uint8Array(3) })),
  });
  const asked: readonly [string, Partial<Message>][] = [
    ['a.example', { edns: edns(EdnsOptionCode.PADDING) }],
    ['a.example', { edns: edns(EdnsOptionCode.PADDING) }],
    ['big.example', { edns: edns(EdnsOptionCode.PADDING) }],
    ['a.example', { edns: edns() }],
    ['a.example', {}],
  ];
  const lengths: number[] = [];
  for (const [index, [name, parts]] of asked.entries()) {
    asking.send(name, index, parts);
    await asking.replies(index + 1);
    lengths.push(asking.heard[index]?.octets.length ?? 0);
  }
  const [fresh, cached, big, plain, none] = lengths as [number, number, number, number, number];
  assert.deepEqual([fresh, cached, big % 468], [468, 468, 0]);
  assert.ok(big > 48_000 && plain < 100 && none < plain);
  asking.socket.destroy();
});

test('the end of the program answers what was asked, and ends connections in order', async () => {
  const { port, stop, held } = await server();
  const asking = client(port);
  asking.send('slow.example', 1);
  while (held.length === 0) await sleep(2);
  const stopped = stop();
  for (const release of held.splice(0)) release(recordsAnswer({}));
  assert.deepEqual(await asking.replies(1), [1]);
  await stopped;
  await closed(asking);
  assert.equal(asking.error, undefined);
});

test('a client that asks much and never reads costs bounded memory and is closed', async () => {
  const { port, connections } = await server({ idle: 500 });
  const asking = await client(port).handshake();
  asking.socket.pause();
  const question = Buffer.from(frame(query('big.example')));
  const before = process.memoryUsage();
  // Each answer has 48 kB: 20,000 of them would be a gigabyte.
  for (let i = 0; i < 20_000 && !asking.socket.destroyed; i += 100) {
    asking.socket.write(Buffer.concat(Array.from({ length: 100 }, () => question)));
    await new Promise(setImmediate);
  }
  assert.ok(process.memoryUsage().arrayBuffers - before.arrayBuffers < 100 * 1024 * 1024);
  assert.ok(process.memoryUsage().external - before.external < 100 * 1024 * 1024);
  while (connections.statistics().open > 0) await sleep(20);
  asking.socket.destroy();
});
