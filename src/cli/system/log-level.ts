import { logLevels } from '../../observe/log.ts';
import { type Command, configFlag, Exit, UsageError } from '../command.ts';
import { loadUsedSettings } from '../configuration.ts';
import { askRunning } from './ask-program.ts';

/** Changes the log level of the running program until it stops. */
export const logLevel: Command = {
  name: 'log-level',
  description: [
    `Changes the log level of the running pkarrd (the one with this state directory) until it stops. LEVEL is one of ${logLevels.join(', ')}. ` +
      'With debug, the names and keys of queries are logged.',
  ],
  operands: [{ name: 'LEVEL' }],
  flags: [configFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [level = ''] = invocation.operands;
    if (!logLevels.some((known) => known === level)) {
      throw new UsageError(
        `${JSON.stringify(level)} is not a log level; expected one of ${logLevels.join(', ')}.`,
      );
    }
    const { stateDir } = await loadUsedSettings(invocation, terminal, ['stateDir']);
    await askRunning(stateDir, ['log-level', level]);
    terminal.out(`The log level is now ${level}.\n`);
    return Exit.OK;
  },
};
