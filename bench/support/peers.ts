import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOST, launch, type Server, versionOf } from './process.ts';

/** What a peer needs to be started: a folder of its own, a port, and whom to ask. */
export interface PeerOptions {
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
  /** A name that the upstream answers. */
  readonly probe: string;
}

/** A program that is measured beside ours. */
export interface Peer {
  readonly name: string;
  /** The command that makes it be there. */
  readonly install: string;
  /** Undefined when it is not installed. */
  version(): string | undefined;
  start(options: PeerOptions): Promise<Server>;
}

/** Answers that each may keep: more than any benchmark of cached answers asks for. */
const CACHE_ENTRIES = 12_000;

/**
 * pkarrd from this tree on Node, started as its systemd unit starts it, with every feature on but the DHT, which the other
 * programs do not have.
 */
export function pkarrd(
  words: readonly string[] = [],
  name = 'pkarrd (Node)',
  nodeOptions = optionsOfUnit(),
): Peer {
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  return ours(name, () => process.version, process.execPath, [main, 'serve'], words, nodeOptions);
}

/** The same as one file, with Bun inside. */
export function pkarrdBun(words: readonly string[] = [], name = 'pkarrd (Bun)'): Peer {
  const file = fileURLToPath(new URL('../../pkarrd', import.meta.url));
  const version = () => (existsSync(file) ? versionOf(file, '--version') : undefined);
  return ours(name, version, file, ['serve'], words, '', 'npm run build:binary');
}

/**
 * What cannot be undercut on each runtime: a server that does nothing but send datagrams back. On Bun it is there once the
 * binary was built, which fetches Bun.
 */
export const bareEchoes: readonly Peer[] = (['Node', 'Bun'] as const).map((runtime) => {
  const name = `bare echo (${runtime})`;
  const command = runtime === 'Node' ? process.execPath : fetchedBun();
  const version = () => (command === undefined ? undefined : versionOf(command, '--version'));
  return {
    name,
    install: 'npm run build:binary',
    version,
    start: ({ port, probe }) =>
      launch({
        name,
        version: version() ?? 'unknown',
        command: command ?? '',
        words: [fileURLToPath(new URL('./echo.js', import.meta.url)), HOST, String(port)],
        port,
        probe,
      }),
  };
});

/** What the systemd unit gives Node. */
function optionsOfUnit(): string {
  const unit = readFileSync(
    fileURLToPath(new URL('../../../systemd/pkarrd.service', import.meta.url)),
    'utf8',
  );
  return /NODE_OPTIONS=([^"\n]*)/.exec(unit)?.[1] ?? '';
}

function fetchedBun(): string | undefined {
  const folder = fileURLToPath(new URL('../../../.bun', import.meta.url));
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const file = files.find((path) => path.includes('@oven') && path.endsWith('bin/bun'));
  return file === undefined ? undefined : join(folder, file);
}

function ours(
  name: string,
  version: () => string | undefined,
  command: string,
  serve: readonly string[],
  words: readonly string[],
  nodeOptions: string,
  install = 'npm run build',
): Peer {
  return {
    name,
    install,
    version,
    start: ({ folder, port, upstreamPort, probe }) =>
      launch({
        name,
        version: version() ?? 'unknown',
        command,
        words: [
          ...serve,
          ...['--listen', `${HOST}:${port}`, '--upstream', `${HOST}:${upstreamPort}`],
          ...(words.includes('--dht') ? [] : ['--dht', 'off']),
          ...['--relay-use', 'off', '--state-dir', folder, ...words],
        ],
        environment: { NODE_OPTIONS: nodeOptions },
        port,
        probe,
      }),
  };
}

/** The forwarders of Debian, each with one thread, caching, asking one upstream over UDP. */
export const debianPeers: readonly Peer[] = [
  peer('dnsmasq', 'dnsmasq-base', ['--version'], ({ port, upstreamPort }) => [
    ...[
      '--keep-in-foreground',
      '--user=root',
      '--pid-file',
      '--conf-file=/dev/null',
      '--no-resolv',
      '--no-hosts',
      '--bind-interfaces',
    ],
    `--port=${port}`,
    `--listen-address=${HOST}`,
    `--server=${HOST}#${upstreamPort}`,
    `--cache-size=${CACHE_ENTRIES}`,
    // Its queries in flight stand in a list that is searched from the front: no more room than the load needs.
    '--dns-forward-max=600',
  ]),
  peer('unbound', 'unbound', ['-V'], ({ folder, port, upstreamPort }) => {
    const file = join(folder, 'unbound.conf');
    writeFileSync(
      file,
      `server:
  interface: ${HOST}
  port: ${port}
  num-threads: 1
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  do-not-query-localhost: no
  module-config: "iterator"
  msg-cache-size: 16m
  rrset-cache-size: 32m
forward-zone:
  name: "."
  forward-addr: ${HOST}@${upstreamPort}
remote-control:
  control-enable: no
`,
    );
    return ['-d', '-c', file];
  }),
  peer('dnsdist', 'dnsdist', ['--version'], ({ folder, port, upstreamPort }) => {
    const file = join(folder, 'dnsdist.conf');
    writeFileSync(
      file,
      `setLocal("${HOST}:${port}")
setACL({"127.0.0.0/8"})
newServer({address="${HOST}:${upstreamPort}", healthCheckMode="up"})
pc = newPacketCache(${CACHE_ENTRIES}, {maxTTL=86400})
getPool(""):setCache(pc)
setSecurityPollSuffix("")
`,
    );
    return ['--supervised', '--disable-syslog', '-C', file];
  }),
];

/** A zone with a wildcard that answers every name below `bench.example`, for a day: what all the others ask. */
export async function startUpstream(folder: string, port: number): Promise<Server> {
  const version = versionOf('/usr/sbin/knotd', '--version');
  if (version === undefined) throw new Error('knotd is missing: apt-get install knot');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'bench.example.zone'),
    '$ORIGIN bench.example.\n$TTL 86400\n@ SOA ns hostmaster 1 3600 900 604800 300\n@ NS ns\nns A 192.0.2.53\n* A 192.0.2.1\n',
  );
  const file = join(folder, 'knot.conf');
  writeFileSync(
    file,
    `server:
    rundir: "${folder}"
    listen: ${HOST}@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "${folder}"
zone:
  - domain: bench.example
    storage: "${folder}"
    file: "bench.example.zone"
    zonefile-load: whole
`,
  );
  return await launch({
    name: 'knot (authoritative, the upstream of all)',
    version,
    command: '/usr/sbin/knotd',
    words: ['-c', file],
    port,
    probe: 'a.bench.example',
  });
}

function peer(
  name: string,
  debianPackage: string,
  versionWords: readonly string[],
  words: (options: PeerOptions) => readonly string[],
): Peer {
  const command = `/usr/sbin/${name === 'dnsdist' ? '../bin/dnsdist' : name}`;
  const version = () => versionOf(command, ...versionWords);
  return {
    name,
    install: `apt-get install ${debianPackage}`,
    version,
    start: (options) =>
      launch({
        name,
        version: version() ?? 'unknown',
        command,
        words: words(options),
        port: options.port,
        probe: options.probe,
      }),
  };
}
