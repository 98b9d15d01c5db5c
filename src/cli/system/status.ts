import type { AppStatus } from '../../app/status.ts';
import { verdictOf } from '../../app/verdict/verdict.ts';
import { thisMachine } from '../../integrate/machine.ts';
import { findIntegration } from '../../integrate/overwritten.ts';
import {
  type Command,
  configFlag,
  Exit,
  type ExitCode,
  type Invocation,
  jsonFlag,
  type Terminal,
  writeJson,
} from '../command.ts';
import { readerColumns } from '../text-columns.ts';
import { askRunning } from './ask-program.ts';
import { statusToJson } from './status-json.ts';
import { fitStatusLines, statusLines } from './status-text.ts';

/** Shows the state of the running program. */
export const status: Command = {
  name: 'status',
  description: [
    'Shows the state of the running pkarrd. The first line is the verdict: "Healthy.", or the worst that is wrong. Lines ' +
      'about ordinary names, keys and whatever else is wrong follow, and then the parts: addresses, configuration, cache, ' +
      'upstreams and routes, which upstream is asked next and why, the DHT, and publications: how many nodes hold ' +
      'them, when they are published again, and the last error. Names of queries are not shown. A last line ' +
      'tells when somebody has overwritten what "pkarrd integrate" set. Other users than root and that of pkarrd see less.',
    'The exit code is 1 while the configuration on disk is invalid and another one is used.',
  ],
  operands: [],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  run: showStatus,
};

async function showStatus(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  // The socket belongs to a pkarrd of this version: only its user can have created it.
  const found = (await askRunning(invocation, terminal, ['status'], {
    sockets: ['control', 'status'],
  })) as AppStatus;
  const integration = await findIntegration(thisMachine);
  if (invocation.has('json'))
    writeJson(terminal, {
      verdict: verdictOf(found),
      ...statusToJson(found),
      ...(integration && { integrationProblems: integration.problems }),
    });
  else {
    const overwritten = integration?.problems.map((problem) => `integrate   ${problem}`) ?? [];
    const lines = [...statusLines(found), ...overwritten];
    const width = readerColumns(terminal);
    terminal.out(`${(width === undefined ? lines : fitStatusLines(lines, width)).join('\n')}\n`);
  }
  const { configuration } = found;
  return configuration === undefined || configuration.state === 'current' ? Exit.OK : Exit.FAILED;
}
