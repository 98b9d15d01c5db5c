import { resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { type ConfigEntry, noConfigFile, readConfigFile } from './config-file.ts';
import { contradictions, plainWarnings } from './contradictions.ts';
import { didYouMean } from './nearest.ts';
import { petnamesOf } from './petnames.ts';
import { type PublishTables, readPublishTables, tableNames } from './publish-tables.ts';
import type { Kind } from './setting-kinds.ts';
import {
  defaultSettings,
  flagOf,
  type SettingKey,
  type Settings,
  settingKeys,
  settings,
  variableOf,
} from './settings.ts';
import type { Machine } from './table/setting.ts';

/** The file that is read if it exists, unless another one is given. */
export const DEFAULT_CONFIG_FILE = '/etc/pkarrd/pkarrd.toml';

/** Invalid values of one list that are reported one by one. */
const MAX_REFUSED = 20;

/** Longer values are not guessed at. */
const MAX_MEANT = 500;

/** Where settings come from. Precedence, lowest first: file, environment, flags. */
export interface ConfigSources {
  /** A file that must exist. If absent, `DEFAULT_CONFIG_FILE` is used, which need not exist. */
  readonly file?: string;
  readonly machine: Machine;
  /** The values of each flag, in order. */
  readonly flags: Readonly<Partial<Record<SettingKey, readonly string[]>>>;
  /**
   * The settings that will be used; all and the tables if absent. Errors anywhere else do not count, and the file is not
   * even read if environment and flags have all of them.
   */
  readonly uses?: readonly SettingKey[];
  /** Finds errors that this room cannot know of; a value that was refused before is replaced by its default. */
  readonly judge?: (loaded: LoadedSettings) => readonly ConfigProblem[] | Promise<readonly ConfigProblem[]>;
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
  /** The lines of `settings.names`, by their labels, where they come from the file. */
  readonly petnameOrigins: ReadonlyMap<string, string>;
  /** What is valid but probably not intended. */
  readonly warnings: readonly ConfigProblem[];
}

/** A value as it was written, and its place. */
interface Given {
  readonly key: SettingKey;
  readonly raw: unknown;
  readonly where: string;
  /** Of a table of the file: the place of one of its fields. */
  readonly whereIs?: ConfigEntry['whereIs'];
}

/** Reads and validates the configuration. @throws ConfigError with every error. */
export async function loadSettings(sources: ConfigSources): Promise<LoadedSettings> {
  const { machine, flags, uses } = sources;
  const isUsed = ({ key }: Given) => uses?.includes(key) ?? true;
  const environment = readEnvironment(machine.environment);
  const overriding = [...environment.given, ...fromFlags(flags)].filter(isUsed);
  const isOverridden = uses?.every((key) => overriding.some((given) => given.key === key)) ?? false;
  const file = isOverridden
    ? noConfigFile
    : await readConfigFile(sources.file ?? DEFAULT_CONFIG_FILE, { mayBeAbsent: sources.file === undefined });
  const inFile = readEntries(file.entries);
  const namesEntry = file.entries.find(({ name }) => name === settings.names.name);
  const { tables, problems: inTables } = readPublishTables(file);

  const isComplete = uses === undefined;
  const problems = isComplete
    ? [...file.problems, ...inTables, ...inFile.problems, ...environment.problems]
    : [...file.problems];
  const values: Record<string, unknown> = { ...defaultSettings(machine) };
  const origins = Object.fromEntries(settingKeys.map((key) => [key, 'default'])) as Record<
    SettingKey,
    string
  >;
  const refusedKeys = new Set<SettingKey>();
  for (const { key, raw, where, whereIs } of [...inFile.given.filter(isUsed), ...overriding]) {
    const { kind, name } = settings[key];
    const reading = kind.read(raw);
    if (reading.ok) {
      values[key] = reading.value;
      origins[key] = where;
      refusedKeys.delete(key);
    } else {
      refusedKeys.add(key);
      for (const [index, refused] of reading.refused.slice(0, MAX_REFUSED).entries()) {
        const field = reading.fields?.[index];
        const hint = meantBy(refused, kind, where);
        const reason = reading.reasons?.[index];
        const why = reason === undefined ? `; expected ${kind.accepts}` : `: ${reason}`;
        const message = `${shown(refused)} is not valid for ${name}${why}.${hint}`;
        problems.push({ where: (field !== undefined && whereIs?.(field)) || where, message });
      }
      const more = reading.refused.length - MAX_REFUSED;
      if (more > 0)
        problems.push({
          where,
          message:
            more === 1
              ? `1 more value is not valid for ${name}.`
              : `${more} more values are not valid for ${name}.`,
        });
    }
  }
  // Each value was parsed by the kind of its own key.
  const loaded = {
    settings: values as unknown as Settings,
    tables,
    file: file.path,
    origins,
    petnameOrigins: origins.names === namesEntry?.where ? linesOfPetnames(namesEntry) : new Map(),
    warnings: environment.warnings,
  };
  if (isComplete) problems.push(...contradictions({ ...loaded, refusedKeys }));
  problems.push(...((await sources.judge?.(loaded)) ?? []));
  if (problems.length > 0) throw new ConfigError(problems);
  return isComplete ? { ...loaded, warnings: [...loaded.warnings, ...plainWarnings(loaded)] } : loaded;
}

function linesOfPetnames({ raw, whereIs }: ConfigEntry): ReadonlyMap<string, string> {
  return new Map(petnamesOf(raw).names.map(({ label, name }) => [label, whereIs(name)]));
}

/** Values of settings in a source, and what is wrong with the source. */
interface SourceReading {
  readonly given: readonly Given[];
  readonly problems: readonly ConfigProblem[];
}

function readEntries(entries: readonly ConfigEntry[]): SourceReading {
  const names = new Map(settingKeys.map((key) => [settings[key].name, key]));
  const given: Given[] = [];
  const problems: ConfigProblem[] = [];
  for (const { name, raw, where, whereIs } of entries) {
    const key = names.get(name);
    if (key !== undefined) given.push({ key, raw, where, whereIs });
    else if (!tableNames.some((table) => table === name)) {
      const near = didYouMean(name, [...names.keys(), ...tableNames]);
      // As other programs have it: `[server]` with settings below.
      const inside = isTable(raw) ? Object.keys(raw).filter((inner) => names.has(inner)) : [];
      const plain = isTable(raw) ? ' Settings stand in no table.' : '';
      const advice =
        inside.length === 0
          ? near || plain
          : ` Settings stand in no table: set ${inside.slice(0, MAX_REFUSED).join(', ')} without it, above the first table.`;
      const message = `${shown(name)} is not a known setting.${advice}`;
      problems.push({ where, message });
    }
  }
  return { given, problems };
}

/**
 * Variables that Kubernetes sets in every container for a service named pkarrd or pkarrd-NAME, as Docker did for links:
 * "Kubernetes adds {SVCNAME}_SERVICE_HOST and {SVCNAME}_SERVICE_PORT variables" and the older `PKARRD_PORT_53_UDP_ADDR`.
 */
const serviceVariable =
  /^PKARRD_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

function readEnvironment(
  environment: Machine['environment'],
): SourceReading & { readonly warnings: readonly ConfigProblem[] } {
  const variables = new Map(settingKeys.map((key) => [variableOf(key), key]));
  const given: Given[] = [];
  const problems: ConfigProblem[] = [];
  const services: string[] = [];
  for (const [where, value] of Object.entries(environment)) {
    // Many tools pass an empty variable where they mean none.
    if (!where.startsWith('PKARRD_') || value === undefined || value.trim() === '') continue;
    const key = variables.get(where);
    if (key !== undefined) {
      given.push({
        key,
        raw: settings[key].kind.isList ? value.trim().split(/[\s,]+/) : value.trim(),
        where,
      });
    } else if (serviceVariable.test(where)) {
      services.push(where);
    } else {
      problems.push({
        where,
        message: `no setting has this variable.${didYouMean(where, variables.keys())}`,
      });
    }
  }
  const [first] = services;
  if (first === undefined) return { given, problems, warnings: [] };
  const others = services.length === 1 ? '' : ` (like ${services.length - 1} more)`;
  const message = `ignored${others}: Kubernetes sets it for a service named pkarrd; enableServiceLinks: false turns that off.`;
  return { given, problems, warnings: [{ where: first, message }] };
}

function fromFlags(flags: ConfigSources['flags']): readonly Given[] {
  return settingKeys.flatMap((key) => {
    const words = flags[key];
    if (words === undefined || words.length === 0) return [];
    // The last value of a flag that takes one counts, so that a shell alias can be overridden.
    const last = words.at(-1) ?? '';
    return [{ key, raw: settings[key].kind.isList ? words : fromHere(key, last), where: flagOf(key) }];
  });
}

/**
 * The value of a flag: a path is relative to the current directory, as anywhere else on a command line, and a word like `none`
 * stays. Some shells leave the `~` of `--state-dir=~/x` as it is, and a directory of that name is not meant.
 */
function fromHere(key: SettingKey, word: string): string {
  const { isPath, read } = settings[key].kind;
  return isPath === true && !word.startsWith('~') && !read(word).ok ? resolve(word) : word;
}

/** What is accepted in place of a value that is not, if it is clear: a port behind `#` or `@`, or several values in one text. */
function meantBy(
  refused: unknown,
  { isList, read }: Pick<Kind<unknown>, 'isList' | 'read'>,
  where: string,
): string {
  if (typeof refused !== 'string' || refused.length > MAX_MEANT) return '';
  const isValid = (word: string) => read(isList ? [word] : word).ok;
  const [, host = '', port] = /^\[?([^\s#@[\]]+)\]?[#@](\d{1,5})$/.exec(refused) ?? [];
  const withColon = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (port !== undefined && isValid(withColon)) return ` Did you mean ${JSON.stringify(withColon)}?`;
  const words = refused.trim().split(/[\s,]+/);
  if (!isList || words.length < 2 || !words.every(isValid)) return '';
  if (where.startsWith('--')) return ` Give ${where} once for each.`;
  return ` Did you mean [${words.map((word) => JSON.stringify(word)).join(', ')}]?`;
}

function isTable(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Date);
}

/** A value for a message: quoted, short, on one line. */
function shown(raw: unknown): string {
  const text = typeof raw === 'string' ? raw : literal(raw);
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return typeof raw === 'string' ? JSON.stringify(short) : short;
}

/** A value of a TOML file as it could stand there; JSON has no numbers that are infinite or not a number. */
function literal(raw: unknown): string {
  if (typeof raw === 'number' || typeof raw === 'bigint') return String(raw).replace('Infinity', 'inf');
  return JSON.stringify(raw, (_, item: unknown) =>
    typeof item === 'bigint' || (typeof item === 'number' && !Number.isFinite(item)) ? literal(item) : item,
  );
}
