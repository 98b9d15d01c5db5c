import type { SettingChange } from '../../app/configuration/changed-settings.ts';
import { type ConfigProblem, problemToText } from '../../config/config-error.ts';
import { notGiven } from '../../publish/key-file.ts';
import { serviceCommands } from '../../system/commands/service-commands.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  writeJson,
} from '../command.ts';
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
    if (!report.isAccepted) throw refusal(report.problems, invocation);
    if (invocation.has('json')) writeJson(terminal, acceptedToJson(report));
    else writeReport(report, terminal);
    return Exit.OK;
  },
};

type Accepted = Extract<ReloadReport, { readonly isAccepted: true }>;

function refusal(problems: readonly ConfigProblem[], invocation: Invocation): CommandError {
  const sentence = 'Nothing was changed: the configuration before stays in force.';
  if (invocation.has('json')) return new CommandError(sentence, { values: { problems } });
  return new CommandError([...problems.map(problemToText), sentence].join('\n'));
}

function acceptedToJson({ changed, needRestart, added, removed, missingKeys, warnings }: Accepted) {
  return {
    changed: changed.map(changeToJson),
    needRestart: needRestart.map(changeToJson),
    publicationsAdded: added,
    publicationsRemoved: removed,
    missingKeyFiles: missingKeys,
    warnings,
  };
}

function changeToJson({ name, before, after }: SettingChange) {
  return { name, value: after, previousValue: before };
}

function writeReport(report: Accepted, terminal: Terminal): void {
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
