import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { askProgram } from '../../src/control/client.ts';
import { type ControlHandler, type ControlServer, openControlSocket } from '../../src/control/server.ts';
import { ControlError, controlSocketPath, MAX_REPLY } from '../../src/control/socket.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-control-'));
const path = controlSocketPath(directory);

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
): Promise<ControlServer> {
  const server = await openControlSocket(path, handlers, onError);
  closings.push(() => server.close());
  return server;
}

async function connected(): Promise<Socket> {
  const socket = connect(path);
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
  assert.deepEqual(await askProgram(directory, ['echo', 'a', 'ü "']), ['a', 'ü "']);
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
  assert.deepEqual(await askProgram(directory, ['echo', word(MAX_REQUEST)]), [word(MAX_REQUEST)]);
  const tooLong = askProgram(directory, ['echo', word(MAX_REQUEST + 1)]);
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
  for (let count = 0; count < 20; count++) await askProgram(directory, ['echo']);
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
  await assert.rejects(askProgram(directory, ['status']), /The line is longer than 16777216 octets/);
});

test('more clients than are answered at once are told that the program is busy', async () => {
  const { promise, resolve } = deferred();
  await open({ wait: () => promise });
  const first = Array.from({ length: 8 }, () => askProgram(directory, ['wait']));
  const refused = new ControlError('pkarrd is busy with other control requests. Try again.');
  await assert.rejects(askProgram(directory, ['wait']), refused);
  resolve();
  await Promise.all(first);
});

test('a client that waits for its reply is told that the program stops', async () => {
  const asked = deferred();
  const server = await open({
    wait: async () => {
      asked.resolve();
      await deferred().promise;
    },
  });
  const reply = askProgram(directory, ['wait']);
  await asked.promise;
  await Promise.all([assert.rejects(reply, new ControlError('pkarrd is stopping.')), server.close()]);
});

test('when no program runs, or one was killed, that is said', async () => {
  const expected = /^No pkarrd is running with the state directory .* --state-dir; .* as root\.$/;
  const message = (error: unknown) => error instanceof ControlError && expected.test(error.message);
  await assert.rejects(askProgram(directory, ['status']), message);
  await assert.rejects(askProgram(join(directory, 'absent'), ['status']), message);
});

test('a connection that ends without a reply is told as such', async () => {
  const server = createServer((socket) => socket.destroy());
  closings.push(() => new Promise((resolve) => server.close(resolve)));
  server.listen(path);
  await once(server, 'listening');
  await assert.rejects(askProgram(directory, ['status']), /closed the connection without a reply/);
});

test('another program at the socket is told as such', async () => {
  for (const line of ['hello', 'null', '{"ok":false}', '{"ok":1}']) {
    const server = createServer((socket) => socket.end(`${line}\n`).resume());
    server.listen(path);
    await once(server, 'listening');
    await assert.rejects(askProgram(directory, ['status']), /another program may be listening there/);
    await new Promise((resolve) => server.close(resolve));
  }
});

test('an internal error of a handler is reported, and its message is not sent', async () => {
  const errors: unknown[] = [];
  const bug = new TypeError('secret');
  await open({ fail: async () => Promise.reject(bug) }, (error) => errors.push(error));
  const message = "Internal error; see pkarrd's log.";
  await assert.rejects(askProgram(directory, ['fail']), new ControlError(message));
  assert.deepEqual(errors, [bug]);
});

test('the socket of a dead process is replaced; one in use and another file are not', async () => {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
  assert.ok(statSync(path).isSocket());
  await open();
  await assert.rejects(
    openControlSocket(path, {}, unexpected),
    new ControlError(`Another pkarrd listens on ${path}.`),
  );
  const file = join(directory, 'file');
  writeFileSync(file, 'precious');
  await assert.rejects(
    openControlSocket(file, {}, unexpected),
    new ControlError(`${file} exists and is not a socket.`),
  );
});
