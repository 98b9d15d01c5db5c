import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublishTables } from '../../config/publish-tables.ts';
import { settingsToTexts } from '../../config/setting-texts.ts';
import { type Settings, settingKeys, settings as table } from '../../config/settings.ts';
import { fileReason } from '../../files/file-reason.ts';
import { FileError, readUserFile } from '../../files/read-file.ts';
import { replaceFile } from '../../files/write-file.ts';
import type { Log } from '../../observe/log.ts';

/** The file of the state directory that has the last configuration that was accepted. Only its owner can read it. */
const FILE = 'accepted-configuration';

/** The version of its format. */
const VERSION = 1;

/** Octets of it that are read: a configuration file of the greatest length, with its quotes escaped. */
const MAX_LENGTH = 4_000_000;

/** A configuration that a start or a reload accepted. */
export interface AcceptedConfiguration {
  readonly settings: Settings;
  readonly tables: PublishTables;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
}

/**
 * Keeps a configuration for a start whose own is invalid. It holds no secret, since no setting does: keys are in files of
 * which it has the paths, and the URL of an upstream or relay has neither user nor password.
 */
export async function keepAccepted(
  directory: string,
  { settings, tables, acceptedAt }: AcceptedConfiguration,
  log: Log,
): Promise<void> {
  const path = join(directory, FILE);
  const kept = { version: VERSION, acceptedAt, settings: settingsToTexts(settings), tables };
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await replaceFile(path, Buffer.from(`${JSON.stringify(kept)}\n`));
  } catch (error) {
    log.warn('Cannot keep the configuration for a start whose own is invalid.', {
      path,
      reason: fileReason(error),
    });
  }
}

/**
 * The configuration that was kept last; undefined when there is none that can be read. A setting that this version does not
 * know, or whose value it does not accept, has the value in `defaults`.
 */
export async function readAccepted(
  directory: string,
  defaults: Settings,
): Promise<AcceptedConfiguration | undefined> {
  let text: string;
  try {
    text = (await readUserFile(join(directory, FILE), { maxBytes: MAX_LENGTH })).bytes.toString('utf8');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  }
  const kept = parseJson(text);
  if (!isRecord(kept)) return undefined;
  const { version, settings, tables, acceptedAt } = kept;
  if (version !== VERSION || !isRecord(settings)) return undefined;
  return {
    settings: readTexts(settings, defaults),
    tables: readTables(tables),
    acceptedAt: typeof acceptedAt === 'number' ? acceptedAt : 0,
  };
}

function readTexts(texts: Readonly<Record<string, unknown>>, defaults: Settings): Settings {
  const entries = settingKeys.flatMap((key) => {
    const text = texts[key];
    if (typeof text !== 'string') return [];
    const { kind } = table[key];
    // No element of a list contains white space.
    const reading = kind.read(kind.isList ? text.split(' ') : text);
    return reading.ok ? [[key, reading.value] as const] : [];
  });
  return { ...defaults, ...Object.fromEntries(entries) };
}

function readTables(tables: unknown): PublishTables {
  const { publish, keep } = isRecord(tables) ? tables : {};
  const list = (entries: unknown) => (Array.isArray(entries) ? entries.filter(isRecord) : []);
  return {
    publish: list(publish).flatMap(({ zone, key, name, where }) =>
      typeof zone === 'string' && typeof key === 'string'
        ? [{ zone, key, name: textOr(name, undefined), where: textOr(where, FILE) }]
        : [],
    ),
    keep: list(keep).flatMap(({ key, name, where }) =>
      typeof key === 'string' ? [{ key, name: textOr(name, undefined), where: textOr(where, FILE) }] : [],
    ),
  };
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It was written by another version, or damaged: then there is none.
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
