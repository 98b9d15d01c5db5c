import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemUpstreams } from '../../app/upstreams.ts';
import { ConfigError, type ConfigProblem, problemToText } from '../../config/config-error.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import {
  flagOf,
  type SettingKey,
  settingKeys,
  settingToText,
  settings as table,
} from '../../config/settings.ts';
import type { SystemUpstreams } from '../../system/resolv-conf.ts';
import {
  type Command,
  configFlag,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  writeJson,
} from '../command.ts';
import { loadConfiguration } from '../configuration.ts';
import { publicationProblems } from './publication-problems.ts';

/** Validates the configuration as `serve` would. */
export const check: Command = {
  name: 'check',
  description: [
    'Reads the configuration file, environment and flags as serve would, and shows the value and origin of each setting. ' +
      'If there are errors, it lists all of them and exits with code 1.',
  ],
  operands: [],
  flags: [configFlag, jsonFlag],
  settings: settingKeys,
  async run(invocation, terminal) {
    const { loaded, problems } = await examine(invocation, terminal);
    const given =
      loaded?.settings.upstream === 'system' ? await systemUpstreams(loaded.settings.listen) : undefined;
    if (invocation.has('json'))
      writeJson(terminal, { problems, ...(loaded !== undefined && describe(loaded, given)) });
    else writeText(loaded, given, problems, terminal);
    return problems.length > 0 ? Exit.FAILED : Exit.OK;
  },
};

async function examine(
  invocation: Invocation,
  terminal: Terminal,
): Promise<{ readonly loaded: LoadedSettings | undefined; readonly problems: readonly ConfigProblem[] }> {
  try {
    const loaded = loadConfiguration(invocation, terminal);
    return { loaded, problems: [...stateDirProblems(loaded), ...(await publicationProblems(loaded.tables))] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { loaded: undefined, problems: error.problems };
  }
}

function describe({ file, settings, tables, origins }: LoadedSettings, given: SystemUpstreams | undefined) {
  const values = settingKeys.map((key) => [
    table[key].name,
    { value: settingToText(key, settings[key]), from: origins[key] },
  ]);
  return {
    file: file ?? null,
    settings: Object.fromEntries(values),
    ...tables,
    ...(given !== undefined && { systemUpstreams: { servers: given.servers, from: given.path ?? null } }),
  };
}

function writeText(
  loaded: LoadedSettings | undefined,
  given: SystemUpstreams | undefined,
  problems: readonly ConfigProblem[],
  terminal: Terminal,
): void {
  if (loaded !== undefined) {
    const { file, settings, tables, origins } = loaded;
    terminal.out(`file: ${file ?? 'none'}\n`);
    for (const key of settingKeys)
      terminal.out(settingLine(key, settingToText(key, settings[key]), origins[key]));
    for (const { zone, key, where } of tables.publish)
      terminal.out(`publish: ${zone} with ${key}, from ${where}\n`);
    for (const { key, where } of tables.keep) terminal.out(`keep: ${key}, from ${where}\n`);
  }
  if (given !== undefined) terminal.out(systemLine(given));
  for (const problem of problems) terminal.err(`pkarrd: ${problemToText(problem)}\n`);
  terminal.out(problems.length === 0 ? 'The configuration is valid.\n' : '');
}

function settingLine(key: SettingKey, value: string, origin: string): string {
  // A keyword that stands for a default needs an explanation.
  const meaning = value === 'default' || value === 'system' ? ` (${table[key].defaultText})` : '';
  return `${flagOf(key).slice(2)}: ${value}${meaning}${origin === 'default' ? '' : `, from ${origin}`}\n`;
}

/** What `system` currently means. */
function systemLine({ path, servers, reports }: SystemUpstreams): string {
  if (path !== undefined) return `system: ${servers.map(({ address }) => address).join(' ')}, from ${path}\n`;
  return `system: no resolver found; ${reports.map((report) => `${report.path} ${report.problem}`).join('; ')}\n`;
}

/** The state directory need not exist, but it must be possible to create it and to write there. */
function stateDirProblems({ settings, origins }: LoadedSettings): readonly ConfigProblem[] {
  const { stateDir } = settings;
  // `serve` may run as another user than `check`, so the default is not checked.
  if (origins.stateDir === 'default') return [];
  const problem = (reason: string) => [
    { where: origins.stateDir, message: `the state-dir ${stateDir} ${reason}.` },
  ];
  let existing = stateDir;
  while (kindOf(existing) === 'absent') existing = dirname(existing);
  if (kindOf(existing) === 'other') return problem(`cannot be used: ${existing} is not a directory`);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return [];
  } catch {
    return problem(
      existing === stateDir ? 'is not writable' : `cannot be created: ${existing} is not writable`,
    );
  }
}

/** What is at a path; `absent` also for a path below a file, or one that this user may not look up. */
function kindOf(path: string): 'directory' | 'other' | 'absent' {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'other';
  } catch {
    return 'absent';
  }
}
