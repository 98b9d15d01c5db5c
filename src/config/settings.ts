import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { Name } from '../dns/name.ts';
import { logLevels } from '../observe/log.ts';
import { parseListenAddress } from './listen-address.ts';
import {
  bytes,
  choice,
  choiceOr,
  count,
  type Kind,
  listOf,
  onOff,
  seconds,
  text,
  wordOr,
} from './setting-kinds.ts';
import { domain, hostPort, listenAddress, path, prefix, relayUrl, upstream } from './value-kinds.ts';

/** What the defaults depend on. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user may do everything: state goes where the system keeps it. */
  readonly isRoot: boolean;
  /** The user's home directory, an absolute path; undefined for a user without one. */
  readonly home: string | undefined;
}

/** One setting. Its name is its key in the file, `--name` its flag, and `PKARRD_NAME` its variable. */
export interface Setting<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly default: (machine: Machine) => T;
  /** What it is, in one line without a final stop. */
  readonly help: string;
  /** The default in words. */
  readonly defaultText: string;
}

/** Where `listen = "default"` listens: at these addresses, at the first of these ports that may be had. */
export const defaultListen = { hosts: ['127.0.0.1', '::1'], ports: [53, 5300] } as const;

/** Nodes of the Mainline DHT that are always there. */
const PUBLIC_BOOTSTRAP = [
  { host: 'router.bittorrent.com', port: 6881 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'dht.libtorrent.org', port: 25_401 },
  { host: 'relay.pkarr.org', port: 6881 },
] as const;

/** Relays that anybody may ask: `relay = "default"`. */
export const publicRelays: readonly string[] = ['https://pkarr.pubky.app', 'https://pkarr.pubky.org'];

