import { InstallError, thisMachine } from '../../install/machine.ts';
import { uninstall as uninstallService } from '../../install/uninstall.ts';
import { ChangesError, readChanges } from '../../integrate/changes/journal.ts';
import { thisMachine as integratedMachine } from '../../integrate/machine.ts';
import { type Command, CommandError, Exit, jsonFlag, writeJson } from '../command.ts';
import { asCommandError, stepsText } from './install.ts';

/** Removes the service that `install` made. */
export const uninstall: Command = {
  name: 'uninstall',
  description: [
    'Stops the service and removes what "pkarrd install" wrote, and nothing else: the configuration, keys and state stay, ' +
      'and it says where they are. While the machine asks pkarrd it refuses: run "pkarrd integrate --undo" first.',
  ],
  operands: [],
  flags: [jsonFlag],
  settings: [],
  async run(invocation, terminal) {
    if (!terminal.machine.isRoot) {
      throw new CommandError('Permission denied to remove a service. Run this command as root.');
    }
    try {
      if (await isIntegrated()) {
        throw new CommandError(
          'This machine asks pkarrd, and would find no name without it. Run this first: pkarrd integrate --undo',
        );
      }
      const removal = await uninstallService(thisMachine);
      if (invocation.has('json')) writeJson(terminal, removal);
      else {
        const { steps, left } = removal;
        terminal.out(
          steps.length === 0 ? 'pkarrd was not installed by "pkarrd install".\n' : stepsText(steps),
        );
        if (left.length > 0)
          terminal.out(`Settings, keys and state stay. To remove them too: rm -rf ${left.join(' ')}\n`);
      }
      return Exit.OK;
    } catch (error) {
      if (error instanceof InstallError) throw asCommandError(error, invocation, terminal);
      if (error instanceof ChangesError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};

async function isIntegrated(): Promise<boolean> {
  const changes = await readChanges(integratedMachine);
  return changes !== undefined && changes.paths.length > 0;
}
