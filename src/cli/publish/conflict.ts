import { flagOf, type SettingKey } from '../../config/settings.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import type { PublishError } from '../../publish/publish-error.ts';
import type { LoadedZone } from '../../publish/zone-file.ts';
import { shellWord } from '../../system/commands/shell-word.ts';
import { CommandError, type Invocation } from '../command.ts';
import { relativeRecord } from './relative-records.ts';
import type { ZoneSource } from './zone-source.ts';

/** Settings that say which network is meant. */
const networkFlags: readonly SettingKey[] = ['bootstrap', 'upstream', 'relay'];

/** Failures that `--force` goes past. */
const forceable: ReadonlySet<string> = new Set(['newer-elsewhere', 'clock-behind']);

/**
 * Why a zone was not published, for people: where the packet in the network stands in the way, what would change, and the
 * commands that show it and that replace it.
 */
export function conflictError(
  error: PublishError,
  zone: LoadedZone,
  { text, keyPair }: ZoneSource,
  invocation: Invocation,
): CommandError {
  const { held, kind, message } = error;
  const difference = held && differenceOf(held, zone);
  const key = keyPair.publicKey.text;
  const isForceable = forceable.has(kind);
  const look = kind === 'conflict' || isForceable ? lookCommand(key, invocation) : undefined;
  const again = isForceable
    ? `${commandLine(invocation)} --force`
    : kind === 'conflict'
      ? commandLine(invocation)
      : undefined;
  const lines = [
    ...(difference === undefined ? [] : differenceLines(difference, text.path)),
    ...(look === undefined ? [] : ['Look at what is there:', `  ${look}`]),
    ...(again === undefined
      ? []
      : [isForceable ? `Replace it with ${text.path}:` : 'Publish again:', `  ${again}`]),
  ];
  return new CommandError(message, {
    cause: error,
    details: lines.map((line) => `${line}\n`).join(''),
    values: {
      ...{ reason: kind, key },
      ...(held !== undefined && {
        heldPacket: { timestamp: held.timestamp, date: timestampToText(held.timestamp) },
      }),
      ...(difference !== undefined && {
        ...{ added: difference.added, removed: difference.gone, unchangedRecords: difference.same },
      }),
      ...(look !== undefined && { lookCommand: look }),
      ...(again !== undefined && { publishCommand: again }),
    },
  });
}

/** What replacing a packet with a zone changes: records as in a zone file, and how many stay. */
interface Difference {
  readonly gone: readonly string[];
  readonly added: readonly string[];
  readonly same: number;
}

function differenceOf(held: SignedPacket, zone: LoadedZone): Difference {
  const there = held.records.map((record) => relativeRecord(record, held.key));
  const wanted = zone.records.map((record) => relativeRecord(record, held.key));
  const gone = there.filter((line) => !wanted.includes(line));
  const added = wanted.filter((line) => !there.includes(line));
  return { gone, added, same: there.length - gone.length };
}

/** The same for people: `-` goes, `+` comes. */
function differenceLines({ gone, added, same }: Difference, path: string): readonly string[] {
  if (gone.length + added.length === 0) return ['Its records are the same.'];
  return [
    `What ${path} would change (- is there now, + would be put):`,
    ...gone.map((line) => `- ${line}`),
    ...added.map((line) => `+ ${line}`),
    ...(same === 0
      ? []
      : [
          `  ${same === 1 ? '1 record stays' : `${same} records stay`} as ${same === 1 ? 'it is' : 'they are'}.`,
        ]),
  ];
}

/** The command that shows what the network of this invocation holds of a key. */
export function lookCommand(key: string, invocation: Invocation): string {
  const settings = settingWords(invocation, networkFlags);
  return ['pkarrd', 'resolve', key, '--newest', ...settings, ...flagWords(invocation, ['config'])]
    .map(shellWord)
    .join(' ');
}

/** The command as it was given. */
function commandLine(invocation: Invocation): string {
  return [
    'pkarrd',
    'publish',
    ...invocation.operands,
    ...flagWords(invocation, ['key', 'origin']),
    ...settingWords(invocation, Object.keys(invocation.settings) as SettingKey[]),
    ...flagWords(invocation, ['config']),
  ]
    .map(shellWord)
    .join(' ');
}

function flagWords(invocation: Invocation, flags: readonly string[]): readonly string[] {
  return flags.flatMap((flag) => {
    const value = invocation.value(flag);
    return value === undefined ? [] : [`--${flag}`, value];
  });
}

function settingWords({ settings }: Invocation, keys: readonly SettingKey[]): readonly string[] {
  return keys.flatMap((key) => (settings[key] ?? []).flatMap((value) => [flagOf(key), value]));
}
