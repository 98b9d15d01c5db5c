import { connect, type Socket } from 'node:net';
import {
  CONTROL_TIMEOUT,
  ControlError,
  type ControlReply,
  controlSocketPath,
  MAX_REPLY,
  readLine,
} from './socket.ts';

/**
 * Sends a request to the program that runs with this state directory: a command and its arguments.
 * @returns the value of the reply.
 * @throws ControlError when no program runs, when it does not answer, or when it refuses the request.
 */
export async function askProgram(stateDir: string, words: readonly string[]): Promise<unknown> {
  const path = controlSocketPath(stateDir);
  const socket = connect(path);
  try {
    await connected(socket, stateDir, path);
    const timedOut = new ControlError(
      `The pkarrd that listens on ${path} did not answer within ${CONTROL_TIMEOUT / 1000} s.`,
    );
    socket.setTimeout(CONTROL_TIMEOUT, () => socket.destroy(timedOut));
    socket.write(`${JSON.stringify(words)}\n`);
    const reply = parseReply(await replyLine(socket, path), path);
    if (!reply.ok) throw new ControlError(reply.message);
    return reply.value;
  } finally {
    socket.destroy();
  }
}

async function connected(socket: Socket, stateDir: string, path: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ControlError(connectProblem(code, stateDir, path) ?? `Cannot connect to ${path}: ${message}.`, {
      cause: error,
    });
  }
}

/** Why nothing can be asked and what to do, for the errors of connect(2) that have a remedy (unix(7)). */
function connectProblem(code: string | undefined, stateDir: string, path: string): string | undefined {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    // The socket file of a program that was killed.
    case 'ECONNREFUSED':
      return (
        `No pkarrd is running with the state directory ${stateDir}. Start "pkarrd serve", or give its state ` +
        'directory with --state-dir; for a system service, run this command as root.'
      );
    case 'EACCES':
    case 'EPERM':
      return `Permission denied to use ${path}. Run this command as root or as the user that runs pkarrd.`;
    case 'EAGAIN':
      return `The pkarrd that listens on ${path} is busy with other control requests. Try again.`;
    default:
      return undefined;
  }
}

async function replyLine(socket: Socket, path: string): Promise<string> {
  const line = await readLine(socket, MAX_REPLY).catch((error: unknown) => {
    if (error instanceof ControlError) throw error;
    // ECONNRESET or EPIPE: closed while we wrote.
    return undefined;
  });
  if (line !== undefined) return line;
  throw new ControlError(
    `The pkarrd that listens on ${path} closed the connection without a reply; it may be stopping.`,
  );
}

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
