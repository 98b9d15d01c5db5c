import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { askProgram } from '../../src/control/client.ts';
import {
  type ControlAccess,
  type ControlHandler,
  type ControlServer,
  openControlSocket,
  ownerAccess,
  publicAccess,
} from '../../src/control/server.ts';
import { ControlError, MAX_REPLY, socketPath } from '../../src/control/socket.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-control-'));
const path = socketPath(directory, 'control');

/** The longest request, in octets. */
const MAX_REQUEST = 4096;
after(() => rmSync(directory, { recursive: true }));
const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function open(
  handlers: Readonly<Record<string, ControlHandler>> = { echo: async (words) => words },
  onError: (error: unknown) => void = unexpected,
  access?: ControlAccess,
): Promise<ControlServer> {
  const server = await openControlSocket(path, { handlers }, onError, access);
  closings.push(() => server.close());
  return server;
}

async function connected(allowHalfOpen = false): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen });
  closings.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** A promise of nothing that is resolved from outside. */
function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function unexpected(error: unknown): void {
  assert.fail(String(error));
}

/** All that comes until the other side ends. */
async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'end');
  return text;
}

test('a request reaches its handler, and its value comes back', async () => {
  await open();
  assert.deepEqual(await askProgram([directory], ['echo', 'a', 'ü "']), ['a', 'ü "']);
});

test('only the user that runs the program may connect, whatever the umask', async () => {
  const before = process.umask(0);
  try {
    await open();
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a request that is not valid is refused with a sentence', async () => {
  await open();
  for (const [line, message] of [
    ['["none"]', '"none" is not a control command; expected one of echo.'],
    ['["toString"]', '"toString" is not a control command; expected one of echo.'],
    ['[]', '"" is not a control command; expected one of echo.'],
    ['{}', 'A control request must be an array of strings.'],
    ['[1]', 'A control request must be an array of strings.'],
    ['echo', 'A control request must be JSON.'],
  ] as const) {
    const socket = await connected();
    socket.write(`${line}\n`);
    assert.deepEqual(JSON.parse(await textOf(socket)), { ok: false, message });
  }
});

test('a request of the greatest length is answered, and one octet more is refused', async () => {
  await open();
  const word = (length: number) => 'x'.repeat(length - JSON.stringify(['echo', '']).length);
  assert.deepEqual(await askProgram([directory], ['echo', word(MAX_REQUEST)]), [word(MAX_REQUEST)]);
  const tooLong = askProgram([directory], ['echo', word(MAX_REQUEST + 1)]);
  await assert.rejects(tooLong, new ControlError(`The line is longer than ${MAX_REQUEST} octets.`));
});

test('a line without end is refused as soon as it is too long', async () => {
  await open();
  const socket = await connected();
  socket.write('x'.repeat(MAX_REQUEST + 1));
  assert.match(await textOf(socket), /The line is longer than/);
});

test('one client after the other is answered, however many', async () => {
  await open();
  for (let count = 0; count < 20; count++) await askProgram([directory], ['echo']);
});

test('what follows the first line is not read', async () => {
  const { promise, resolve } = deferred();
  await open({ wait: () => promise });
  const socket = await connected();
  socket.write('["wait"]\n');
  // More than fits between two sockets: the rest stays here when nobody reads it.
  socket.write('x'.repeat(4_000_000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(socket.writableLength > 1_000_000, String(socket.writableLength));
  resolve();
});

test('a reply longer than its bound is not collected', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
    socket.write('x'.repeat(MAX_REPLY + 1));
  });
  closings.push(() => new Promise((resolve) => server.close(resolve)));
  server.listen(path);
  await once(server, 'listening');
  await assert.rejects(askProgram([directory], ['status']), /The line is longer than 16777216 octets/);
});

test('more clients than are answered at once are told that the program is busy', async () => {
  const { promise, resolve } = deferred();
  await open({ wait: () => promise });
  const first = Array.from({ length: ownerAccess.maxConnections }, () => askProgram([directory], ['wait']));
  const isBusy = new RegExp(`^ControlError: The pkarrd that listens on ${path} is busy with other requests.`);
  await assert.rejects(askProgram([directory], ['wait'], { timeout: 500 }), isBusy);
  const patient = askProgram([directory], ['wait']);
  resolve();
  await Promise.all([...first, patient]);
});

test('connections that ask nothing make room for those that do, and end after a while', async () => {
  await open(undefined, undefined, { ...publicAccess, requestTimeout: 500 });
  const silent = await Promise.all(Array.from({ length: 40 }, () => connected()));
  const ended = Promise.all(silent.map((socket) => once(socket.resume(), 'close')));
  for (let count = 0; count < 60; count++) assert.deepEqual(await askProgram([directory], ['echo']), []);
  await ended;
});

test('connections that have their reply and stay make room for others', async () => {
  await open();
  for (const socket of await Promise.all(
    Array.from({ length: ownerAccess.maxConnections }, () => connected(true)),
  )) {
    socket.write('["none"]\n');
    await once(socket, 'data');
  }
  assert.deepEqual(await askProgram([directory], ['echo'], { timeout: 1_000 }), []);
});

test('hundreds of connections of others to the one socket leave the other one as it is, and hold few descriptors', async () => {
  await open();
  const crowded = join(directory, 'status.sock');
  const server = await openControlSocket(
    crowded,
    { handlers: { echo: async () => 'here' } },
    unexpected,
    publicAccess,
  );
  closings.push(() => server.close());
  const before = readdirSync('/proc/self/fd').length;
  const crowd = Array.from({ length: 400 }, () => connect(crowded).on('error', () => {}));
  closings.push(() => {
    for (const socket of crowd) socket.destroy();
  });
  await Promise.all(crowd.map((socket) => once(socket, 'connect')));
  assert.deepEqual(await askProgram([directory], ['echo']), []);
  assert.equal(await askProgram([directory], ['echo'], { sockets: ['status'] }), 'here');
  // Both ends are in this process.
  const ofServer =
    readdirSync('/proc/self/fd').length - before - crowd.filter((one) => !one.destroyed).length;
  assert.ok(ofServer <= 2 * publicAccess.maxConnections, String(ofServer));
});

