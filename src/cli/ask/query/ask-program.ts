import type { QueryResult } from '../../../control/open-control.ts';
import { ControlError } from '../../../control/socket.ts';
import { Class } from '../../../dns/codes.ts';
import { decodeExtendedError } from '../../../dns/extended-error.ts';
import { decodeMessage, encodeMessage, type Message, queryMessage } from '../../../dns/message.ts';
import { WireError } from '../../../dns/wire-error.ts';
import { CommandError, type Invocation, type Terminal } from '../../command.ts';
import { askRunning } from '../../system/ask-program.ts';
import type { Asked } from './asked.ts';
import type { GivenQuestion } from './read-questions.ts';

/** Octets of a reply that the query says it takes: those of UDP do not matter on this socket (RFC 6891 §6.2.5). */
const PAYLOAD_SIZE = 1232;

/** Asks the running program a question. @throws CommandError */
export async function askRunningProgram(
  question: GivenQuestion,
  invocation: Invocation,
  terminal: Terminal,
): Promise<Asked> {
  const edns = { udpPayloadSize: PAYLOAD_SIZE, version: 0, dnssecOk: false, options: [] };
  const request = encodeMessage(queryMessage({ ...question, class: Class.IN }, edns));
  const isExplained = invocation.has('explain');
  const words = ['query', Buffer.from(request).toString('base64'), ...(isExplained ? ['explain'] : [])];
  const sockets = ['control', 'status'] as const;
  const result = await askRunning(invocation, terminal, words, { sockets }).catch((error: unknown) => {
    throw isNotAllowed(error) ? withOtherWay(error) : error;
  });
  const { reply, isCached, milliseconds, way } = result as QueryResult;
  if (isExplained && way === undefined)
    throw new CommandError('The pkarrd that runs is older than this one and cannot explain. Restart it.');
  const message = decode(Buffer.from(reply, 'base64'));
  const options = message.edns?.options ?? [];
  return {
    ...{ question, message, isCached, milliseconds },
    ...(way && { way }),
    extendedErrors: options.flatMap((option) => decodeExtendedError(option) ?? []),
  };
}

function isNotAllowed(error: unknown): error is CommandError {
  return (
    error instanceof CommandError &&
    error.cause instanceof ControlError &&
    error.cause.problem === 'not-allowed'
  );
}

/** Whoever may not use a socket in a directory of another user may ask as any program does. */
function withOtherWay({ message, exit, cause }: CommandError): CommandError {
  const other = 'Or ask at the address that it listens on, as in: pkarrd query @127.0.0.1:PORT NAME';
  return new CommandError(`${message} ${other}`, { exit, cause });
}

/** @throws CommandError for octets that are no message, which would be a bug of the program that runs. */
function decode(bytes: Uint8Array): Message {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CommandError(`The answer cannot be decoded: ${error.message}.`, { cause: error });
  }
}
