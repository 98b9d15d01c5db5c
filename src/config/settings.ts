import type { Kind } from './setting-kinds.ts';
import { answering } from './table/answering.ts';
import { browsers } from './table/browsers.ts';
import { keys } from './table/keys.ts';
import { network } from './table/network.ts';
import { ordinaryNames } from './table/ordinary-names.ts';
import { program } from './table/program.ts';
import type { Machine, Setting } from './table/setting.ts';

/** Every setting. Defaults, bounds, help, and how file, environment and flags are parsed follow from this table. */
export const settings = { ...answering, ...browsers, ...ordinaryNames, ...keys, ...network, ...program };

/** The validated values of all settings. */
export type Settings = {
  readonly [K in keyof typeof settings]: (typeof settings)[K] extends Setting<infer T> ? T : never;
};

/** The name of a setting in the code. */
export type SettingKey = keyof Settings;

/** The keys of all settings, in the order of help and README. */
export const settingKeys: readonly SettingKey[] = Object.keys(settings) as SettingKey[];

/** Settings that belong together, under a heading of help and documentation. */
export interface SettingGroup {
  readonly heading: string;
  /** In the order of help and README. */
  readonly keys: readonly SettingKey[];
}

/** All settings in groups, in the order of help and README. */
export const settingGroups: readonly SettingGroup[] = [
  { heading: 'Answering DNS', keys: keysOf(answering) },
  { heading: 'Browsers and the relay', keys: keysOf(browsers) },
  { heading: 'Ordinary names', keys: keysOf(ordinaryNames) },
  { heading: 'Names that are keys', keys: keysOf(keys) },
  { heading: 'The DHT and relays', keys: keysOf(network) },
  { heading: 'Processes, memory and log', keys: keysOf(program) },
];

/** `--cache-size`. */
export function flagOf(key: SettingKey): string {
  return `--${settings[key].name}`;
}

/** `PKARRD_CACHE_SIZE`. */
export function variableOf(key: SettingKey): string {
  return `PKARRD_${settings[key].name.toUpperCase().replaceAll('-', '_')}`;
}

/** The default value of every setting. */
export function defaultSettings(machine: Machine): Settings {
  return Object.fromEntries(settingKeys.map((key) => [key, settings[key].default(machine)])) as Settings;
}

/** A value as text, in the form that the configuration accepts. */
export function settingToText<K extends SettingKey>(key: K, value: Settings[K]): string {
  // The kind of a key reads and writes the values of that key: `Settings` is made from it.
  return (settings[key].kind as unknown as Kind<Settings[K]>).toText(value);
}

function keysOf(part: Partial<typeof settings>): readonly SettingKey[] {
  return Object.keys(part) as SettingKey[];
}
