import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOfUnit, fetchedBun, type Peer, type PeerOptions, pkarrd, pkarrdBun } from './peers.ts';
import { HOST, launch, type Server, versionOf } from './process.ts';

/** A program that answers DNS over HTTPS too. */
export interface HttpsPeer extends Omit<Peer, 'start'> {
  start(options: PeerOptions & { readonly httpsPort: number }): Promise<Server>;
}

/** pkarrd, its peers, each with one thread, and the lower bound on each runtime; with a certificate made in `folder`. */
export function httpsPeers(folder: string): readonly HttpsPeer[] {
  const [cert, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  const words = (port: number) => [
    ...['--https', `${HOST}:${port}`, '--certificate', cert, '--certificate-key', key],
  ];
  const ours = ([pkarrd, pkarrdBun] as const).map(
    (make): HttpsPeer => ({
      ...make(),
      start: ({ httpsPort, ...options }) => make(words(httpsPort)).start(options),
    }),
  );
  return [
    ...ours,
    peer('dnsdist', '/usr/bin/dnsdist', ['--version'], ({ folder: own, port, upstreamPort, httpsPort }) => {
      const file = join(own, 'dnsdist.conf');
      writeFileSync(
        file,
        `setLocal("${HOST}:${port}")
addDOHLocal("${HOST}:${httpsPort}", "${cert}", "${key}", "/dns-query")
setACL({"127.0.0.0/8"})
newServer({address="${HOST}:${upstreamPort}", healthCheckMode="up"})
pc = newPacketCache(12000, {maxTTL=86400})
getPool(""):setCache(pc)
setSecurityPollSuffix("")
`,
      );
      return ['--supervised', '--disable-syslog', '-C', file];
    }),
    peer('unbound', '/usr/sbin/unbound', ['-V'], ({ folder: own, port, upstreamPort, httpsPort }) => {
      const file = join(own, 'unbound.conf');
      writeFileSync(
        file,
        `server:
  interface: ${HOST}@${port}
  interface: ${HOST}@${httpsPort}
  https-port: ${httpsPort}
  tls-service-pem: "${cert}"
  tls-service-key: "${key}"
  num-threads: 1
  incoming-num-tcp: 200
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "${own}"
  pidfile: "${own}/unbound.pid"
  do-not-query-localhost: no
  module-config: "iterator"
forward-zone:
  name: "."
  forward-addr: ${HOST}@${upstreamPort}
remote-control:
  control-enable: no
`,
      );
      return ['-d', '-c', file];
    }),
    ...(['Node', 'Node, streams', 'Node, unit', 'Bun'] as const).map((kind) => {
      const command = kind === 'Bun' ? (fetchedBun() ?? '') : process.execPath;
      const echo = fileURLToPath(new URL('./https-echo.js', import.meta.url));
      return peer(
        `bare echo (${kind})`,
        command,
        ['--version'],
        ({ httpsPort }) => [...[echo, HOST, String(httpsPort), cert, key, kind]],
        kind === 'Node, unit' ? environmentOfUnit() : undefined,
      );
    }),
  ];
}

/** The name of the lower bound for the program of this name: with what its runtime is documented with. */
export function bareEcho(name: string): string {
  return `bare echo (${name.includes('Bun') ? 'Bun' : 'Node'})`;
}

function peer(
  name: string,
  command: string,
  versionWords: readonly string[],
  words: (options: PeerOptions & { readonly httpsPort: number }) => readonly string[],
  environment?: Readonly<Record<string, string>>,
): HttpsPeer {
  const version = () => versionOf(command, ...versionWords);
  return {
    name,
    install: name.startsWith('bare') ? 'npm run build:binary' : `apt-get install ${name}`,
    version,
    start: (options) =>
      launch({
        ...{ name, version: version() ?? 'unknown', command, words: words(options) },
        ...{ port: options.port, probe: options.probe, ...(environment !== undefined && { environment }) },
      }),
  };
}
