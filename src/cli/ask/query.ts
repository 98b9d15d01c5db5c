import type { QueryResult } from '../../control/open-control.ts';
import { Class, isMetaType, Rcode, rcodeToText, Type, typeFromText, typeToText } from '../../dns/codes.ts';
import { decodeExtendedError, type ExtendedError } from '../../dns/extended-error.ts';
import { decodeMessage, encodeMessage, type Message, queryMessage } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { WireError } from '../../dns/wire-error.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type ExitCode,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { recordLines } from '../packet-text.ts';
import { readName } from '../read-name.ts';
import { askRunning } from '../system/ask-program.ts';
import { recordToJson } from './record-json.ts';

/** Octets of a reply that the query says it takes: those of UDP do not matter on this socket (RFC 6891 §6.2.5). */
const PAYLOAD_SIZE = 1232;

/** Asks the running program a question and prints its answer. */
export const query: Command = {
  name: 'query',
  description: [
    'Asks the running pkarrd for the TYPE records of NAME (A if there is no TYPE), and prints its answer: the records in ' +
      'presentation form, and a comment with the response code, whether it came from the cache, and extended errors. TYPE ' +
      'NAME is accepted too, and a key in any common spelling. An address in place of NAME means its reverse name and PTR.',
    'Every user may ask; all of them together have the limits of one client (client-rate, cold-key-client-rate). Root and ' +
      'the user that runs pkarrd have limits of their own.',
    'The exit code is 0 if there are records, and 1 for a name that does not exist, has no such records, or cannot be ' +
      'resolved.',
  ],
  operands: [{ name: 'NAME' }, { name: 'TYPE', optional: true }],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const { name, type } = readQuestion(invocation.operands);
    const edns = { udpPayloadSize: PAYLOAD_SIZE, version: 0, dnssecOk: false, options: [] };
    const request = encodeMessage(queryMessage({ name, type, class: Class.IN }, edns));
    const words = ['query', Buffer.from(request).toString('base64')];
    const result = await askRunning(invocation, terminal, words, { sockets: ['control', 'status'] });
    const { reply, isCached, milliseconds } = result as QueryResult;
    const message = decode(Buffer.from(reply, 'base64'));
    if (invocation.has('json')) writeJson(terminal, toJson(message, { isCached, milliseconds }));
    else writeText(message, { isCached, milliseconds }, terminal);
    return exitOf(message);
  },
};

/** @throws UsageError */
function readQuestion([first = '', second]: readonly string[]): {
  readonly name: Name;
  readonly type: number;
} {
  // Like dig, accept both orders.
  const isSwapped =
    second !== undefined && typeFromText(first) !== undefined && typeFromText(second) === undefined;
  const [text, givenType] = isSwapped ? [second, first] : [first, second];
  const { name, isAddress } = readName(text);
  const typeText = givenType ?? (isAddress ? 'PTR' : 'A');
  const type = typeFromText(typeText);
  if (type === undefined || (isMetaType(type) && type !== Type.ANY))
    throw new UsageError(`${JSON.stringify(typeText)} is not a record type that can be asked for.`);
  if (isAddress && type !== Type.PTR && type !== Type.ANY)
    throw new UsageError(`${JSON.stringify(text)} is an address, of which only PTR can be asked for.`);
  return { name, type };
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

function exitOf({ rcode, answers, questions }: Message): ExitCode {
  if (rcode !== Rcode.NOERROR) return Exit.FAILED;
  const type = questions[0]?.type;
  // An alias whose target has no such records is no data.
  const isThere = answers.some((record) => record.type === type || type === Type.ANY);
  return isThere ? Exit.OK : Exit.FAILED;
}

/** How the answer was found. */
type How = Pick<QueryResult, 'isCached' | 'milliseconds'>;

function writeText(message: Message, how: How, terminal: Terminal): void {
  terminal.out(recordLines(message.answers));
  if (message.answers.length === 0)
    terminal.out(recordLines(message.authorities).replace(/^/gm, '; ').replace(/; $/, ''));
  const from = how.isCached ? 'from the cache' : 'not from the cache';
  terminal.out(`; ${summaryOf(message)}, ${from}, ${how.milliseconds.toFixed(1)} ms\n`);
  for (const { code, text } of extendedErrors(message)) {
    terminal.out(`; extended error ${code}${text === '' ? '' : `: ${text}`}\n`);
  }
}

/** `NOERROR`, `NXDOMAIN`; what it means for those who do not know. */
function summaryOf(message: Message): string {
  const rcode = rcodeToText(message.rcode);
  if (message.rcode === Rcode.NXDOMAIN) return `${rcode}: the name does not exist`;
  if (message.rcode !== Rcode.NOERROR) return `${rcode}: there is no answer`;
  if (exitOf(message) === Exit.OK) return rcode;
  const type = message.questions[0]?.type ?? Type.A;
  return `${rcode}: there are no ${typeToText(type)} records (NODATA)`;
}

function extendedErrors({ edns }: Message): readonly ExtendedError[] {
  return (edns?.options ?? []).flatMap((option) => decodeExtendedError(option) ?? []);
}

function toJson(message: Message, { isCached, milliseconds }: How) {
  const [question] = message.questions;
  return {
    ...(question !== undefined && {
      question: { name: question.name.toString(), type: typeToText(question.type) },
    }),
    rcode: rcodeToText(message.rcode),
    cached: isCached,
    milliseconds,
    authenticData: message.flags.authenticData,
    answers: message.answers.map(recordToJson),
    authorities: message.authorities.map(recordToJson),
    extendedErrors: extendedErrors(message),
  };
}
