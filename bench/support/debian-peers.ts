import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, PeerOptions } from './peers.ts';
import { HOST, launch, versionOf } from './process.ts';

/** Cache entries of each: more than any benchmark of cached answers needs. */
const CACHE_ENTRIES = 12_000;

/** Where their executables are; others are found in PATH or /usr/sbin. */
const commands: Readonly<Record<string, string>> = {
  dnsdist: '/usr/bin/dnsdist',
  'knot-resolver': '/usr/sbin/kresd',
  'systemd-resolved': '/usr/lib/systemd/systemd-resolved',
};

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
    // It searches its queries in flight linearly, so there is no more room than the load needs.
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
  peer('knot-resolver', 'knot-resolver', ['--version'], ({ folder, port, upstreamPort }) => {
    const file = join(folder, 'kresd.conf');
    // Without the modules that query the root servers: nothing may leave the machine.
    writeFileSync(
      file,
      `net.listen('${HOST}', ${port}, { kind = 'dns' })
trust_anchors.remove('.')
modules.unload('ta_signal_query')
modules.unload('ta_update')
modules.unload('priming')
modules.unload('detect_time_skew')
modules.unload('detect_time_jump')
cache.size = 32 * MB
policy.add(policy.all(policy.FORWARD({'${HOST}@${upstreamPort}'})))
`,
    );
    return ['--noninteractive', '--config', file, folder];
  }),
  // It keeps 4,096 answers, and that cannot be set. Its file is where no flag can put another, so it gets a view of the
  // file system of its own; that takes root, and without it this one is left out.
  peer('systemd-resolved', 'systemd-resolved', ['--version'], ({ folder, port, upstreamPort }) => {
    const file = join(folder, 'resolved.conf');
    writeFileSync(
      file,
      `[Resolve]
DNS=${HOST}:${upstreamPort}
Domains=~.
Cache=yes
CacheFromLocalhost=yes
LLMNR=no
MulticastDNS=no
DNSSEC=no
DNSOverTLS=no
ReadEtcHosts=no
DNSStubListener=no
DNSStubListenerExtra=${HOST}:${port}
`,
    );
    const script = [
      'mount -t tmpfs none /run/systemd',
      'mount -t tmpfs none /etc/systemd',
      'install -d -o systemd-resolve -g systemd-resolve /run/systemd/resolve',
      `cp '${file}' /etc/systemd/resolved.conf`,
      `exec ${commands['systemd-resolved']}`,
    ];
    return ['--mount', 'sh', '-c', script.join(' && ')];
  }),
];

function peer(
  name: string,
  debianPackage: string,
  versionWords: readonly string[],
  words: (options: PeerOptions) => readonly string[],
): Peer {
  const command = commands[name] ?? `/usr/sbin/${name}`;
  const isConfined = name === 'systemd-resolved';
  const version = () =>
    isConfined && process.getuid?.() !== 0 ? undefined : versionOf(command, ...versionWords);
  return {
    name,
    install: `apt-get install ${debianPackage}`,
    version,
    start: (options) =>
      launch({
        name,
        version: version() ?? 'unknown',
        command: isConfined ? '/usr/bin/unshare' : command,
        words: words(options),
        port: options.port,
        probe: options.probe,
      }),
  };
}
