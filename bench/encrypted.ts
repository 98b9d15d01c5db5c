// Forwarded misses over TLS and HTTPS beside those over UDP: node dist/bench/encrypted.js [ROUNDS [CHECKOUT]]
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '../test/support/test-certificate.ts';
import { type BarName, note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import { type Peer, pkarrd, pkarrdBun, pkarrdOf } from './support/peers.ts';
import { HOST, launch, versionOf } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { FIRST_PORT, names, withScene } from './support/scene.ts';

/** New names in a turn. */
const MISSES = sized(20_000, 200);
const LOAD = { limit: { times: 1 }, clients: 10, outstanding: 50 } as const;

const [rounds = sized('5', '1'), checkout] = process.argv.slice(2);
const authority = await TestAuthority.create();
const certificate = await authority.issue();
const caFile = join(tmpdir(), `pkarrd-bench-ca-${process.pid}.pem`);
writeFileSync(caFile, authority.pem);
// The servers have those before and after.
const [plainPort, tlsPort, httpsPort] = [FIRST_PORT + 26, FIRST_PORT + 27, FIRST_PORT + 28];

const upstreams: Readonly<Record<string, string>> = {
  UDP: `${HOST}:${plainPort}`,
  TLS: `tls://${HOST}:${tlsPort}#dns.example`,
  HTTPS: `https://dns.example:${httpsPort}/dns-query@${HOST}`,
};

/** What is promised of misses over each. */
const bars: Readonly<Record<string, BarName>> = { TLS: 'miss-tls', HTTPS: 'miss-https' };

/** Unbound, which answers each name below `example` over UDP, TLS and HTTPS. */
const upstream: Peer = {
  name: 'unbound, the upstream',
  install: 'apt-get install unbound',
  version: () => versionOf('/usr/sbin/unbound', '-V'),
  start: ({ folder }) => {
    const file = join(folder, 'upstream.conf');
    writeFileSync(
      file,
      `server:
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  interface: ${HOST}@${plainPort}
  interface: ${HOST}@${tlsPort}
  interface: ${HOST}@${httpsPort}
  tls-port: ${tlsPort}
  https-port: ${httpsPort}
  tls-service-key: "${certificate.keyFile}"
  tls-service-pem: "${certificate.certFile}"
  incoming-num-tcp: 100
  http-max-streams: 1000
  local-zone: "example." redirect
  local-data: "example. 86400 A 192.0.2.1"
remote-control:
  control-enable: no
`,
    );
    return launch({
      ...{
        name: 'unbound, the upstream',
        version: '',
        command: '/usr/sbin/unbound',
        words: ['-d', '-c', file],
      },
      ...{ port: plainPort, probe: 'probe.example' },
    });
  },
};

/** A program with each of the upstreams in place of the one of the scene. */
function withEach(programs: (words: readonly string[]) => readonly Peer[]): readonly Peer[] {
  return Object.entries(upstreams).flatMap(([protocol, spec]) =>
    programs(['--upstream', spec, '--upstream-ca', caFile]).map((peer): Peer => {
      const name = `${peer.name} ${protocol}`;
      return { ...peer, name, start: async (options) => ({ ...(await peer.start(options)), name }) };
    }),
  );
}

const generator = generatorVersion();
await withScene(
  async ({ servers: [, ...servers], queries }) => {
    const runs = new Map<string, Run[]>(servers.map(({ name }) => [name, []]));
    let first = 0;
    // One round more: the first has everything compiled.
    for (let round = 0; round <= Number(rounds); round++) {
      for (const server of servers) {
        const ask = () => {
          const file = queries('misses.txt', names(MISSES, first));
          first += MISSES;
          return dnsperf(server, { file, ...LOAD });
        };
        if (round === 0) await ask();
        else runs.get(server.name)?.push(await calm(ask));
      }
    }
    console.log('## Forwarded misses over UDP, TLS and HTTPS\n');
    console.log(`${machine()}; dnsperf ${generator} with ${MISSES} fresh names,`);
    console.log(`\`-c 10 -q 50 -T 1\`, ${rounds} interleaved rounds, medians. ${calmSentence()}\n`);
    const rows = servers.map(({ name }) => {
      const own = runs.get(name) ?? [];
      const cost = (run: Run) => run.cpuPerAnswer;
      const plain = runs.get(name.replace(/\w+$/, 'UDP')) ?? [];
      const ratios = own.map((run, index) => cost(run) / cost(plain[index] ?? run));
      const [, program = '', protocol = ''] = /^(.*) (\w+)$/.exec(name) ?? [];
      const bar = bars[protocol];
      if (bar !== undefined) note(bar, program, median(ratios));
      return [
        ...[name, fixed(median(own.map(cost))), fixed(median(ratios), 2)],
        ...[
          fixed(median(own.map((run) => run.perSecond)) / 1000),
          own.reduce((sum, { lost }) => sum + lost, 0),
        ],
      ];
    });
    console.log(table(['asked', 'CPU µs a miss', '× UDP', 'thousand misses/s', 'lost'], rows));
  },
  [
    upstream,
    ...withEach((words) => [
      ...[pkarrd(words), pkarrdBun(words)],
      ...(checkout === undefined ? [] : pkarrdOf(checkout, words)),
    ]),
  ],
  [],
);
await authority[Symbol.asyncDispose]();
rmSync(caFile);
