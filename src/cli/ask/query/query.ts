import {
  type Command,
  configFlag,
  Exit,
  type ExitCode,
  type Invocation,
  jsonFlag,
  type Terminal,
  writeJson,
} from '../../command.ts';
import { working } from '../../living-line.ts';
import { askRunningProgram } from './ask-program.ts';
import { askServer } from './ask-server.ts';
import { type Asked, exitOf } from './asked.ts';
import { followQueries } from './follow.ts';
import { type GivenQuery, readQuestions } from './read-questions.ts';
import { askedToJson, writeAnswer, writeExplanation, writeShort } from './show-asked.ts';

/** Asks the running program, or another resolver, and prints the answer. */
export const query: Command = {
  name: 'query',
  description: [
    'Asks the running pkarrd for the TYPE records of NAME (A if there is no TYPE), and prints its answer: the records in ' +
      'presentation form, and a comment with the response code, whether it came from the cache, and extended errors. TYPE ' +
      'NAME is accepted too, and a key in any common spelling. An address in place of NAME means its reverse name and PTR.',
    'With @SERVER that resolver is asked instead of the running pkarrd: @9.9.9.9, @[2620:fe::fe]:5353, @tcp://9.9.9.9, ' +
      '@tls://9.9.9.9#dns.quad9.net, @https://dns.quad9.net/dns-query, as upstreams are written, or @HOST.',
    '--explain tells the way of the answer: hosts file, special names, cache, the signed packet of a key and where it came ' +
      'from, upstreams and what each said, aliases step by step; and for a failure why, and what to do. With --json the facts ' +
      'are in "way", and several types are several "results".',
    '--follow needs the rights of root or of the user that runs pkarrd, since it shows what others ask. Nothing is kept. What ' +
      'cannot be shown in time is left out and counted. With --json each query is a line.',
    'Every user may ask the service that "pkarrd install" sets up; all of them together have the limits of one client ' +
      '(client-rate, cold-key-client-rate). Root and the user that runs pkarrd have limits of their own. A pkarrd that somebody ' +
      'started with "pkarrd serve" keeps its sockets to that user; others ask it with @SERVER.',
    'The exit code is 0 if there are records, and 1 for a name that does not exist, has no such records, or cannot be ' +
      'resolved. Of several types each must have records. The answer is in colour on a terminal, unless NO_COLOR is set.',
  ],
  operands: [
    { name: 'NAME', optional: true },
    { name: 'TYPE', optional: true, isRepeated: true },
  ],
  flags: [
    { name: 'reverse', short: 'x', value: 'ADDRESS', help: 'Ask for the name of this address, like dig -x' },
    { name: 'short', help: 'Show only the record data, one per line, like dig +short' },
    {
      name: 'explain',
      help: 'Tell how the answer came about: who was asked, why, and how long it took; and what to do if there is none',
    },
    {
      name: 'follow',
      help: 'Show the queries that the running pkarrd answers from now on, one line each with its way, until interrupted',
    },
    configFlag,
    jsonFlag,
  ],
  settings: ['stateDir', 'upstreamCa'],
  async run(invocation, terminal) {
    if (invocation.has('follow')) return await followQueries(invocation, terminal);
    const given = readQuestions(invocation);
    terminal.line.show(working('Asking'));
    const answers = await ask(given, invocation, terminal);
    terminal.line.clear();
    if (invocation.has('json')) {
      const [first, ...rest] = answers.map((asked) => askedToJson(asked, terminal.now()));
      writeJson(terminal, first === undefined || rest.length > 0 ? { results: [first, ...rest] } : first);
    } else {
      const write = invocation.has('short') ? writeShort : writeAnswer;
      for (const asked of answers) {
        write(asked, terminal);
        writeExplanation(asked, terminal);
      }
    }
    return answers.map(exitOf).find((exit) => exit !== Exit.OK) ?? (Exit.OK as ExitCode);
  },
};

async function ask(
  { server, questions }: GivenQuery,
  invocation: Invocation,
  terminal: Terminal,
): Promise<readonly Asked[]> {
  if (server !== undefined) return await askServer(server, questions, invocation, terminal);
  const answers: Asked[] = [];
  for (const question of questions) answers.push(await askRunningProgram(question, invocation, terminal));
  return answers;
}
