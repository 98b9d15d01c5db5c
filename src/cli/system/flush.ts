import type { FlushOutcome } from '../../app/status.ts';
import { Name } from '../../dns/name.ts';
import { WireError } from '../../dns/wire-error.ts';
import { type Command, Exit, jsonFlag, UsageError, writeJson } from '../command.ts';
import { loadConfiguration } from '../configuration.ts';
import { askRunning } from './ask-program.ts';

/** Makes the running program forget answers. */
export const flush: Command = {
  name: 'flush',
  description: [
    'Makes the pkarrd that runs with this state directory forget what it knows of NAME and the names below it, or of ' +
      'every name. A packet is not dropped but fetched again when it is needed next, so that no older one takes its place.',
  ],
  operands: [{ name: 'NAME', optional: true }],
  flags: [jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [name = '.'] = invocation.operands;
    checkName(name);
    const { settings } = loadConfiguration(invocation, terminal);
    const outcome = (await askRunning(settings.stateDir, ['flush', name])) as FlushOutcome;
    if (invocation.has('json')) writeJson(terminal, outcome);
    else terminal.out(`${outcome.answers} answers and ${outcome.packets} packets forgotten.\n`);
    return Exit.OK;
  },
};

function checkName(text: string): void {
  try {
    Name.parse(text);
  } catch (error) {
    if (error instanceof WireError) throw new UsageError(`${JSON.stringify(text)} is not a domain name.`);
    throw error;
  }
}
