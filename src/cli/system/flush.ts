import type { FlushOutcome } from '../../app/status.ts';
import { plural } from '../../observe/count-text.ts';
import { type Command, configFlag, Exit, jsonFlag, writeJson } from '../command.ts';
import { readName } from '../read-name.ts';
import { askRunning } from './ask-program.ts';

/** Flushes the caches of the running program. */
export const flush: Command = {
  name: 'flush',
  description: [
    'Flushes the caches of the running pkarrd for NAME and all names below it, or ' +
      'for all names. NAME may be a key in any common spelling, or an address, which means its reverse name. A signed packet is not removed but fetched again at the next query, so that an older one cannot ' +
      'replace it.',
  ],
  operands: [{ name: 'NAME', optional: true }],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [text = '.'] = invocation.operands;
    const words = ['flush', readName(text).name.toString()];
    const outcome = (await askRunning(invocation, terminal, words)) as FlushOutcome;
    if (invocation.has('json'))
      writeJson(terminal, { answerCount: outcome.answers, packetCount: outcome.packets });
    else
      terminal.out(
        `Flushed ${plural(outcome.answers, 'answer')} and ${plural(outcome.packets, 'packet')}.\n`,
      );
    return Exit.OK;
  },
};
