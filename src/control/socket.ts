import { chmod, unlink } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';

/** What the running program does when it is told to: takes words, gives a value that JSON can hold. */
export type ControlHandler = (words: readonly string[]) => Promise<unknown>;

/** A command line from another process of the same user, and what became of it. */
export type ControlReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/** A mistake of whoever told: one sentence for people. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** The socket in the state directory that the program listens on. */
export const CONTROL_SOCKET = 'control.sock';

/** Octets of a request at most: a command and a domain name in presentation form. */
const MAX_REQUEST = 4096;

/** Octets of a reply at most, for whoever reads it. */
const MAX_REPLY = 16 * 1024 * 1024;

/** Milliseconds that either side waits for the other. */
const PATIENCE = 5_000;

/**
 * Listens at `path` for requests: one line of JSON, an array of words, answered by one line of JSON. Only the user
 * that runs the program may connect. A socket that a dead process left is replaced; a living one is not.
 * @returns what ends it.
 * @throws ControlError when another process listens there, or the system's error.
 */
export async function openControlSocket(
  path: string,
  handlers: Readonly<Record<string, ControlHandler>>,
): Promise<() => Promise<void>> {
  if (await isAlive(path)) throw new ControlError(`another pkarrd listens on ${path}`);
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // Who goes away before the reply wants none.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(PATIENCE, () => socket.destroy());
    readLine(socket, MAX_REQUEST)
      .then((line) => answer(line, handlers))
      .then((reply) => socket.end(`${JSON.stringify(reply)}\n`))
      .catch(() => socket.destroy());
  });
  server.maxConnections = 8;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
  await chmod(path, 0o600);
  return async () => {
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}

/**
 * Tells the program that listens at `path` something.
 * @throws ControlError for what it refuses, or when nobody listens there.
 */
export async function tellProgram(path: string, words: readonly string[]): Promise<unknown> {
  const socket = connect(path);
  try {
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    await connected.catch((cause: unknown) => {
      throw new ControlError(`no pkarrd listens on ${path}; start "pkarrd serve" with this state directory`, {
        cause,
      });
    });
    socket.setTimeout(PATIENCE, () =>
      socket.destroy(new ControlError(`the pkarrd on ${path} does not answer`)),
    );
    socket.write(`${JSON.stringify(words)}\n`);
    const reply = JSON.parse(await readLine(socket, MAX_REPLY)) as ControlReply;
    if (!reply.ok) throw new ControlError(reply.message);
    return reply.value;
  } finally {
    socket.destroy();
  }
}

async function answer(
  line: string,
  handlers: Readonly<Record<string, ControlHandler>>,
): Promise<ControlReply> {
  try {
    const words: unknown = JSON.parse(line);
    if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) {
      throw new ControlError('a request is an array of words');
    }
    const [command = '', ...rest] = words as string[];
    const handler = Object.hasOwn(handlers, command) ? handlers[command] : undefined;
    if (handler === undefined) {
      throw new ControlError(`"${command}" is none of ${Object.keys(handlers).join(', ')}`);
    }
    return { ok: true, value: await handler(rest) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function readLine(socket: Socket, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (piece.includes(0x0a)) resolve(Buffer.concat(pieces).toString('utf8').split('\n', 1)[0] ?? '');
      else if (length > limit) reject(new ControlError('the line is too long'));
    });
    socket.once('close', () => reject(new ControlError('the connection ended before the line did')));
    socket.once('error', reject);
  });
}

/** A socket file without a process behind it refuses; one with a process accepts. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
