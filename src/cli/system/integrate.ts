import type { AppStatus } from '../../app/status.ts';
import { runningProgram } from '../../install/program-path.ts';
import { systemdWord } from '../../install/systemd-units.ts';
import { CHANGES_DIRECTORY, ChangesError } from '../../integrate/changes/journal.ts';
import { integrate as integrateMachine, type Outcome, undoIntegration } from '../../integrate/integrate.ts';
import { thisMachine } from '../../integrate/machine.ts';
import { findLeftovers } from '../../integrate/overwritten.ts';
import { ORDINARY_NAME } from '../../integrate/verify.ts';
import { linkFacts } from '../../system/links/link-facts.ts';
import { LINK_REPORT, writeLinkReport } from '../../system/links/link-report.ts';
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
import { readName } from '../read-name.ts';
import { type StopSignal, stopExits } from '../stop-signal.ts';
import { type StopTexts, wholeWork } from '../whole-work.ts';
import { askRunning } from './ask-program.ts';
import { canConfirm, confirmOnTerminal } from './confirm.ts';
import { outcomeError, outcomeToJson, undoneToJson } from './integrate-json.ts';
import { outcomeText, planText, undoneText } from './integrate-text.ts';

/** Makes the programs of this machine ask pkarrd. */
export const integrate: Command = {
  name: 'integrate',
  description: [
    'Makes every program of this machine ask pkarrd. It looks at what decides how names are looked up (NetworkManager, ' +
      'systemd-resolved, systemd-networkd, resolvconf, openresolv, /etc/resolv.conf), shows what it will change, asks, ' +
      'does it, and checks it. When a step or a check fails, or it is ended meanwhile (Ctrl-C), everything is as it was before.',
    `What was there is kept in ${CHANGES_DIRECTORY}, and --undo restores it. What somebody else has changed since is left ` +
      'alone, and named. A second run changes nothing.',
  ],
  operands: [],
  flags: [
    { name: 'undo', help: 'Restore what was there before' },
    { name: 'dry-run', help: 'Show what would be changed, and change nothing' },
    { name: 'yes', help: 'Do not ask' },
    { name: 'containers', help: "Let Docker's containers ask pkarrd too (dns in daemon.json)" },
    {
      name: 'lose-split-dns',
      help: 'Go on even if domains of a VPN would no longer be asked of its own resolvers',
    },
    {
      name: 'check-name',
      value: 'NAME',
      help: `An ordinary name that is found before and has to be found afterwards (default: ${ORDINARY_NAME})`,
    },
    {
      name: 'write-links',
      help: `Only write to ${LINK_REPORT} which domains belong to links; pkarrd-links.service runs this for the service, which may not find out itself`,
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
      if (invocation.has('write-links')) return await writeLinks();
      return invocation.has('undo')
        ? await runUndo(invocation, terminal)
        : await runIntegrate(invocation, terminal);
    } catch (error) {
      if (error instanceof ChangesError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};

/** What `pkarrd-links.service` does. */
async function writeLinks(): Promise<ExitCode> {
  await writeLinkReport(await linksWithDomains(machineLinks('helper')), linkFacts());
  return Exit.OK;
}

async function runIntegrate(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  const isDry = invocation.has('dry-run');
  const mayAsk = canConfirm();
  if (!isDry && !invocation.has('yes') && !mayAsk)
    throw new UsageError('integrate: there is no terminal to ask on; give --yes or --dry-run.');
  const { linkRoutes } = await loadUsedSettings(invocation, terminal, ['linkRoutes']);
  const checkName = invocation.value('check-name');
  const ordinaryName = checkName === undefined ? undefined : readName(checkName).name.toString();
  let stoppedBy: StopSignal | undefined;
  const outcome = await integrateMachine(thisMachine, {
    losesRoutes: invocation.has('lose-split-dns'),
    mayChange: !isDry,
    containers: invocation.has('containers'),
    routedDomains: () => domainsWithRoutes(invocation, terminal),
    command: linkRoutes ? runningProgram().map(systemdWord).join(' ') : undefined,
    ...(ordinaryName !== undefined && { ordinaryName }),
    async guard(work) {
      const { value, signal } = await wholeWork(terminal, integrateStops, work);
      stoppedBy ??= signal;
      return value;
    },
    async confirm(plan, steps) {
      if (!invocation.has('json')) terminal.out(planText(plan, steps));
      if (isDry) return false;
      return invocation.has('yes') || (await confirmOnTerminal('Change this?'));
    },
  });
  const wasStopped = outcome.kind === 'stopped' || outcome.kind === 'rolled-back';
  const exit = wasStopped && stoppedBy !== undefined ? stopExits[stoppedBy] : exitOf(outcome, isDry);
  if (!invocation.has('json')) terminal.out(outcomeText(outcome, isDry));
  else if (exit === Exit.OK) writeJson(terminal, outcomeToJson(outcome));
  else throw outcomeError(outcome, exit);
  return exit;
}

/** @throws CommandError when there is something to undo, and nobody knows any more what was there before. */
async function refuseLeftovers(): Promise<void> {
  const found = await findLeftovers(thisMachine);
  if (found.length === 0) return;
  throw new CommandError(
    `The list of what was changed is gone from ${CHANGES_DIRECTORY}, so nothing can be restored. Remove ` +
      `${found.join(' and ')} yourself, and restart the program that manages /etc/resolv.conf, or write your own.`,
  );
}

const integrateStops: StopTexts = {
  first: 'Stopping. What was changed is taken back first. A second signal ends this at once.',
  second:
    'Ended before everything was taken back. "pkarrd integrate --undo" takes back the rest, and so does the next "pkarrd integrate".',
};

const undoStops: StopTexts = {
  first: 'Stopping after the undo. A second signal ends this at once.',
  second: 'Ended before everything was restored. "pkarrd integrate --undo" restores the rest.',
};

/** Domains that the running program asks of resolvers of their own, by its configuration or by what links say. */
async function domainsWithRoutes(invocation: Invocation, terminal: Terminal): Promise<readonly string[]> {
  try {
    const status = (await askRunning(invocation, terminal, ['status'])) as AppStatus;
    return status.forwarder.routes.map(({ domain }) => domain.replace(/\.$/, '').toLowerCase());
  } catch (error) {
    // Whether it runs at all is found out, and told, in another way.
    if (error instanceof CommandError) return [];
    throw error;
  }
}

function exitOf(outcome: Outcome, isDry: boolean): ExitCode {
  switch (outcome.kind) {
    case 'done':
      return Exit.OK;
    case 'unchanged':
      return outcome.checks.every(({ problem }) => problem === undefined) ? Exit.OK : Exit.FAILED;
    case 'declined':
      return isDry ? Exit.OK : Exit.FAILED;
    case 'stopped':
    case 'refused':
    case 'by-hand':
    case 'rolled-back':
      return Exit.FAILED;
  }
}

async function runUndo(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  if (invocation.has('dry-run'))
    throw new UsageError('integrate: --undo and --dry-run cannot be given together.');
  const { value: undone } = await wholeWork(terminal, undoStops, () => undoIntegration(thisMachine));
  if (undone === undefined) await refuseLeftovers();
  const isWhole = undone === undefined || undone.kept.length + undone.problems.length === 0;
  if (!invocation.has('json')) terminal.out(undoneText(undone));
  else {
    const values = undoneToJson(undone ?? { restored: [], kept: [], problems: [] });
    if (!isWhole) throw new CommandError('Not everything was restored.', { values });
    writeJson(terminal, values);
  }
  return isWhole ? Exit.OK : Exit.FAILED;
}
