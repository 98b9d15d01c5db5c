import { createServer, type Socket } from 'node:net';
import { bindSocket } from './bind-socket.ts';
import { CONTROL_TIMEOUT, ControlError, type ControlReply, MAX_REQUEST, readLine } from './socket.ts';

/** Executes one control command: takes its arguments, returns a value that JSON can hold. @throws ControlError. */
export type ControlHandler = (words: readonly string[]) => Promise<unknown>;

/**
 * Replies more than once: `push` sends a value and says whether it was taken; it is not while the reader is so slow that what was
 * sent before waits here. @returns what is to be called when the client is gone.
 */
export type ControlStream = (push: (value: unknown) => boolean) => () => void;

/** What a socket does. */
export interface ControlCommands {
  readonly handlers: Readonly<Record<string, ControlHandler>>;
  readonly streams?: Readonly<Record<string, ControlStream>>;
}

/** A listening control socket. */
export interface ControlServer {
  /** Stops listening, removes the socket file, and tells clients that still wait for a reply. */
  close(): Promise<void>;
}

/** Who may use a socket, and for how much. */
export interface ControlAccess {
  /** Permissions of the socket file. */
  readonly mode: number;
  /** Connections that are answered at once. */
  readonly maxConnections: number;
  /** Milliseconds that a client has to send its request. */
  readonly requestTimeout: number;
  /** Streams at one time. */
  readonly maxStreams?: number;
  /** Milliseconds that a request may take. */
  readonly answerTimeout: number;
}

/** Only the user that runs the program, and root. A reload may wait for another one, and for files. */
export const ownerAccess: ControlAccess = {
  mode: 0o600,
  maxConnections: 48,
  maxStreams: 8,
  requestTimeout: CONTROL_TIMEOUT,
  answerTimeout: 60_000,
};

/** Every user of this machine, none of whom can be told from another: so nobody keeps a connection for long. */
export const publicAccess: ControlAccess = {
  mode: 0o666,
  maxConnections: 48,
  requestTimeout: 1_000,
  answerTimeout: CONTROL_TIMEOUT,
};

/** Octets that may wait for the reader of a stream. */
const MAX_UNREAD = 1_000_000;

/** Milliseconds that a connection which waits for its client is safe from making room for another. */
const GRACE = 100;

/** A connection, and what became of it. */
interface Connection {
  /** When it was opened, or answered. */
  since: number;
  state: 'reading' | 'asked' | 'answered' | 'streaming';
  timer: NodeJS.Timeout;
}

/**
 * Listens at `path` for requests: one line of JSON, an array of words, answered by one line of JSON. `onError` is told
 * internal errors of handlers, and errors of the system while connections are accepted.
 * @throws as `bindSocket`.
 */
export async function openControlSocket(
  path: string,
  { handlers, streams = {} }: ControlCommands,
  onError: (error: unknown) => void,
  access: ControlAccess = ownerAccess,
): Promise<ControlServer> {
  const { maxConnections, maxStreams = 0, requestTimeout, answerTimeout } = access;
  const open = new Map<Socket, Connection>();
  const reply = (socket: Socket, value: ControlReply) => {
    const connection = open.get(socket);
    if (connection === undefined || connection.state === 'answered') return;
    connection.state = 'answered';
    connection.since = performance.now();
    // One that does not read its reply must not hold its place for ever.
    connection.timer.refresh();
    // What else the client sent is discarded, so that the end of its side is seen.
    socket.end(`${JSON.stringify(value)}\n`).resume();
  };
  /** Goes on until the client leaves. */
  const stream = (socket: Socket, connection: Connection, begin: ControlStream) => {
    const running = [...open.values()].filter(({ state }) => state === 'streaming').length;
    if (running >= maxStreams) {
      reply(socket, busy);
      return;
    }
    connection.state = 'streaming';
    clearTimeout(connection.timer);
    const push = (value: unknown) => {
      if (!socket.writable || socket.writableLength > MAX_UNREAD) return false;
      socket.write(`${JSON.stringify({ ok: true, value } satisfies ControlReply)}\n`);
      return true;
    };
    push('following');
    const leave = begin(push);
    // The end of its side is seen only when what it sends is read.
    socket
      .on('close', leave)
      .on('end', () => socket.destroy())
      .resume();
  };
  const server = createServer((socket) => {
    const timer = setTimeout(() => socket.destroy(), requestTimeout);
    const connection: Connection = { since: performance.now(), state: 'reading', timer };
    open.set(socket, connection);
    socket.on('close', () => {
      clearTimeout(connection.timer);
      open.delete(socket);
    });
    // A client that disconnects does not want the reply.
    socket.on('error', () => socket.destroy());
    if (open.size > maxConnections && !makeRoom(open)) {
      reply(socket, busy);
      return;
    }
    readLine(socket, MAX_REQUEST)
      .then(async (line) => {
        if (line === undefined || connection.state !== 'reading') return;
        const begin = streamOf(line, streams);
        if (begin !== undefined) {
          stream(socket, connection, begin);
          return;
        }
        connection.state = 'asked';
        clearTimeout(connection.timer);
        connection.timer = setTimeout(() => socket.destroy(), answerTimeout);
        reply(socket, await answer(line, handlers, onError));
      })
      // A line that is too long, or an error of the socket, which then takes no reply.
      .catch((error: unknown) => reply(socket, refusal(error)))
      .catch(onError);
  });
  // Beyond this, connections are closed without a word.
  server.maxConnections = 2 * maxConnections;
  const remove = await bindSocket(server, path, access.mode);
  // Out of descriptors, for example. The socket stays open.
  server.on('error', onError);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const [socket, { state }] of open) {
        // One that does not read its reply must not hold up the end.
        if (state === 'answered') socket.destroy();
        else reply(socket, { ok: false, message: 'pkarrd is stopping.' });
        socket.destroySoon();
      }
      await remove();
      await closed;
    },
  };
}

/**
 * Ends a connection that has not sent its request, or has its reply: whoever is there would have gone on.
 * @returns false when there is none.
 */
function makeRoom(open: ReadonlyMap<Socket, Connection>): boolean {
  const now = performance.now();
  for (const [socket, { state, since }] of open) {
    if (state === 'asked' || state === 'streaming' || now - since < GRACE) continue;
    socket.destroy();
    return true;
  }
  return false;
}

const busy: ControlReply = {
  ok: false,
  message: 'pkarrd is busy with other control requests. Try again.',
  isBusy: true,
};

/** There are too many requests at this moment. The same one may be answered in a while. */
export class BusyError extends ControlError {}

/** The stream that a request asks for, if it is one. */
function streamOf(line: string, streams: Readonly<Record<string, ControlStream>>): ControlStream | undefined {
  const [name] = Object.keys(streams).filter((known) => line === JSON.stringify([known]));
  return name === undefined ? undefined : streams[name];
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
  if (!(error instanceof ControlError)) return { ok: false, message: "Internal error; see pkarrd's log." };
  return { ok: false, message: error.message, ...(error instanceof BusyError && { isBusy: true as const }) };
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
