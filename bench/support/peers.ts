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

/**
 * pkarrd from this tree on Node, started as its systemd unit starts it, with every feature on but the DHT, which the other
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

/** The same as one file, with Bun inside, started as the unit starts it. */
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

/** What the systemd unit sets for whichever runtime it finds. */
function environmentOfUnit(): Readonly<Record<string, string>> {
  const unit = readFileSync(
    fileURLToPath(new URL('../../../systemd/pkarrd.service', import.meta.url)),
    'utf8',
  );
  const settings = [...unit.matchAll(/^Environment="?(\w+)=([^"\n]*)"?$/gm)];
  return Object.fromEntries(settings.map(([, name = '', value = '']) => [name, value]));
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
          ...['--listen', `${HOST}:${port}`, '--upstream', `${HOST}:${upstreamPort}`],
          ...(words.includes('--dht') ? [] : ['--dht', 'off']),
          ...['--relay-use', 'off', '--state-dir', folder, ...words],
        ],
        environment,
        port,
        probe,
      }),
  };
}

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