test('a socket is not opened where every user could replace it', async () => {
  const shared = join(directory, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const opening = () => openControlSocket(socketPath(shared, 'control'), { handlers: {} }, unexpected);
  await assert.rejects(opening(), /every user can write to .*; run: chmod o-w /);
  assert.deepEqual(readdirSync(shared), []);
  // In a directory like /tmp only the owner of a file can replace it.
  chmodSync(shared, 0o1777);
  await (await opening()).close();
  assert.deepEqual(readdirSync(shared), []);
});

test('nobody but the user can connect to a socket before it has its permissions', async () => {
  const seen = new Set<string>();
  const before = process.umask(0);
  const watcher = watch(directory, () => {
    for (const name of readdirSync(directory)) {
      const found = lstatSync(join(directory, name), { throwIfNoEntry: false });
      if (found !== undefined) seen.add(`${name.slice(0, 2)} ${(found.mode & 0o777).toString(8)}`);
    }
  });
  try {
    for (let count = 0; count < 20; count++)
      await (await openControlSocket(path, { handlers: {} }, unexpected)).close();
    await open();
    for (const deadline = performance.now() + 5_000; !seen.has('co 600') && performance.now() < deadline; )
      await new Promise((resolve) => setTimeout(resolve, 5));
  } finally {
    watcher.close();
    process.umask(before);
  }
  assert.deepEqual(
    [...seen].filter((one) => /^(co|\.s)/.test(one)).sort(),
    ['.s 700', 'co 600'].filter((one) => seen.has(one)),
  );
  assert.ok(seen.has('co 600'));
});

test('the socket of a program that was started meanwhile stays', async () => {
  const server = await openControlSocket(path, { handlers: {} }, unexpected);
  rmSync(path);
  await open({ who: async () => 'the new one' });
  await server.close();
  assert.equal(await askProgram([directory], ['who']), 'the new one');
});

test('what may not be used is told from what is not there, and the first that may be used is asked', async () => {
  const absent = join(directory, 'absent');
  await open({ who: async () => 'here' });
  assert.equal(await askProgram([absent, directory], ['who']), 'here');
  assert.equal(await askProgram([directory], ['who'], { sockets: ['status', 'control'] }), 'here');
});

test('a client that waits for its reply is told that the program stops', async () => {
  const asked = deferred();
  const server = await open({
    wait: async () => {
      asked.resolve();
      await deferred().promise;
    },
  });
  const reply = askProgram([directory], ['wait']);
  await asked.promise;
  await Promise.all([assert.rejects(reply, new ControlError('pkarrd is stopping.')), server.close()]);
});

test('when no program runs, or one was killed, that is said', async () => {
  const expected = /^pkarrd is not running: nobody listens in .*\. Start it: .* with --state-dir\.$/;
  const message = (error: unknown) =>
    error instanceof ControlError && error.problem === 'not-running' && expected.test(error.message);
  await assert.rejects(askProgram([directory], ['status']), message);
  await assert.rejects(askProgram([join(directory, 'absent')], ['status']), message);
});

test('a connection that ends without a reply is told as such', async () => {
  const server = createServer((socket) => socket.destroy());
  closings.push(() => new Promise((resolve) => server.close(resolve)));
  server.listen(path);
  await once(server, 'listening');
  const asked = askProgram([directory], ['status'], { timeout: 300 });
  await assert.rejects(asked, /closed the connection without a reply/);
});

test('a program that does not answer is told as such, with what to do', async () => {
  const server = createServer((socket) => closings.push(() => socket.destroy()));
  closings.push(() => new Promise((resolve) => server.close(resolve)));
  server.listen(path);
  await once(server, 'listening');
  await assert.rejects(askProgram([directory], ['status'], { timeout: 200 }), (error) => {
    assert.ok(error instanceof ControlError && error.problem === 'no-answer');
    assert.match(error.message, /did not answer within 0\.2 s\. See its log: .*, restart it: /);
    return true;
  });
});

test('another program at the socket is told as such', async () => {
  for (const line of ['hello', 'null', '{"ok":false}', '{"ok":1}']) {
    const server = createServer((socket) => socket.end(`${line}\n`).resume());
    server.listen(path);
    await once(server, 'listening');
    await assert.rejects(askProgram([directory], ['status']), /another program may be listening there/);
    await new Promise((resolve) => server.close(resolve));
  }
});

test('an internal error of a handler is reported, and its message is not sent', async () => {
  const errors: unknown[] = [];
  const bug = new TypeError('secret');
  await open({ fail: async () => Promise.reject(bug) }, (error) => errors.push(error));
  const message = "Internal error; see pkarrd's log.";
  await assert.rejects(askProgram([directory], ['fail']), new ControlError(message));
  assert.deepEqual(errors, [bug]);
});

test('the socket of a dead process is replaced; one in use and another file are not', async () => {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
  assert.ok(statSync(path).isSocket());
  await open();
  await assert.rejects(
    openControlSocket(path, { handlers: {} }, unexpected),
    new ControlError(`Another pkarrd listens on ${path}.`),
  );
  const file = join(directory, 'file');
  writeFileSync(file, 'precious');
  await assert.rejects(
    openControlSocket(file, { handlers: {} }, unexpected),
    new ControlError(`${file} exists and is not a socket.`),
  );
});
