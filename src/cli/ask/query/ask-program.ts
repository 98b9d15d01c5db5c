import type { QueryResult } from '../../../control/open-control.ts';
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
  const result = await askRunning(invocation, terminal, words, { sockets: ['control', 'status'] });
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

/** @throws CommandError for octets that are no message, which would be a bug of the program that runs. */
function decode(bytes: Uint8Array): Message {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CommandError(`The answer cannot be decoded: ${error.message}.`, { cause: error });
  }
}