/** Every setting that there is. Defaults, bounds, help, and the reading of file, environment and flags follow from here. */
export const settings = {
  listen: setting({
    name: 'listen',
    kind: wordOr('default', listOf(listenAddress)),
    default: () => 'default' as const,
    defaultText: '127.0.0.1 and ::1, port 53 where it may be had and 5300 otherwise',
    help: 'Address to answer DNS on, over UDP and TCP',
  }),
  upstream: setting({
    name: 'upstream',
    kind: wordOr('system', listOf(upstream)),
    default: () => 'system' as const,
    defaultText: 'the resolvers that the network gave to this system',
    help: 'Resolver to ask for ordinary names',
  }),
  fallback: setting({
    name: 'fallback',
    kind: listOf(upstream),
    default: () => [],
    help: 'Resolver to ask for ordinary names when none of the others answers',
  }),
  upstreamCa: setting({
    name: 'upstream-ca',
    kind: choiceOr('bundled', text(path)),
    default: () => 'bundled' as const,
    help: 'File of certificates (PEM) that make upstreams trusted, beside the public authorities',
  }),
  hosts: setting({
    name: 'hosts',
    kind: choiceOr('off', text(path)),
    default: () => 'off' as const,
    help: 'File of host names to answer from, such as /etc/hosts',
  }),
  rebindingProtection: setting({
    name: 'rebinding-protection',
    kind: onOff(),
    default: () => false,
    help: 'Whether answers with private addresses are refused for ordinary names; for routers',
  }),
  rebindingAllow: setting({
    name: 'rebinding-allow',
    kind: listOf(domain),
    default: () => [],
    help: 'Domain whose names may have private addresses all the same',
  }),
  trustAd: setting({
    name: 'trust-ad',
    kind: onOff(),
    default: () => false,
    help: 'Whether the upstreams are trusted to have validated DNSSEC, so that their AD bit is passed on',
  }),
  allowFrom: setting({
    name: 'allow-from',
    kind: wordOr('default', listOf(prefix)),
    default: () => 'default' as const,
    defaultText: 'this machine, and the networks of the interfaces that are listened on',
    help: 'Network that may ask, beside this machine',
  }),
  clientRate: setting({
    name: 'client-rate',
    kind: count({ least: 0, most: 1e6 }),
    default: () => 200,
    help: 'Queries a second that one other machine may ask; 0 is no limit',
  }),
  workers: setting({
    name: 'workers',
    kind: count({ least: 1, most: 64 }),
    default: () => 1,
    help: 'Processes that answer, one for each core that is to be used; with several, one more has the DHT',
  }),
  bootstrap: setting({
    name: 'bootstrap',
    kind: listOf(hostPort),
    default: () => PUBLIC_BOOTSTRAP,
    help: 'Node to join the DHT through; when all are loopback addresses, it is a test network',
  }),
  relay: setting({
    name: 'relay',
    kind: wordOr('default', listOf(relayUrl)),
    default: () => 'default' as const,
    defaultText: `${publicRelays.join(' ')}, and none in a test network`,
    help: 'Relay to ask for packets, over HTTP',
  }),
  relayUse: setting({
    name: 'relay-use',
    kind: choice(['off', 'fallback', 'always']),
    default: () => 'fallback' as const,
    help: 'When relays are asked: never, when the DHT has no answer soon, or always; a relay learns which key is asked',
  }),
  dht: setting({
    name: 'dht',
    kind: onOff(),
    default: () => true,
    help: 'Whether packets are looked for in the DHT',
  }),
  dhtListen: setting({
    name: 'dht-listen',
    kind: text({
      ...listenAddress,
      accepts: 'an IPv4 address with or without a port, such as 0.0.0.0:6881; port 0 is any free one',
      parse: (word) => {
        const address = parseListenAddress(word, 0);
        // The DHT of today is IPv4 only.
        return address !== undefined && isIPv4(address.host) ? address : undefined;
      },
    }),
    default: () => ({ host: '0.0.0.0', port: 0 }),
    help: 'Local address of the DHT, over UDP; port 0 is any free one',
  }),
  dhtServe: setting({
    name: 'dht-serve',
    kind: onOff(),
    default: () => false,
    help: 'Whether the queries of other DHT nodes are answered, within bounds, and items are kept for them',
  }),
  stateDir: setting({
    name: 'state-dir',
    kind: text({ ...path, placeholder: 'DIRECTORY' }),
    default: defaultStateDir,
    defaultText:
      '/var/lib/pkarrd for root and users without a home directory, otherwise ~/.local/state/pkarrd',
    help: 'Directory for what is kept over restarts',
  }),
  cacheSize: setting({
    name: 'cache-size',
    kind: bytes({ least: 64e3, most: 4e9 }),
    default: () => 16e6,
    help: 'Memory for answers',
  }),
  storeSize: setting({
    name: 'store-size',
    kind: bytes({ least: 64e3, most: 1e9 }),
    default: () => 16e6,
    help: 'Disk space for signed packets that are kept over restarts',
  }),
  packetCacheSize: setting({
    name: 'packet-cache-size',
    kind: bytes({ least: 64e3, most: 4e9 }),
    default: () => 16e6,
    help: 'Memory for signed packets',
  }),
  negativeTtl: setting({
    name: 'negative-ttl',
    // 900 s is what the answer cache keeps a negative answer for at most.
    kind: seconds({ least: 1, most: 900 }),
    default: () => 60,
    help: 'How long it is remembered that a key has no packet, or a packet no such name',
  }),
  minimumPacketTtl: setting({
    name: 'minimum-packet-ttl',
    // Below this a page with a few names would ask the DHT for the same packet again while it loads.
    kind: seconds({ least: 5, most: 86_400 }),
    default: () => 300,
    help: 'A packet counts as fresh for at least so long, whatever its records say',
  }),
  maximumPacketTtl: setting({
    name: 'maximum-packet-ttl',
    kind: seconds({ least: 5, most: 604_800 }),
    default: () => 86_400,
    help: 'A packet counts as fresh for at most so long, whatever its records say',
  }),
  pkarrPrivate: setting({
    name: 'pkarr-private',
    kind: choice(['allow', 'deny']),
    default: () => 'allow' as const,
    help: 'Whether a key may name addresses of private networks',
  }),
  pkarrLoopback: setting({
    name: 'pkarr-loopback',
    kind: choice(['allow', 'deny']),
    default: () => 'deny' as const,
    help: 'Whether a key may name addresses of this machine',
  }),
  suffix: setting({
    name: 'suffix',
    kind: listOf(domain),
    default: () => [Name.parse('key')],
    help: 'Domain under which keys are answered too: with key, NAME.KEY.key is NAME.KEY',
  }),
  coldKeyRate: setting({
    name: 'cold-key-rate',
    kind: count({ least: 1, most: 1e5 }),
    default: () => 100,
    help: 'Keys a second that are looked up anew, for all clients together',
  }),
  coldKeyClientRate: setting({
    name: 'cold-key-client-rate',
    kind: count({ least: 1, most: 1e5 }),
    default: () => 20,
    help: 'Keys a second that are looked up anew for one other machine',
  }),
  logLevel: setting({
    name: 'log-level',
    kind: choice(logLevels),
    default: () => 'info' as const,
    help: 'How much is logged; names and keys only with debug',
  }),
};

