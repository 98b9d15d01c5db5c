import {
  type SettingKey,
  type Settings,
  settingKeys,
  settings,
  settingToText,
} from '../../config/settings.ts';

/**
 * What a new value of a setting means for a program that runs. A closed list.
 *
 * - `restart`: it cannot change before the next start.
 * - `answers`: it changes while the program runs, and what was cached may be wrong now.
 * - `live`: it changes while the program runs, and what was cached stays.
 */
export type ChangeEffect = 'restart' | 'answers' | 'live';

/** The effect of each setting. */
const effects: Readonly<Record<SettingKey, ChangeEffect>> = {
  listen: 'live',
  tlsListen: 'live',
  https: 'live',
  httpsPlain: 'live',
  certificate: 'live',
  certificateKey: 'live',
  http: 'live',
  httpTls: 'live',
  httpNames: 'live',
  httpProxies: 'live',
  relayOrigins: 'live',
  relayRate: 'live',
  gatewayPrivate: 'live',
  upstream: 'answers',
  fallback: 'live',
  linkRoutes: 'answers',
  captivePortal: 'live',
  portalCheck: 'answers',
  upstreamSockets: 'live',
  upstreamCa: 'live',
  hosts: 'answers',
  rebindingProtection: 'answers',
  rebindingAllow: 'answers',
  trustAd: 'answers',
  allowFrom: 'live',
  clientRate: 'live',
  // Processes and memory are given out at the start, and the store is one file in one directory.
  workers: 'restart',
  stateDir: 'restart',
  cacheSize: 'restart',
  storeSize: 'restart',
  packetCacheSize: 'restart',
  // That a key has no packet may be true of one network or relay only.
  bootstrap: 'answers',
  relay: 'answers',
  relayUse: 'answers',
  dht: 'answers',
  dhtListen: 'live',
  dhtServe: 'live',
  negativeTtl: 'live',
  minimumPacketTtl: 'live',
  maximumPacketTtl: 'live',
  pkarrPrivate: 'answers',
  pkarrLoopback: 'answers',
  suffix: 'answers',
  searchDomain: 'answers',
  // Whoever has the table makes the cache forget the names that changed.
  names: 'live',
  coldKeyRate: 'live',
  coldKeyClientRate: 'live',
  logLevel: 'live',
};

/** A setting with another value, as texts. */
export interface SettingChange {
  /** As in the file. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** The settings whose values differ. */
export function changedKeys(before: Settings, after: Settings): readonly SettingKey[] {
  return settingKeys.filter((key) => settingToText(key, before[key]) !== settingToText(key, after[key]));
}

/** Whether one of these settings differs. */
export function isChanged(before: Settings, after: Settings, ...keys: readonly SettingKey[]): boolean {
  return changedKeys(before, after).some((key) => keys.includes(key));
}

/** Whether answers that were cached with the settings `before` may be wrong. */
export function answersChange(before: Settings, after: Settings): boolean {
  return changedKeys(before, after).some((key) => effects[key] === 'answers');
}

/** A change as texts. */
export function describeChange(key: SettingKey, before: Settings, after: Settings): SettingChange {
  const text = (values: Settings) => settingToText(key, values[key]);
  return { name: settings[key].name, before: text(before), after: text(after) };
}

/** `wanted`, but for what cannot change before the next start. */
export function applicableSettings(running: Settings, wanted: Settings): Settings {
  const kept = settingKeys.filter((key) => effects[key] === 'restart').map((key) => [key, running[key]]);
  return { ...wanted, ...Object.fromEntries(kept) };
}
