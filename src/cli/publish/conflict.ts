import { flagOf, type SettingKey } from '../../config/settings.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';
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
  const isConflict = kind === 'conflict' || forceable.has(kind);
  const difference = held === undefined ? [] : differenceLines(held, zone, text.path);
  const key = keyPair.publicKey.text;
  const lines = [
    ...difference,
    ...(isConflict ? ['Look at what is there:', `  ${lookCommand(key, invocation)}`] : []),
    ...(forceable.has(kind)
      ? [`Replace it with ${text.path}:`, `  ${commandLine(invocation)} --force`]
      : kind === 'conflict'
        ? ['Publish again:', `  ${commandLine(invocation)}`]
        : []),
  ];
  return new CommandError(message, { cause: error, details: lines.map((line) => `${line}\n`).join('') });
}

/** What replacing a packet with a zone changes: `-` goes, `+` comes. */
function differenceLines(held: SignedPacket, zone: LoadedZone, path: string): readonly string[] {
  const there = held.records.map((record) => relativeRecord(record, held.key));
  const wanted = zone.records.map((record) => relativeRecord(record, held.key));
  const gone = there.filter((line) => !wanted.includes(line));
  const added = wanted.filter((line) => !there.includes(line));
  const same = there.length - gone.length;
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
