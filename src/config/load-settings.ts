import { ConfigError, type ConfigProblem } from './config-error.ts';
import { readConfigFile } from './config-file.ts';
import { didYouMean } from './nearest.ts';
import { type PublishTables, readPublishTables, tableNames } from './publish-tables.ts';
import {
  defaultSettings,
  flagOf,
  type Machine,
  type SettingKey,
  type Settings,
  settingKeys,
  settings,
  settingToText,
  variableOf,
} from './settings.ts';

/** The file that is read if it exists, unless another one is given. */
const DEFAULT_CONFIG_FILE = '/etc/pkarrd/pkarrd.toml';

/** Where settings come from. Precedence, lowest first: file, environment, flags. */
export interface ConfigSources {
  /** A file that must exist. If absent, `DEFAULT_CONFIG_FILE` is used, which need not exist. */
  readonly file?: string;
  readonly machine: Machine;
  /** The values of each flag, in order. */
  readonly flags: Readonly<Partial<Record<SettingKey, readonly string[]>>>;
  /** Finds errors that this room cannot know of; a value that was refused before is replaced by its default. */
  readonly judge?: (loaded: LoadedSettings) => readonly ConfigProblem[];
}

/** Settings, and the origin of each. */
export interface LoadedSettings {
  readonly settings: Settings;
  /** The `[[publish]]` and `[[keep]]` tables of the file. */
  readonly tables: PublishTables;
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** `default`, `/etc/pkarrd/pkarrd.toml:3`, `PKARRD_LISTEN` or `--listen`. */
  readonly origins: Readonly<Record<SettingKey, string>>;
}

/** A value as it was written, and its place. */
interface Given {
  readonly key: SettingKey;
  readonly raw: unknown;
  readonly where: string;
}

/** Reads and validates the whole configuration. @throws ConfigError with every error. */
export function loadSettings(sources: ConfigSources): LoadedSettings {
  const { machine, flags } = sources;
  const problems: ConfigProblem[] = [];
  const file = readConfigFile(sources.file ?? DEFAULT_CONFIG_FILE, {
    mayBeAbsent: sources.file === undefined,
  });
  const { tables, problems: inTables } = readPublishTables(file);
  problems.push(...file.problems, ...inTables);
  const given = [
    ...fromFile(file.entries, problems),
    ...fromEnvironment(machine.environment, problems),
    ...fromFlags(flags),
  ];
  const values: Record<string, unknown> = { ...defaultSettings(machine) };
  const origins = Object.fromEntries(settingKeys.map((key) => [key, 'default'])) as Record<
    SettingKey,
    string
  >;
  for (const { key, raw, where } of given) {
    const { kind, name } = settings[key];
    const reading = kind.read(raw);
    if (reading.ok) {
      values[key] = reading.value;
      origins[key] = where;
    } else {
      const message = `${shown(reading.refused)} is not valid for ${name}; expected ${kind.accepts}.`;
      problems.push({ where, message });
    }
  }
  // Each value was parsed by the kind of its own key.
  const loaded = { settings: values as unknown as Settings, tables, file: file.path, origins };
  problems.push(...contradictions(loaded), ...(sources.judge?.(loaded) ?? []));
  if (problems.length > 0) throw new ConfigError(problems);
  return loaded;
}

/** Settings that contradict each other. */
function contradictions({ settings: values, origins }: LoadedSettings): readonly ConfigProblem[] {
  if (values.minimumPacketTtl <= values.maximumPacketTtl) return [];
  const least = settingToText('minimumPacketTtl', values.minimumPacketTtl);
  const most = settingToText('maximumPacketTtl', values.maximumPacketTtl);
  const where = origins.maximumPacketTtl === 'default' ? origins.minimumPacketTtl : origins.maximumPacketTtl;
  return [
    {
      where,
      message: `minimum-packet-ttl (${least}) is greater than maximum-packet-ttl (${most}).`,
    },
  ];
}

function fromFile(
  entries: readonly { readonly name: string; readonly raw: unknown; readonly where: string }[],
  problems: ConfigProblem[],
): Given[] {
  const names = new Map(settingKeys.map((key) => [settings[key].name, key]));
  return entries.flatMap(({ name, raw, where }) => {
    const key = names.get(name);
    if (key !== undefined) return [{ key, raw, where }];
    if (tableNames.some((table) => table === name)) return [];
    const message = `${shown(name)} is not a known setting.${didYouMean(name, [...names.keys(), ...tableNames])}`;
    problems.push({ where, message });
    return [];
  });
}

function fromEnvironment(environment: Machine['environment'], problems: ConfigProblem[]): Given[] {
  const variables = new Map(settingKeys.map((key) => [variableOf(key), key]));
  return Object.entries(environment).flatMap(([where, value]) => {
    // Many tools pass an empty variable where they mean none.
    if (!where.startsWith('PKARRD_') || value === undefined || value.trim() === '') return [];
    const key = variables.get(where);
    if (key === undefined) {
      problems.push({
        where,
        message: `no setting has this variable.${didYouMean(where, variables.keys())}`,
      });
      return [];
    }
    return [{ key, raw: settings[key].kind.isList ? value.trim().split(/[\s,]+/) : value.trim(), where }];
  });
}

function fromFlags(flags: ConfigSources['flags']): Given[] {
  return settingKeys.flatMap((key) => {
    const words = flags[key];
    if (words === undefined || words.length === 0) return [];
    // The last value of a flag that takes one counts, so that a shell alias can be overridden.
    return [{ key, raw: settings[key].kind.isList ? words : words.at(-1), where: flagOf(key) }];
  });
}

/** A value for a message: quoted, short, on one line. */
function shown(raw: unknown): string {
  const text = typeof raw === 'string' ? raw : JSON.stringify(raw);
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return typeof raw === 'string' ? JSON.stringify(short) : short;
}
