import { logLevels } from '../../observe/log.ts';
import { type Command, configFlag, Exit, jsonFlag, UsageError, writeJson } from '../command.ts';
import { askRunning } from './ask-program.ts';

/** Changes the log level of the running program until it stops. */
export const logLevel: Command = {
  name: 'log-level',
  description: [
    `Changes the log level of the running pkarrd until it stops. LEVEL is one of ${logLevels.join(', ')}. ` +
      'With debug, the names and keys of queries are logged.',
  ],
  operands: [{ name: 'LEVEL' }],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [level = ''] = invocation.operands;
    if (!logLevels.some((known) => known === level)) {
      throw new UsageError(
        `${JSON.stringify(level)} is not a log level; expected one of ${logLevels.join(', ')}.`,
      );
    }
    await askRunning(invocation, terminal, ['log-level', level]);
    if (invocation.has('json')) writeJson(terminal, { logLevel: level });
    else terminal.out(`The log level is now ${level}.\n`);
    return Exit.OK;
  },
};
