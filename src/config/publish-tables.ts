import { dirname, resolve } from 'node:path';
import { tryParseTypedName } from '../dns/typed-name.ts';
import type { ConfigFile } from './config-file.ts';
import { didYouMean } from './nearest.ts';
import { settingKeys, settings } from './settings.ts';

/** A `[[publish]]` table: a zone file that is signed with a key and kept published. */
export interface PublishTable {
  /** Absolute paths; in the file they may be relative to its directory. */
  readonly zone: string;
  readonly key: string;
  /** The domain that the zone file was written for, as it was typed; its names become names of the key. */
  readonly origin?: string;
  /** Its name in the log and in `status`; the name of the zone file is used if absent. */
  readonly name: string | undefined;
  /** `/etc/pkarrd/pkarrd.toml:12`. */
  readonly where: string;
}

/** A `[[keep]]` table: a key, of anybody, whose newest packet is kept in the network. */
export interface KeepTable {
  /** As written: a key in any spelling that people paste. It is not validated here. */
  readonly key: string;
  readonly name: string | undefined;
  readonly where: string;
}

/** What the program publishes and keeps in the network. */
export interface PublishTables {
  readonly publish: readonly PublishTable[];
  readonly keep: readonly KeepTable[];
}

/** The names of the tables. They are not settings: they have neither a flag nor a variable. */
export const tableNames = ['publish', 'keep'] as const;

/** The longest name, in characters, and the most tables of one kind: what `status` can show, and what a DHT node can put in an hour. */
const MAX_NAME = 64;
const MAX_TABLES = 1000;

/** Reads the tables of a file. An invalid table is reported in `problems` and left out. */
export function readPublishTables({ path, entries, lineIn }: ConfigFile): {
  readonly tables: PublishTables;
  readonly problems: readonly { readonly where: string; readonly message: string }[];
} {
  const problems: { where: string; message: string }[] = [];
  // Without a file there is no table; and the directory that we are in may be gone.
  const base = path === undefined ? '/' : dirname(resolve(path));
  const read = (kind: (typeof tableNames)[number]): readonly Fields[] => {
    const entry = entries.find(({ name }) => name === kind);
    if (entry === undefined) return [];
    if (!Array.isArray(entry.raw)) {
      problems.push({
        where: entry.where,
        message: `${kind} must be an array of tables, each with the header [[${kind}]].`,
      });
      return [];
    }
    if (entry.raw.length > MAX_TABLES) {
      problems.push({
        where: entry.where,
        message: `too many [[${kind}]] tables; at most ${MAX_TABLES} are accepted.`,
      });
      return [];
    }
    return entry.raw.flatMap((raw: unknown, index) => {
      const at = (field?: string) => {
        const line = lineIn(kind, index, field);
        return line === undefined ? entry.where : `${path}:${line}`;
      };
      const found = readFields(kind, raw, at);
      problems.push(...found.problems);
      return found.problems.length > 0 ? [] : [{ ...found.fields, where: at() }];
    });
  };
  const publish = read('publish').map(({ zone = '', key = '', origin, name, where }) => ({
    zone: resolve(base, zone),
    key: resolve(base, key),
    ...(origin !== undefined && { origin }),
    name,
    where,
  }));
  const keep = read('keep').map(({ key = '', name, where }) => ({ key, name, where }));
  problems.push(...repeated(publish, keep));
  return { tables: { publish, keep }, problems };
}

interface Fields {
  readonly zone?: string;
  readonly key?: string;
  readonly origin?: string;
  readonly name?: string;
  readonly where: string;
}

/** The fields of each table, and whether they are required. */
const fieldsOf = {
  publish: { zone: true, key: true, origin: false, name: false },
  keep: { key: true, name: false },
} as const;

const whatIs: Readonly<Record<string, string>> = {
  'publish.zone': 'the path of a zone file',
  'publish.key': 'the path of a key file, as written by `pkarrd keygen`',
  'publish.origin': 'the domain that the zone file was written for, such as example.com',
  'keep.key': 'a public key',
  'publish.name': `text of 1 to ${MAX_NAME} characters`,
  'keep.name': `text of 1 to ${MAX_NAME} characters`,
};

/** Whether a name is that of a setting. */
function isSetting(name: string): boolean {
  return settingKeys.some((key) => settings[key].name === name);
}

function readFields(kind: 'publish' | 'keep', raw: unknown, at: (field?: string) => string) {
  const problems: { where: string; message: string }[] = [];
  const known: Readonly<Record<string, boolean>> = fieldsOf[kind];
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || raw instanceof Date) {
    return {
      fields: {},
      problems: [{ where: at(), message: `${kind} must be a table with the header [[${kind}]].` }],
    };
  }
  const fields: Record<string, string> = {};
  for (const [field, value] of Object.entries(raw)) {
    if (!Object.hasOwn(known, field)) {
      const hint = isSetting(field)
        ? ` ${field} is a setting, which stands above the first table.`
        : didYouMean(field, Object.keys(known));
      problems.push({
        where: at(field),
        message: `[[${kind}]] has no field ${JSON.stringify(short(field))}.${hint}`,
      });
    } else if (typeof value === 'string' && isValid(field, value)) {
      fields[field] = value;
    } else {
      const wanted = whatIs[`${kind}.${field}`];
      const message = `${short(JSON.stringify(value))} is not valid for ${field} in [[${kind}]]; expected ${wanted}.`;
      problems.push({ where: at(field), message });
    }
  }
  for (const [field, isNeeded] of Object.entries(known)) {
    if (!isNeeded || Object.hasOwn(raw, field)) continue;
    const message = `[[${kind}]] lacks ${field}, ${whatIs[`${kind}.${field}`]}.`;
    problems.push({ where: at(), message });
  }
  return { fields, problems };
}

/** A key must not be published twice, and no two entries may have the same name. */
function repeated(publish: readonly PublishTable[], keep: readonly KeepTable[]) {
  const problems: { where: string; message: string }[] = [];
  const keys = new Map<string, string>();
  const names = new Map<string, string>();
  for (const { key, where } of publish) {
    const first = keys.get(key);
    if (first !== undefined) {
      problems.push({
        where,
        message: `the key file ${key} is already used by ${first}; a key can have only one zone.`,
      });
    }
    keys.set(key, first ?? where);
  }
  for (const { name, where } of [...publish, ...keep]) {
    const first = name === undefined ? undefined : names.get(name);
    if (name === undefined) continue;
    if (first !== undefined)
      problems.push({ where, message: `the name ${JSON.stringify(name)} is already used by ${first}.` });
    names.set(name, first ?? where);
  }
  return problems;
}

function isValid(field: string, value: string): boolean {
  if (field === 'origin') return tryParseTypedName(value)?.isRoot === false;
  return isText(value, field === 'name' ? MAX_NAME : 4096);
}

function isText(value: string, most: number): boolean {
  return value.trim() !== '' && value.length <= most && !/[\u0000-\u001f\u007f]/.test(value);
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
