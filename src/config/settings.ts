import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { Name } from '../dns/name.ts';
import { logLevels } from '../observe/log.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';
import { petnames } from './petnames.ts';
import { publicBootstrap, publicRelays } from './public-network.ts';
import {
  bytes,
  choice,
  choiceOr,
  count,
  type Kind,
  listOf,
  nonEmptyListOf,
  onOff,
  seconds,
  text,
  wordOr,
} from './setting-kinds.ts';
import {
  domain,
  HTTP_PORT,
  hostPort,
  httpsAddress,
  httpTlsAddress,
  listenAddress,
  loopbackAddress,
  origin,
  path,
  plainAddress,
  prefix,
  publicKey,
  relayUrl,
  tlsAddress,
  upstream,
} from './value-kinds.ts';

/** What the defaults of settings depend on. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user is root: state goes into the directory of the system. */
  readonly isRoot: boolean;
  /** The user's home directory, an absolute path; undefined for a user without one. */
  readonly home: string | undefined;
}

/** One setting. Its name is its key in the file, `--name` its flag, and `PKARRD_NAME` its variable. */
export interface Setting<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly default: (machine: Machine) => T;
  /** What it is, in one line without a final period. */
  readonly help: string;
  /** The default in words. */
  readonly defaultText: string;
}

/** Where `listen = "default"` listens: on these addresses, on the first of these ports that is available. */
export const defaultListen = { hosts: ['127.0.0.1', '::1'], ports: [53, 5300] } as const;

/** The hosts that systems and browsers fetch a page from to find out whether they are on the Internet. */
const PORTAL_CHECKS = [
  'captive.apple.com',
  'connectivity-check.ubuntu.com',
  'connectivitycheck.android.com',
  'connectivitycheck.gstatic.com',
  'conncheck.opensuse.org',
  'detectportal.firefox.com',
  'fedoraproject.org',
  'network-test.debian.org',
  'networkcheck.kde.org',
  'nmcheck.gnome.org',
  'ping.archlinux.org',
  'www.msftconnecttest.com',
] as const;

/** Where key sites are opened in browsers. */
export const defaultHttp: readonly ListenAddress[] = [
  { host: '127.0.0.1', port: HTTP_PORT },
  { host: '::1', port: HTTP_PORT },
];

