import type { SettingChange } from '../../app/configuration/changed-settings.ts';
import { problemToText } from '../../config/config-error.ts';
import { notGiven } from '../../publish/key-file.ts';
import { serviceCommands } from '../../system/commands/service-commands.ts';
import { type Command, configFlag, Exit, jsonFlag, type Terminal, writeJson } from '../command.ts';
import type { ReloadReport } from '../serve/reloader.ts';
import { askRunning } from './ask-program.ts';

/** Milliseconds that a reload may take: it waits for one that runs, and may replace worker processes. */
const PATIENCE = 60_000;

/** Has the running program read its configuration again. */
export const reload: Command = {
  name: 'reload',
  description: [
    'Has the running pkarrd read its configuration again, and says what has changed. Sockets, caches and the DHT are kept ' +
      'where their settings stay, and no query is lost. What cannot change while it runs is named: that needs a restart.',
    'If the configuration is invalid, or an address cannot be had, nothing changes: every error is shown, with file and ' +
      'line, and the exit code is 1. "systemctl reload pkarrd" and SIGHUP do the same.',
  ],
  operands: [],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const report = (await askRunning(invocation, terminal, ['reload'], {
      timeout: PATIENCE,
    })) as ReloadReport;
    if (invocation.has('json')) writeJson(terminal, report);
    else writeReport(report, terminal);
    return report.isAccepted ? Exit.OK : Exit.FAILED;
  },
};

function writeReport(report: ReloadReport, terminal: Terminal): void {
  if (!report.isAccepted) {
    for (const problem of report.problems) terminal.err(`pkarrd: ${problemToText(problem)}\n`);
    terminal.err('pkarrd: Nothing was changed: the configuration before stays in force.\n');
    return;
  }
  const { changed, needRestart, added, removed, missingKeys, warnings } = report;
  for (const warning of warnings) terminal.err(`pkarrd: warning: ${problemToText(warning)}\n`);
  for (const change of changed) terminal.out(changeLine(change));
  for (const name of added) terminal.out(`publication added: ${name}\n`);
  for (const name of removed) terminal.out(`publication removed: ${name}\n`);
  if (changed.length + added.length + removed.length === 0) terminal.out('Nothing changed.\n');
  for (const change of needRestart) {
    terminal.out(changeLine(change).replace('\n', `, after a restart: ${serviceCommands().restart}\n`));
  }
  for (const key of missingKeys) terminal.err(`pkarrd: warning: ${notGiven(key)}\n`);
}

function changeLine({ name, before, after }: SettingChange): string {
  return `${name}: ${before || 'none'} → ${after || 'none'}\n`;
}
