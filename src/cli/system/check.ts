import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type FoundResolvers, SystemResolvers } from '../../app/system-resolvers.ts';
import { asksSystem } from '../../app/upstreams.ts';
import { ConfigError, type ConfigProblem, problemToText } from '../../config/config-error.ts';
import { listenAddressToText } from '../../config/listen-address.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import {
  flagOf,
  type SettingKey,
  type Settings,
  settingKeys,
  settingToText,
  settings as table,
} from '../../config/settings.ts';
import { readUpstreams } from '../../forward/spec/upstream-set.ts';
import { specToText } from '../../forward/spec/upstream-spec.ts';
import { silentLog } from '../../observe/log.ts';
import { parsePastedKey } from '../../pkarr/pasted-key.ts';
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
import { examinePublications } from './examine-publications.ts';

/** Validates the configuration as `serve` would. */
export const check: Command = {
  name: 'check',
  description: [
    'Reads the configuration file, environment and flags as serve would, and shows the value and origin of each setting. ' +
      'If there are errors, or no resolver for ordinary names, it lists all of them and exits with code 1.',
  ],
  operands: [],
  flags: [configFlag, jsonFlag],
  settings: settingKeys,
  async run(invocation, terminal) {
    const findings = await examine(invocation, terminal);
    const { loaded, problems, warnings, upstreams } = findings;
    if (invocation.has('json')) {
      writeJson(terminal, { problems, warnings, ...(loaded !== undefined && describe(loaded, upstreams)) });
    } else writeText(findings, terminal);
    return problems.length > 0 ? Exit.FAILED : Exit.OK;
  },
};

/** What `check` found. */
interface Findings {
  /** Undefined if the configuration has errors. */
  readonly loaded: LoadedSettings | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  /** The resolvers of the system, if they are used. */
  readonly upstreams: FoundResolvers | undefined;
}

async function examine(invocation: Invocation, terminal: Terminal): Promise<Findings> {
  try {
    const loaded = await loadConfiguration(invocation, terminal);
    const { settings, tables } = loaded;
    const upstreams = asksSystem(settings) ? await systemResolvers(settings) : undefined;
    const publications = await examinePublications(tables, terminal.machine);
    return {
      loaded,
      problems: [
        ...stateDirProblems(loaded),
        ...(upstreams === undefined ? [] : noUpstreamProblems(upstreams, loaded)),
        ...publications.problems,
      ],
      warnings: [...loaded.warnings, ...publications.warnings],
      upstreams,
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { loaded: undefined, problems: error.problems, warnings: [], upstreams: undefined };
  }
}

function describe(
  { file, settings, tables, origins }: LoadedSettings,
  upstreams: FoundResolvers | undefined,
) {
  const values = settingKeys.map((key) => [
    table[key].name,
    { value: settingToText(key, settings[key]), from: origins[key] },
  ]);
  return {
    ...(file !== undefined && { file }),
    settings: Object.fromEntries(values),
    publish: tables.publish.map(({ zone, key, ...rest }) => ({ zoneFile: zone, keyFile: key, ...rest })),
    // Each is valid here.
    keep: tables.keep.map(({ key, ...rest }) => ({ key: parsePastedKey(key).text, ...rest })),
    ...(upstreams !== undefined && {
      systemUpstreams: {
        servers: upstreams.servers.map(({ address, port }) => listenAddressToText({ host: address, port })),
        ...(upstreams.path !== undefined && { from: upstreams.path }),
        isKept: upstreams.isKept,
      },
    }),
  };
}

function writeText({ loaded, problems, warnings, upstreams }: Findings, terminal: Terminal): void {
  if (loaded !== undefined) {
    const { file, settings, tables, origins } = loaded;
    terminal.out(`file: ${file ?? 'none'}\n`);
    for (const key of settingKeys)
      terminal.out(settingLine(key, settingToText(key, settings[key]), origins[key]));
    for (const { zone, key, origin, where } of tables.publish) {
      const moved = origin === undefined ? '' : ` for ${origin}`;
      terminal.out(`publish: ${zone}${moved} with ${key}, from ${where}\n`);
    }
    for (const { key, where } of tables.keep) terminal.out(`keep: ${key}, from ${where}\n`);
  }
  for (const line of loaded === undefined ? [] : routeLines(loaded.settings)) terminal.out(line);
  if (upstreams !== undefined && upstreams.servers.length > 0) {
    const addresses = upstreams.servers.map(({ address }) => address).join(' ');
    const from = upstreams.path ?? 'the last network: the system names only pkarrd itself';
    terminal.out(`system: ${addresses}, from ${from}\n`);
  }
  for (const warning of warnings) terminal.err(`pkarrd: warning: ${problemToText(warning)}\n`);
  for (const problem of problems) terminal.err(`pkarrd: ${problemToText(problem)}\n`);
  terminal.out(problems.length === 0 ? 'The configuration is valid.\n' : '');
}

/** How the routes are understood: a domain may be written in several ways, and a network as its reverse zones. */
function routeLines({ upstream }: Settings): readonly string[] {
  if (upstream === 'system') return [];
  return readUpstreams(upstream).routes.map(({ domains, upstream: target }) => {
    const names = domains.map((domain) => domain.toString().replace(/\.$/, '')).join(', ');
    if (target === 'default') return `route: names in ${names} go to the upstreams without a route\n`;
    return `route: names in ${names} go to ${specToText(target)}, and never to other upstreams\n`;
  });
}

function settingLine(key: SettingKey, value: string, origin: string): string {
  // A keyword that stands for a default needs an explanation.
  const meaning = value === 'default' || value === 'system' ? ` (${table[key].defaultText})` : '';
  return `${flagOf(key).slice(2)}: ${value}${meaning}${origin === 'default' ? '' : `, from ${origin}`}\n`;
}

/** The resolvers that `serve` would ask, those of the last network included. */
function systemResolvers(settings: Settings): Promise<FoundResolvers> {
  return new SystemResolvers(settings, { log: silentLog, mayWrite: false }).find();
}

/** Without an upstream, no ordinary name resolves. `upstream = none` says that this is intended. */
function noUpstreamProblems(
  { servers, reports }: FoundResolvers,
  { settings, origins }: LoadedSettings,
): readonly ConfigProblem[] {
  if (servers.length > 0 || settings.fallback.length > 0) return [];
  const clauses = reports.map(({ path, problem, skipped, isOnlyOurs }) => {
    if (isOnlyOurs) return `${path} ${problem} (${skipped.map(({ text }) => text).join(' ')})`;
    return [`${path} ${problem}`, ...skipped.map(({ text, why }) => `${text} ${why}`)].join(', ');
  });
  const where = origins.upstream === 'default' ? 'upstream' : origins.upstream;
  return [
    {
      where,
      message: `there is no resolver for ordinary names: ${clauses.join('; ')}. Set upstream or fallback.`,
    },
  ];
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