/** Every setting. Defaults, bounds, help, and how file, environment and flags are parsed follow from this table. */
export const settings = {
  listen: setting({
    name: 'listen',
    kind: wordOr('default', nonEmptyListOf(listenAddress)),
    default: () => 'default' as const,
    defaultText: '127.0.0.1 and ::1, on port 53 if possible, otherwise 5300',
    help: 'Address to answer DNS on, UDP and TCP; 0.0.0.0 and :: mean each address of this machine',
  }),
  tlsListen: setting({
    name: 'tls-listen',
    kind: listOf(tlsAddress),
    default: () => [],
    help: 'Address to answer DNS over TLS on, with the certificate in certificate',
  }),
  https: setting({
    name: 'https',
    kind: listOf(httpsAddress),
    default: () => [],
    help: 'Address to answer DNS over HTTPS on, at /dns-query, with the certificate in certificate',
  }),
  httpsPlain: setting({
    name: 'https-plain',
    kind: listOf(plainAddress),
    default: () => [],
    help: 'Address to answer DNS over HTTPS on without TLS, only for a proxy: clients refuse http templates',
  }),
  certificate: setting({
    name: 'certificate',
    kind: choiceOr('none', path),
    default: () => 'none' as const,
    help: 'PEM file of the certificate for what speaks TLS here, followed by those that lead to its CA',
  }),
  certificateKey: setting({
    name: 'certificate-key',
    kind: choiceOr('none', path),
    default: () => 'none' as const,
    help: 'PEM file of the private key of the certificate',
  }),
  http: setting({
    name: 'http',
    kind: wordOr('off', nonEmptyListOf(loopbackAddress)),
    default: () => defaultHttp,
    defaultText: '127.0.0.1:8053 and [::1]:8053',
    help: 'Address of this machine where browsers open http://KEY.localhost:8053',
  }),
  httpTls: setting({
    name: 'http-tls',
    kind: listOf(httpTlsAddress),
    default: () => [],
    help: 'Address to serve the relay to everybody over TLS, with the certificate in certificate',
  }),
  httpNames: setting({
    name: 'http-names',
    kind: listOf(domain),
    default: () => [],
    help: 'Name that the HTTP side is reached by, beside localhost and the addresses in http',
  }),
  httpProxies: setting({
    name: 'http-proxies',
    kind: listOf(prefix),
    default: () => [],
    help: 'Address or network of reverse proxies that are believed what X-Forwarded-For says',
  }),
  relayOrigins: setting({
    name: 'relay-origins',
    kind: listOf(origin),
    default: () => [],
    help: 'Origin whose web pages may use the relay at http://localhost:8053/KEY, or * for all',
  }),
  relayRate: setting({
    name: 'relay-rate',
    kind: count({ least: 1, most: 1000 }),
    default: () => 2,
    help: 'Maximum packets per second that the relay publishes for one other machine',
  }),
  gatewayPrivate: setting({
    name: 'gateway-private',
    kind: listOf(publicKey),
    default: () => [],
    help: 'Key whose site may be at an address of this machine or of a private network',
  }),
  upstream: setting({
    name: 'upstream',
    kind: wordOr('system', listOf(upstream)),
    default: () => 'system' as const,
    defaultText: 'the resolvers that the network provides (resolv.conf)',
    help: 'Upstream resolver for ordinary names',
  }),
  fallback: setting({
    name: 'fallback',
    kind: listOf(upstream),
    default: () => [],
    help: 'Upstream resolver that is used only when no other upstream answers',
  }),
  linkRoutes: setting({
    name: 'link-routes',
    kind: onOff(),
    default: () => true,
    help: 'Ask the resolvers of VPN links for the domains of those links, while they are up',
  }),
  captivePortal: setting({
    name: 'captive-portal',
    kind: choice(['auto', 'off']),
    default: () => 'auto' as const,
    help: "Ask the network's resolvers for the names in portal-check when no chosen upstream answers",
  }),
  portalCheck: setting({
    name: 'portal-check',
    kind: listOf(domain),
    default: () => PORTAL_CHECKS.map((text) => Name.parse(text)),
    defaultText: 'those of the usual systems and browsers',
    help: 'Name that systems ask for to find out whether they are behind a captive portal',
  }),
  upstreamSockets: setting({
    name: 'upstream-sockets',
    kind: choice(['single', 'pooled']),
    default: () => 'pooled' as const,
    help: 'Whether each query to an upstream over UDP has a socket of its own, or a few share one for a moment',
  }),
  upstreamCa: setting({
    name: 'upstream-ca',
    kind: choiceOr('bundled', path),
    default: () => 'bundled' as const,
    help: 'PEM file of CA certificates to trust for upstreams, in addition to the bundled ones',
  }),
  hosts: setting({
    name: 'hosts',
    kind: choiceOr('off', path),
    default: () => 'off' as const,
    help: 'Hosts file to answer from, such as /etc/hosts',
  }),
  rebindingProtection: setting({
    name: 'rebinding-protection',
    kind: onOff(),
    default: () => false,
    help: 'Refuse private addresses in answers for ordinary names (DNS rebinding protection); for routers',
  }),
  rebindingAllow: setting({
    name: 'rebinding-allow',
    kind: listOf(domain),
    default: () => [],
    help: 'Domain exempt from rebinding protection',
  }),
  trustAd: setting({
    name: 'trust-ad',
    kind: onOff(),
    default: () => false,
    help: 'Trust the upstreams to validate DNSSEC, and pass on their AD bit',
  }),
  allowFrom: setting({
    name: 'allow-from',
    kind: wordOr('default', listOf(prefix)),
    default: () => 'default' as const,
    defaultText: 'the networks of the interfaces that are listened on',
    help: 'Network whose clients may send queries, in addition to this machine',
  }),
  clientRate: setting({
    name: 'client-rate',
    kind: count({ least: 0, most: 1e6 }),
    default: () => 200,
    help: 'Maximum queries per second from one other machine; 0 means no limit',
  }),
  workers: setting({
    name: 'workers',
    kind: count({ least: 1, most: 64 }),
    default: () => 1,
    help: 'Number of processes that answer queries, one per CPU core to use; above 1, another one runs the DHT',
  }),
  bootstrap: setting({
    name: 'bootstrap',
    kind: listOf(hostPort),
    default: () => publicBootstrap,
    help: 'DHT bootstrap node; if all are loopback addresses, the DHT is a test network',
  }),
  relay: setting({
    name: 'relay',
    kind: wordOr('default', listOf(relayUrl)),
    default: () => 'default' as const,
    defaultText: `${publicRelays.join(' ')}; none in a test network`,
    help: 'Pkarr relay to fetch packets from, over HTTP',
  }),
  relayUse: setting({
    name: 'relay-use',
    kind: choice(['off', 'fallback', 'always']),
    default: () => 'fallback' as const,
    help: 'When to ask relays: never, if the DHT is slow to answer, or always; a relay learns the key',
  }),
  dht: setting({
    name: 'dht',
    kind: onOff(),
    default: () => true,
    help: 'Look up packets in the DHT',
  }),
  dhtListen: setting({
    name: 'dht-listen',
    kind: text({
      ...listenAddress,
      accepts: 'an IPv4 address with or without a port, such as 0.0.0.0:6881; port 0 means any free port',
      parse: (word) => {
        const address = parseListenAddress(word, 0);
        // The Mainline DHT is IPv4 in practice; BEP 32 is not implemented.
        return address !== undefined && isIPv4(address.host) ? address : undefined;
      },
    }),
    default: () => ({ host: '0.0.0.0', port: 0 }),
    help: 'Local UDP address of the DHT node; port 0 means any free port',
  }),
  dhtServe: setting({
    name: 'dht-serve',
    kind: { ...choiceOr('auto', onOff()), placeholder: 'on|off|auto' },
    default: () => false,
    help: 'Answer other DHT nodes and store items for them, within limits; auto: if reachable from outside',
  }),
  stateDir: setting({
    name: 'state-dir',
    kind: { ...path, placeholder: 'DIRECTORY' },
    default: defaultStateDir,
    defaultText:
      '/var/lib/pkarrd for root and users without a home directory, otherwise ~/.local/state/pkarrd',
    help: 'Directory for data that is kept across restarts',
  }),
  cacheSize: setting({
    name: 'cache-size',
    kind: bytes({ least: 64e3, most: 4e9 }),
    default: () => 16e6,
    help: 'Memory for the answer cache',
  }),
  storeSize: setting({
    name: 'store-size',
    kind: bytes({ least: 64e3, most: 1e9 }),
    default: () => 16e6,
    help: 'Disk space for signed packets that are kept across restarts',
  }),
  packetCacheSize: setting({
    name: 'packet-cache-size',
    kind: bytes({ least: 64e3, most: 4e9 }),
    default: () => 16e6,
    help: 'Memory for the packet cache',
  }),
  negativeTtl: setting({
    name: 'negative-ttl',
    // The answer cache keeps a negative answer for at most 900 s.
    kind: seconds({ least: 1, most: 900 }),
    default: () => 60,
    help: 'Time to remember that a key has no packet, or that its packet does not have a name',
  }),
  minimumPacketTtl: setting({
    name: 'minimum-packet-ttl',
    // Below this, loading a page with a few names would look up the same packet several times.
    kind: seconds({ least: 5, most: 86_400 }),
    default: () => 300,
    help: 'Minimum time a packet is treated as fresh, regardless of its TTLs',
  }),
  maximumPacketTtl: setting({
    name: 'maximum-packet-ttl',
    kind: seconds({ least: 5, most: 604_800 }),
    default: () => 86_400,
    help: 'Maximum time a packet is treated as fresh, regardless of its TTLs',
  }),
  pkarrPrivate: setting({
    name: 'pkarr-private',
    kind: choice(['allow', 'deny']),
    default: () => 'allow' as const,
    help: 'Whether the records of a key may have private addresses',
  }),
  pkarrLoopback: setting({
    name: 'pkarr-loopback',
    kind: choice(['allow', 'deny']),
    default: () => 'deny' as const,
    help: 'Whether the records of a key may have loopback addresses',
  }),
  suffix: setting({
    name: 'suffix',
    kind: listOf(domain),
    default: () => [Name.parse('key')],
    help: 'Domain under which keys resolve too, besides internal: with key, NAME.KEY.key means NAME.KEY',
  }),
  searchDomain: setting({
    name: 'search-domain',
    kind: listOf(domain),
    default: () => [],
    help: 'Search domain of clients, besides those of this system; KEY.DOMAIN is never sent upstream',
  }),
  names: setting({
    name: 'names',
    kind: petnames,
    default: () => [],
    help: 'Name of your own for a key: after alice=KEY, alice.internal means KEY; in the file a table [names]',
  }),
  coldKeyRate: setting({
    name: 'cold-key-rate',
    kind: count({ least: 1, most: 1e5 }),
    default: () => 100,
    help: 'Maximum lookups of new keys per second, for all clients together',
  }),
  coldKeyClientRate: setting({
    name: 'cold-key-client-rate',
    kind: count({ least: 1, most: 1e5 }),
    default: () => 20,
    help: 'Maximum lookups of new keys per second for one other machine',
  }),
  logLevel: setting({
    name: 'log-level',
    kind: choice(logLevels),
    default: () => 'info' as const,
    help: 'Log verbosity; names and keys are logged only with debug',
  }),
};

