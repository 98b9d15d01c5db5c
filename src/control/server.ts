import { lstatSync } from 'node:fs';
import { chmod, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { CONTROL_TIMEOUT, ControlError, type ControlReply, MAX_REQUEST, readLine } from './socket.ts';

/** Executes one control command: takes its arguments, returns a value that JSON can hold. @throws ControlError. */
export type ControlHandler = (words: readonly string[]) => Promise<unknown>;

/** A listening control socket. */
export interface ControlServer {
  /** Stops listening, removes the socket file, and tells clients that still wait for a reply. */
  close(): Promise<void>;
}

/** Milliseconds after which a connection is closed: the client's timeout for the connection and for the reply. */
const LIFETIME = 2 * CONTROL_TIMEOUT;

/** Connections that are answered at once. */
const MAX_CONNECTIONS = 8;

/**
 * Listens at `path` for requests: one line of JSON, an array of words, answered by one line of JSON. Only the user that
 * runs the program may connect. The socket file of a dead process is replaced. `onError` is told internal errors of
 * handlers, and errors of the system while connections are accepted.
 * @throws ControlError when another process listens there or the file is not a socket, or the error of the system.
 */
export async function openControlSocket(
  path: string,
  handlers: Readonly<Record<string, ControlHandler>>,
  onError: (error: unknown) => void,
): Promise<ControlServer> {
  await removeStaleSocket(path);
  const open = new Map<Socket, { isAnswered: boolean }>();
  const reply = (socket: Socket, value: ControlReply) => {
    const state = open.get(socket);
    if (state === undefined || state.isAnswered) return;
    state.isAnswered = true;
    // What else the client sent is discarded, so that the end of its side is seen.
    socket.end(`${JSON.stringify(value)}\n`).resume();
  };
  const server = createServer((socket) => {
    open.set(socket, { isAnswered: false });
    // A client that sends no request, or does not read its reply, must not hold its place for ever.
    const deadline = setTimeout(() => socket.destroy(), LIFETIME);
    socket.on('close', () => {
      clearTimeout(deadline);
      open.delete(socket);
    });
    // A client that disconnects does not want the reply.
    socket.on('error', () => socket.destroy());
    if (open.size > MAX_CONNECTIONS) {
      reply(socket, { ok: false, message: 'pkarrd is busy with other control requests. Try again.' });
      return;
    }
    readLine(socket, MAX_REQUEST)
      .then(async (line) => {
        if (line !== undefined) reply(socket, await answer(line, handlers, onError));
      })
      // A line that is too long, or an error of the socket, which then takes no reply.
      .catch((error: unknown) => reply(socket, refusal(error)))
      .catch(onError);
  });
  // Beyond this, connections are closed without a word.
  server.maxConnections = 8 * MAX_CONNECTIONS;
  await listen(server, path, onError);
  await chmod(path, 0o600);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const [socket, { isAnswered }] of open) {
        // One that does not read its reply must not hold up the end.
        if (isAnswered) socket.destroy();
        else reply(socket, { ok: false, message: 'pkarrd is stopping.' });
        socket.destroySoon();
      }
      await closed;
    },
  };
}

/** The handler's reply to a request. Never rejects. */
async function answer(
  line: string,
  handlers: Readonly<Record<string, ControlHandler>>,
  onError: (error: unknown) => void,
): Promise<ControlReply> {
  try {
    const [command = '', ...rest] = parseRequest(line);
    const handler = Object.hasOwn(handlers, command) ? handlers[command] : undefined;
    if (handler !== undefined) return { ok: true, value: await handler(rest) };
    const known = Object.keys(handlers).join(', ');
    throw new ControlError(`${JSON.stringify(command)} is not a control command; expected one of ${known}.`);
  } catch (error) {
    if (!(error instanceof ControlError)) onError(error);
    return refusal(error);
  }
}

function refusal(error: unknown): ControlReply {
  return {
    ok: false,
    message: error instanceof ControlError ? error.message : "Internal error; see pkarrd's log.",
  };
}

function parseRequest(line: string): readonly string[] {
  let words: unknown;
  try {
    words = JSON.parse(line);
  } catch (error) {
    throw new ControlError('A control request must be JSON.', { cause: error });
  }
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  throw new ControlError('A control request must be an array of strings.');
}

function listen(server: Server, path: string, onError: (error: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      // Out of descriptors, for example. The socket stays open.
      server.on('error', onError);
      resolve();
    });
  });
}

/** Makes room for a new socket. @throws ControlError when the path is in use. */
async function removeStaleSocket(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket()) throw new ControlError(`${path} exists and is not a socket.`);
  if (await isAlive(path)) throw new ControlError(`Another pkarrd listens on ${path}.`);
  await unlink(path);
}

/** unix(7): connect(2) fails with ECONNREFUSED when no process listens; every other outcome may mean that one does. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