/** Values of all settings, checked. */
export type Settings = {
  readonly [K in keyof typeof settings]: (typeof settings)[K] extends Setting<infer T> ? T : never;
};

/** The name of a setting in the program. */
export type SettingKey = keyof Settings;

/** The keys of all settings, in the order in which people are told of them. */
export const settingKeys: readonly SettingKey[] = Object.keys(settings) as SettingKey[];

/** `--cache-size`. */
export function flagOf(key: SettingKey): string {
  return `--${settings[key].name}`;
}

/** `PKARRD_CACHE_SIZE`. */
export function variableOf(key: SettingKey): string {
  return `PKARRD_${settings[key].name.toUpperCase().replaceAll('-', '_')}`;
}

/** The values that hold where nobody says anything else. */
export function defaultSettings(machine: Machine): Settings {
  return Object.fromEntries(settingKeys.map((key) => [key, settings[key].default(machine)])) as Settings;
}

/** A value as people would write it. */
export function settingToText<K extends SettingKey>(key: K, value: Settings[K]): string {
  // The kind of a key reads and writes the values of that key: `Settings` is made from it.
  return (settings[key].kind as unknown as Kind<Settings[K]>).toText(value);
}

/** A setting whose default speaks for itself, unless `defaultText` is given. */
function setting<T>(value: Omit<Setting<T>, 'defaultText'> & { readonly defaultText?: string }): Setting<T> {
  const anywhere: Machine = { environment: {}, isRoot: false, home: '~' };
  return { ...value, defaultText: value.defaultText ?? value.kind.toText(value.default(anywhere)) };
}

/** Where a service of the system keeps its state (Filesystem Hierarchy Standard 3.0 §5.8). */
const SYSTEM_STATE_DIR = '/var/lib/pkarrd';

function defaultStateDir({ environment, isRoot, home }: Machine): string {
  // systemd.exec(5): StateDirectory= sets $STATE_DIRECTORY, a list with colons between.
  const { STATE_DIRECTORY: stateDirectory, XDG_STATE_HOME: base } = environment;
  const given = stateDirectory?.split(':')[0];
  if (given !== undefined && given !== '') return given;
  if (isRoot) return SYSTEM_STATE_DIR;
  // XDG Base Directory Specification: "All paths set in these environment variables must be absolute", else ignored.
  if (base?.startsWith('/') === true) return `${base}/pkarrd`;
  // A user without a passwd entry (a container, `DynamicUser=`) may have been given the system's directory.
  return home === undefined ? SYSTEM_STATE_DIR : join(home, '.local/state/pkarrd');
}