/** The validated values of all settings. */
export type Settings = {
  readonly [K in keyof typeof settings]: (typeof settings)[K] extends Setting<infer T> ? T : never;
};

/** The name of a setting in the code. */
export type SettingKey = keyof Settings;

/** The keys of all settings, in the order of help and README. */
export const settingKeys: readonly SettingKey[] = Object.keys(settings) as SettingKey[];

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

/** Makes a setting; help shows its default as a value unless `defaultText` is given. */
function setting<T>(value: Omit<Setting<T>, 'defaultText'> & { readonly defaultText?: string }): Setting<T> {
  const anywhere: Machine = { environment: {}, isRoot: false, home: '~' };
  return { ...value, defaultText: value.defaultText ?? value.kind.toText(value.default(anywhere)) };
}

/** Where a service of the system keeps its state (Filesystem Hierarchy Standard 3.0 §5.8). */
const SYSTEM_STATE_DIR = '/var/lib/pkarrd';

function defaultStateDir({ environment, isRoot, home }: Machine): string {
  // systemd.exec(5): StateDirectory= sets $STATE_DIRECTORY, a list of absolute paths separated by colons.
  const { STATE_DIRECTORY: stateDirectory, XDG_STATE_HOME: base } = environment;
  const given = stateDirectory?.split(':')[0];
  if (given?.startsWith('/') === true) return given;
  if (isRoot) return SYSTEM_STATE_DIR;
  // XDG Base Directory Specification: "All paths set in these environment variables must be absolute", else ignored.
  if (base?.startsWith('/') === true) return `${base}/pkarrd`;
  // A user without a passwd entry (a container, `DynamicUser=`) may have been given the system's directory.
  return home === undefined ? SYSTEM_STATE_DIR : join(home, '.local/state/pkarrd');
}
