import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceCommands } from '../system/commands/service-commands.ts';
import {
  CONTROL_TIMEOUT,
  ControlError,
  type ControlProblem,
  type ControlReply,
  MAX_REPLY,
  readLine,
  type SocketName,
  socketPath,
} from './socket.ts';

/** How to ask. */
export interface AskOptions {
  /** The sockets that take the request, the preferred one first. By default `control`. */
  readonly sockets?: readonly SocketName[];
  /** Milliseconds for the whole; by default 5 s. */
  readonly timeout?: number;
}

/** Milliseconds until a program that is busy is asked again. */
const BUSY_PAUSE = 150;

/**
 * Sends a request to the running program whose sockets are in one of these directories: a command and its arguments.
 * @returns the value of the reply.
 * @throws ControlError
 */
export async function askProgram(
  directories: readonly string[],
  words: readonly string[],
  { sockets = ['control'], timeout = CONTROL_TIMEOUT }: AskOptions = {},
): Promise<unknown> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const { socket, path } = await connectToOne(directories, sockets);
    const left = deadline - performance.now();
    const reply = await exchange(socket, path, words, { left, timeout });
    if (reply?.ok === true) return reply.value;
    if (reply?.isBusy !== true && reply !== undefined) throw new ControlError(reply.message);
    // Busy with others, or our connection made room for one of theirs.
    if (performance.now() + BUSY_PAUSE > deadline) throw reply === undefined ? closed(path) : tooBusy(path);
    await sleep(BUSY_PAUSE * (0.5 + Math.random()));
  }
}

/**
 * Asks the running program for a stream, and tells `observe` each value until `signal` aborts.
 * @throws ControlError when it refuses, or ends.
 */
export async function followProgram(
  directories: readonly string[],
  command: string,
  observe: (value: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const { socket, path } = await connectToOne(directories, ['control']);
  const leave = () => socket.destroy();
  signal.addEventListener('abort', leave, { once: true });
  try {
    socket.write(`${JSON.stringify([command])}\n`);
    let rest = '';
    socket.setEncoding('utf8');
    let isFirst = true;
    for await (const piece of socket as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_REPLY) throw new ControlError(`A line from ${path} is too long.`);
      for (const line of lines) {
        const reply = parseReply(line, path);
        if (!reply.ok) throw new ControlError(reply.message);
        // The first says that it follows.
        if (!isFirst) observe(reply.value);
        isFirst = false;
      }
    }
    if (!signal.aborted) throw closed(path);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof ControlError) throw error;
    throw closed(path);
  } finally {
    signal.removeEventListener('abort', leave);
    socket.destroy();
  }
}

/** @returns undefined when the connection was closed without a reply. */
async function exchange(
  socket: Socket,
  path: string,
  words: readonly string[],
  { left, timeout }: { readonly left: number; readonly timeout: number },
): Promise<ControlReply | undefined> {
  const timer = setTimeout(() => socket.destroy(silent(path, timeout)), Math.max(1, left));
  try {
    socket.write(`${JSON.stringify(words)}\n`);
    const line = await readLine(socket, MAX_REPLY).catch((error: unknown) => {
      if (error instanceof ControlError) throw error;
      // ECONNRESET or EPIPE: closed while we wrote.
      return undefined;
    });
    return line === undefined ? undefined : parseReply(line, path);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Connects to the first socket that somebody listens on. @throws ControlError the most telling one. */
async function connectToOne(
  directories: readonly string[],
  sockets: readonly SocketName[],
): Promise<{ readonly socket: Socket; readonly path: string }> {
  const errors: ControlError[] = [];
  for (const directory of directories) {
    for (const name of sockets) {
      const path = socketPath(directory, name);
      try {
        return { socket: await connectTo(path), path };
      } catch (error) {
        if (!(error instanceof ControlError)) throw error;
        errors.push(error);
      }
    }
  }
  // One that is there and cannot be used is meant, rather than one that is not there.
  const telling = errors.find(({ problem }) => problem !== 'not-running') ?? notRunning(directories);
  // Of several that may not be used, the last one is for most users.
  throw telling.problem === 'not-allowed'
    ? (errors.findLast(({ problem }) => problem === 'not-allowed') ?? telling)
    : telling;
}

/** @throws ControlError */
async function connectTo(path: string): Promise<Socket> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return socket;
  } catch (error) {
    socket.destroy();
    const { code, message } = error as NodeJS.ErrnoException;
    const { problem, text } = connectProblem(code, path) ?? {
      problem: 'no-answer' as const,
      text: `Cannot connect to ${path}: ${message}.`,
    };
    throw new ControlError(text, { cause: error, problem });
  }
}

/** Why nothing can be asked and what to do, for the errors of connect(2) that have a remedy (unix(7)). */
function connectProblem(
  code: string | undefined,
  path: string,
): { readonly problem: ControlProblem; readonly text: string } | undefined {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    // The socket file of a program that was killed.
    case 'ECONNREFUSED':
      return { problem: 'not-running', text: `Nobody listens on ${path}.` };
    case 'EACCES':
    case 'EPERM':
      return {
        problem: 'not-allowed',
        text: `Not allowed to use ${path}. Run this command as root or as the user that runs pkarrd.`,
      };
    case 'EAGAIN':
      return {
        problem: 'no-answer',
        text: `The pkarrd that listens on ${path} does not accept connections. Restart it: ${serviceCommands().restart}.`,
      };
    default:
      return undefined;
  }
}

function notRunning(directories: readonly string[]): ControlError {
  const text =
    `pkarrd is not running: nobody listens in ${directories.join(' or ')}. Start it: ${serviceCommands().start}; ` +
    'or give its state directory with --state-dir.';
  return new ControlError(text, { problem: 'not-running' });
}

function silent(path: string, timeout: number): ControlError {
  const { log, restart } = serviceCommands();
  const text =
    `The pkarrd that listens on ${path} did not answer within ${timeout / 1000} s. See its log: ${log}. ` +
    `If it hangs, restart it: ${restart}.`;
  return new ControlError(text, { problem: 'no-answer' });
}

function closed(path: string): ControlError {
  const text = `The pkarrd that listens on ${path} closed the connection without a reply. It may be stopping; try again.`;
  return new ControlError(text, { problem: 'no-answer' });
}

function tooBusy(path: string): ControlError {
  const text = `The pkarrd that listens on ${path} is busy with other requests. Try again.`;
  return new ControlError(text, { problem: 'no-answer' });
}

/** @throws ControlError */
function parseReply(line: string, path: string): ControlReply {
  let reply: unknown;
  try {
    reply = JSON.parse(line);
  } catch (error) {
    throw new ControlError(`The reply from ${path} is not JSON; another program may be listening there.`, {
      cause: error,
    });
  }
  if (isReply(reply)) return reply;
  throw new ControlError(`The reply from ${path} is not valid; another program may be listening there.`);
}

function isReply(reply: unknown): reply is ControlReply {
  if (typeof reply !== 'object' || reply === null || !('ok' in reply)) return false;
  return reply.ok === true || (reply.ok === false && 'message' in reply && typeof reply.message === 'string');
}
