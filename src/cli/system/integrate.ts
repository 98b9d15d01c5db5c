import type { Settings } from '../../config/settings.ts';
import { readUpstreams } from '../../forward/spec/upstream-set.ts';
import { type Undone, undo } from '../../integrate/apply.ts';
import { CHANGES_DIRECTORY, ChangesError } from '../../integrate/changes/journal.ts';
import { integrate as integrateMachine, type Outcome } from '../../integrate/integrate.ts';
import { thisMachine } from '../../integrate/machine.ts';
import { ORDINARY_NAME } from '../../integrate/verify.ts';
import { linksWithDomains, machineLinks } from '../../system/links/link-resolvers.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type ExitCode,
  type Invocation,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { loadUsedSettings } from '../configuration.ts';
import { canConfirm, confirmOnTerminal } from './confirm.ts';
import { outcomeText, planText, undoneText } from './integrate-text.ts';

/** Makes the programs of this machine ask pkarrd. */
export const integrate: Command = {
  name: 'integrate',
  description: [
    'Makes every program of this machine ask pkarrd. It looks at what decides how names are looked up (NetworkManager, ' +
      'systemd-resolved, systemd-networkd, resolvconf, openresolv, /etc/resolv.conf), shows what it will change, asks, ' +
      'does it, and checks it. When a step or a check fails, everything is as it was before.',
    `What was there is kept in ${CHANGES_DIRECTORY}, and --undo restores it. What somebody else has changed since is left ` +
      'alone, and named. A second run changes nothing.',
  ],
  operands: [],
  flags: [
    { name: 'undo', help: 'Restore what was there before' },
    { name: 'dry-run', help: 'Show what would be changed, and change nothing' },
    { name: 'yes', help: 'Do not ask' },
    {
      name: 'lose-split-dns',
      help: 'Go on even if domains of a VPN would no longer be asked of its own resolvers',
    },
    {
      name: 'check-name',
      value: 'NAME',
      help: `An ordinary name that is found before and has to be found afterwards (default: ${ORDINARY_NAME})`,
    },
    configFlag,
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    if (!terminal.machine.isRoot && !invocation.has('dry-run'))
      throw new CommandError(
        'Permission denied to change how this machine looks up names. Run this command as root.',
      );
    try {
      return invocation.has('undo')
        ? await runUndo(invocation, terminal)
        : await runIntegrate(invocation, terminal);
    } catch (error) {
      if (error instanceof ChangesError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};

async function runIntegrate(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  const isDry = invocation.has('dry-run');
  const mayAsk = canConfirm();
  if (!isDry && !invocation.has('yes') && !mayAsk)
    throw new UsageError('integrate: there is no terminal to ask on; give --yes or --dry-run.');
  const settings = await loadUsedSettings(invocation, terminal, ['upstream', 'linkRoutes']);
  const ordinaryName = invocation.value('check-name');
  const outcome = await integrateMachine(thisMachine, {
    losesRoutes: invocation.has('lose-split-dns'),
    mayChange: !isDry,
    routedDomains: await domainsWithRoutes(settings),
    ...(ordinaryName !== undefined && { ordinaryName }),
    async confirm(plan, steps) {
      if (!invocation.has('json')) terminal.out(planText(plan, steps));
      if (isDry) return false;
      return invocation.has('yes') || (await confirmOnTerminal('Change this?'));
    },
  });
  if (invocation.has('json')) writeJson(terminal, outcome);
  else terminal.out(outcomeText(outcome, isDry));
  return exitOf(outcome, isDry);
}

/** Domains that pkarrd asks of their own resolvers: by its configuration, and by what links say while they are up. */
async function domainsWithRoutes({
  upstream,
  linkRoutes,
}: Pick<Settings, 'upstream' | 'linkRoutes'>): Promise<readonly string[]> {
  const routes = upstream === 'system' ? [] : readUpstreams(upstream).routes;
  const configured = routes.flatMap(({ domains }) =>
    domains.map((domain) => domain.toString().replace(/\.$/, '').toLowerCase()),
  );
  const links = linkRoutes ? await linksWithDomains(machineLinks()) : [];
  return [...configured, ...links.flatMap(({ domains }) => domains)];
}

function exitOf(outcome: Outcome, isDry: boolean): ExitCode {
  switch (outcome.kind) {
    case 'done':
      return Exit.OK;
    case 'unchanged':
      return outcome.checks.every(({ problem }) => problem === undefined) ? Exit.OK : Exit.FAILED;
    case 'declined':
      return isDry ? Exit.OK : Exit.FAILED;
    case 'refused':
    case 'by-hand':
    case 'rolled-back':
      return Exit.FAILED;
  }
}

async function runUndo(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  if (invocation.has('dry-run'))
    throw new UsageError('integrate: --undo and --dry-run cannot be given together.');
  const undone: Undone | undefined = await undo(thisMachine);
  if (invocation.has('json')) writeJson(terminal, undone ?? { restored: [], kept: [], problems: [] });
  else terminal.out(undoneText(undone));
  return undone === undefined || undone.kept.length + undone.problems.length === 0 ? Exit.OK : Exit.FAILED;
}
