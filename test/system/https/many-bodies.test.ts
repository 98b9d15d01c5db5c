import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { makeLocalCertificate } from '../../../src/certificate/local-certificate.ts';
import { Handshakes } from '../../../src/serve/tls/handshakes.ts';
import { BODY_TIME } from '../../../src/system/https/shared/bounds.ts';
import type { HttpsServer } from '../../../src/system/https/shared/server.ts';
import { SocketServer } from '../../../src/system/https/socket-server.ts';
import { RunningCommand } from '../../support/command.ts';

const { certificate: chain, key } = makeLocalCertificate([], { days: 1, now: Date.now() });

/** A server that answers the length of what it got, on 127.0.0.1. */
async function openServer(onClosed = () => {}): Promise<HttpsServer> {
  return await SocketServer.open({
    place: { host: '127.0.0.1', port: 0 },
    certificate: { current: { chain, key }, onChange: () => () => {} },
    handler: ({ body }) => ({ status: 200, headers: {}, body: String(body.length) }),
    onConnection: () => ({ onWaiting() {}, onClosed }),
    handshakes: new Handshakes(),
    onBug: (error) => assert.fail(String(error)),
  });
}

async function connected(port: number): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  // What is refused may end the session.
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/** The status of the answer to a body of which `octets` come, and the end only when `isWhole`; undefined without one. */
async function post(
  session: ClientHttp2Session,
  octets: number,
  isWhole: boolean,
): Promise<number | undefined> {
  if (session.closed) return undefined;
  const stream = session.request({
    ':method': 'POST',
    ':path': '/dns-query',
    'content-type': 'application/dns-message',
    ...(isWhole && { 'content-length': octets }),
  });
  stream.on('error', () => {});
  if (isWhole) stream.end(Buffer.alloc(octets));
  else stream.write(Buffer.alloc(octets));
  return await new Promise((resolve) => {
    stream.on('response', ({ ':status': status }) => resolve(status));
    stream.on('close', () => resolve(undefined));
    stream.resume();
  });
}

// In a process of its own, which has them all at once, and which they could end.
test('thousands of bodies that never end are refused in time, and the next request is answered', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-bodies-'));
  for (const [name, text] of Object.entries({ chain, key })) writeFileSync(join(directory, name), text);
  const program = new RunningCommand([
    ...['serve', '--listen', '127.0.0.1:0', '--https', '127.0.0.1:0', '--http', 'off'],
    ...['--certificate', join(directory, 'chain'), '--certificate-key', join(directory, 'key')],
    ...['--bootstrap', '127.0.0.1:9', '--upstream', '127.0.0.1:9'],
  ]);
  const [, port] = await program.printed(/https:\/\/127\.0\.0\.1:(\d+)/);
  try {
    const { stdout } = await promisify(execFile)('node', ['--eval', unending, port ?? ''], {
      timeout: 60_000,
    });
    // On Node most end with their connection.
    assert.match(stdout, /^\d+\n$/);
    const after = await connected(Number(port));
    assert.equal(await post(after, 100, true), 200);
    after.close();
  } finally {
    assert.equal((await program.stop()).code, 0);
    rmSync(directory, { recursive: true });
  }
});

/**
 * A program for Node that begins 4000 bodies at once and prints how many were refused, when all were or their connections
 * closed. The client of Bun takes too long to begin them.
 */
const unending = `
  let left = 4000, refused = 0;
  const over = (count) => {
    left -= count;
    if (left <= 0) process.exit();
  };
  process.on('exit', () => console.log(refused));
  const headers = { ':method': 'POST', ':path': '/dns-query', 'content-type': 'application/dns-message' };
  for (let i = 0; i < 40; i++) {
    const session = require('http2').connect('https://127.0.0.1:' + process.argv[1], { rejectUnauthorized: false });
    let open = 100;
    session.on('error', () => {}).on('close', () => {
      over(open);
      open = 0;
    });
    session.on('connect', () => {
      for (let j = 0; j < 100 && !session.destroyed; j++) {
        const stream = session.request({ ...headers, 'content-length': 1000 });
        stream.on('error', () => {}).on('response', ({ ':status': status }) => {
          if (open === 0) return;
          if (status === 408 || status === 503) refused++;
          open--;
          over(1);
        });
        stream.write(Buffer.alloc(900));
      }
    });
  }`;

test('thousands of whole bodies that come at once are taken', async () => {
  const server = await openServer();
  const sessions = await Promise.all(Array.from({ length: 15 }, () => connected(server.port)));
  try {
    const statuses = await Promise.all(
      sessions.flatMap((session) => Array.from({ length: 100 }, () => post(session, 100, true))),
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
  } finally {
    for (const session of sessions) session.destroy();
    await server.stop();
  }
});

test('of too many bodies the connection of the oldest ends', async () => {
  const server = await openServer();
  const [heavy, other] = await Promise.all([connected(server.port), connected(server.port)]);
  const started = performance.now();
  // Not `once`, which an error ends: the connection is closed before all was read that is on its way.
  const ended = new Promise<void>((resolve) => heavy.once('close', resolve));
  try {
    for (let count = 0; count < 100; count++) void post(heavy, 60_000, false);
    await ended;
    assert.ok(performance.now() - started < BODY_TIME);
    assert.equal(await post(other, 100, true), 200);
  } finally {
    heavy.destroy();
    other.destroy();
    await server.stop();
  }
});

test('bodies of clients that have left take nothing from others', async () => {
  let closed = 0;
  let onClosed = () => {};
  const server = await openServer(() => {
    closed++;
    onClosed();
  });
  const patient = await connected(server.port);
  try {
    // The oldest of all.
    void post(patient, 60_000, false);
    for (let times = 1; times <= 4; times++) {
      const leaving = await connected(server.port);
      const begun = Array.from({ length: 30 }, () => post(leaving, 60_000, false));
      // Answered when all before it were read.
      assert.equal(await post(leaving, 100, true), 200);
      leaving.destroy();
      await Promise.all(begun);
      while (closed < times)
        await new Promise<void>((resolve) => {
          onClosed = resolve;
        });
    }
    assert.equal(await post(patient, 100, true), 200);
  } finally {
    patient.destroy();
    await server.stop();
  }
});

test('two clients that have the same port are told apart', async () => {
  const server = await openServer();
  try {
    const first = connectTcp({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.1' });
    await once(first, 'connect');
    const ends = { port: server.port, host: '127.0.0.1' };
    const second = connectTcp({ ...ends, localAddress: '127.0.0.2', localPort: first.localPort ?? 0 });
    await once(second, 'connect');
    for (const socket of [second, first]) {
      const stream = connectTls({ socket, rejectUnauthorized: false });
      stream.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      let answer = '';
      for await (const part of stream) answer += part;
      assert.match(answer, /^HTTP\/1\.1 200 /);
    }
  } finally {
    await server.stop();
  }
});
