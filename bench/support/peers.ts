import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bunPath, ownPlatform } from '../../tools/bun.ts';
import { HOST, launch, type Server, versionOf } from './process.ts';

/** What a peer needs to start: a folder of its own, a port, and an upstream. */
export interface PeerOptions {
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
  /** A name that the upstream answers. */
  readonly probe: string;
}

/** A program that pkarrd is compared to. */
export interface Peer {
  readonly name: string;
  /** The command that installs it. */
  readonly install: string;
  /** Undefined if it is not installed. */
  version(): string | undefined;
  start(options: PeerOptions): Promise<Server>;
}

/**
 * pkarrd from this tree on Node, with the settings of its systemd unit and every feature except the DHT, which the other
 * programs do not have.
 */
export function pkarrd(
  words: readonly string[] = [],
  name = 'pkarrd (Node)',
  environment = environmentOfUnit(),
): Peer {
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  return ours(name, () => process.version, process.execPath, [main, 'serve'], words, environment);
}

/** The same on another Node, whose executable is `node`. */
export function pkarrdOn(node: string, name: string, words: readonly string[] = []): Peer {
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  return ours(name, () => versionOf(node, '--version'), node, [main, 'serve'], words, environmentOfUnit());
}

/** The builds that another checkout of pkarrd has, started as `pkarrd` and `pkarrdBun` start those of this one. */
export function pkarrdOf(checkout: string, words: readonly string[] = []): readonly Peer[] {
  const [main, file] = ['dist/program/main.js', 'dist/pkarrd'].map((path) => join(checkout, path));
  const environment = environmentOfUnit();
  return [
    ours('other (Node)', () => versionIf(main), process.execPath, [main ?? '', 'serve'], words, environment),
    ours(
      'other (Bun)',
      () => versionIf(file),
      file ?? '',
      ['serve'],
      words,
      environment,
      'npm run build:binary',
    ),
  ];
}

/** The version of this runtime if a file exists. */
function versionIf(file = ''): string | undefined {
  return existsSync(file) ? process.version : undefined;
}

/** The same as a one-file binary with Bun, with the settings of the unit. */
export function pkarrdBun(
  words: readonly string[] = [],
  name = 'pkarrd (Bun)',
  environment = environmentOfUnit(),
): Peer {
  const file = fileURLToPath(new URL('../../pkarrd', import.meta.url));
  const version = () => (existsSync(file) ? versionOf(file, '--version') : undefined);
  return ours(name, version, file, ['serve'], words, environment, 'npm run build:binary');
}

/**
 * The lower bound on each runtime: a server that only sends datagrams back. On Bun it needs the one-file binary to have been
 * built, which fetches Bun.
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

/** The environment that the systemd unit sets, for both runtimes. */
export function environmentOfUnit(): Readonly<Record<string, string>> {
  const unit = readFileSync(
    fileURLToPath(new URL('../../../systemd/pkarrd.service', import.meta.url)),
    'utf8',
  );
  const settings = [...unit.matchAll(/^Environment="?(\w+)=([^"\n]*)"?$/gm)];
  return Object.fromEntries(settings.map(([, name = '', value = '']) => [name, value]));
}

/** Bun as it was fetched for the one-file binary. */
export function fetchedBun(): string | undefined {
  const platform = ownPlatform();
  return platform !== undefined && existsSync(bunPath(platform)) ? bunPath(platform) : undefined;
}

function ours(
  name: string,
  version: () => string | undefined,
  command: string,
  serve: readonly string[],
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
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
          ...['--listen', `${HOST}:${port}`],
          // Never the upstreams of this machine: a route has names of its own alone.
          ...(words.some((word, at) => words[at - 1] === '--upstream' && !word.startsWith('/'))
            ? []
            : ['--upstream', `${HOST}:${upstreamPort}`]),
          // Where browsers would ask, as by default, but not where another program may have it.
          ...(words.includes('--http') ? [] : ['--http', `${HOST}:${port + 32}`]),
          ...(words.includes('--dht') ? [] : ['--dht', 'off']),
          ...(words.includes('--relay-use') ? [] : ['--relay-use', 'off']),
          ...['--state-dir', folder, ...words],
        ],
        environment,
        port,
        probe,
      }),
  };
}

/** The upstream of all servers: a zone with a wildcard below `bench.example`, with a TTL of a day. */
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

/** What stands before the upstream at `upstreamPort` and hands on its answers `milliseconds` late. */
export function startLateUpstream(port: number, upstreamPort: number, milliseconds: number): Promise<Server> {
  const script = fileURLToPath(new URL('./late-upstream.js', import.meta.url));
  const words = [script, HOST, ...[port, upstreamPort, milliseconds].map(String)];
  return launch({
    ...{ name: 'upstream that is late', version: process.version, command: process.execPath, words },
    ...{ port, probe: 'a.bench.example', wait: 5 + milliseconds },
  });
}
