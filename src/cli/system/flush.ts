import type { FlushOutcome } from '../../app/status.ts';
import { Name } from '../../dns/name.ts';
import { type Command, configFlag, Exit, jsonFlag, UsageError, writeJson } from '../command.ts';
import { askRunning } from './ask-program.ts';

/** Flushes the caches of the running program. */
export const flush: Command = {
  name: 'flush',
  description: [
    'Flushes the caches of the running pkarrd for NAME and all names below it, or ' +
      'for all names. A signed packet is not removed but fetched again at the next query, so that an older one cannot ' +
      'replace it.',
  ],
  operands: [{ name: 'NAME', optional: true }],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [name = '.'] = invocation.operands;
    checkName(name);
    const outcome = (await askRunning(invocation, terminal, ['flush', name])) as FlushOutcome;
    if (invocation.has('json')) writeJson(terminal, outcome);
    else terminal.out(`Flushed ${outcome.answers} answers and ${outcome.packets} packets.\n`);
    return Exit.OK;
  },
};

function checkName(text: string): void {
  if (Name.tryParse(text) === undefined)
    throw new UsageError(`${JSON.stringify(text)} is not a domain name.`);
}
