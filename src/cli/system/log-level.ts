import { logLevels } from '../../observe/log.ts';
import { type Command, Exit, UsageError } from '../command.ts';
import { loadConfiguration } from '../configuration.ts';
import { askRunning } from './ask-program.ts';

/** Changes how much the running program logs, until it ends. */
export const logLevel: Command = {
  name: 'log-level',
  description: [
    `Changes how much the pkarrd that runs with this state directory logs, until it ends. LEVEL is one of ${logLevels.join(', ')}. ` +
      'With debug, names and keys that were asked for stand in the log.',
  ],
  operands: [{ name: 'LEVEL' }],
  flags: [],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [level = ''] = invocation.operands;
    if (!logLevels.some((known) => known === level)) {
      throw new UsageError(`${JSON.stringify(level)} is not a level; accepted is ${logLevels.join(', ')}.`);
    }
    const { settings } = loadConfiguration(invocation, terminal);
    await askRunning(settings.stateDir, ['log-level', level]);
    terminal.out(`The level is ${level} now.\n`);
    return Exit.OK;
  },
};
