// The cost of a cached Pkarr name compared to a cached ordinary name of the same length: node dist/bench/pkarr-hit.js
import { startMainlineNode } from '../src/mainline/node/node.ts';
import { KeyPair } from '../src/pkarr/key-pair.ts';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { aRecord, signedPacket } from '../test/support/packets.ts';
import { note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { withScene } from './support/scene.ts';

const NAMES = sized(5_000, 500);
const ROUNDS = sized(5, 1);
const SECONDS = sized(2, 0.1);

const generator = generatorVersion();
const network = await startTestNetworkThread({ nodes: 20 });
const [{ host, port }] = network.bootstrap as [{ host: string; port: number }];
const dht = ['--dht', 'on', '--bootstrap', `${host}:${port}`, '--dht-listen', '127.0.0.1:0'];
const key = await publishWildcard();
const suffixes = { Pkarr: key, ordinary: ordinaryOfLength(key.length) };

await withScene(
  async ({ servers, queries }) => {
    const kinds = Object.entries(suffixes).map(([kind, suffix]) => {
      const lines = Array.from({ length: NAMES }, (_, i) => `n${i}.${suffix} A`);
      return { kind, file: queries(`${kind}.txt`, lines) };
    });
    const runs = new Map<string, Run[]>();
    for (let round = -1; round < ROUNDS; round++) {
      for (const server of servers) {
        for (const { kind, file } of kinds) {
          // The first round fills the cache.
          const limit = round < 0 ? { times: 2 } : { seconds: SECONDS };
          const load = { file, limit, clients: 10, outstanding: round < 0 ? 50 : 100 };
          const run = round < 0 ? await dnsperf(server, load) : await calm(() => dnsperf(server, load));
          if (round >= 0) runs.set(server.name + kind, [...(runs.get(server.name + kind) ?? []), run]);
        }
      }
    }
    const rows = servers.map(({ name, version }) => {
      const of = (kind: string) => (runs.get(name + kind) ?? []).map((run) => run.cpuPerAnswer);
      const [pkarr, ordinary] = [of('Pkarr'), of('ordinary')];
      // Each round is compared by itself, since the load of the machine changes between rounds.
      const ratio = median(pkarr.map((cost, round) => cost / (ordinary[round] ?? Number.NaN)));
      note('pkarr', name, ratio);
      return [`${name} ${version}`, fixed(median(pkarr)), fixed(median(ordinary)), fixed(ratio, 2)];
    });
    console.log('## A cached Pkarr name\n');
    console.log(
      `${machine()}; dnsperf ${generator} on the same machine, ${NAMES} names of each kind, of the same`,
    );
    console.log(
      `length, \`-c 10 -q 100 -T 1\`, ${ROUNDS} interleaved rounds of ${SECONDS} s, medians; CPU µs an answer.`,
    );
    console.log(`${calmSentence()}\n`);
    console.log(table(['program', 'Pkarr', 'ordinary', 'ratio'], rows));
  },
  [pkarrd(dht), pkarrdBun(dht)],
  [],
);
await network.close();

/** A key whose packet answers every name below it. */
async function publishWildcard(): Promise<string> {
  const keyPair = KeyPair.generate();
  const { text } = keyPair.publicKey;
  const packet = signedPacket(keyPair, Math.floor(Date.now() / 1000), [
    aRecord(`*.${text}`, '192.0.2.1', 86_400),
  ]);
  const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await publisher.settled();
  await publisher.put(packet.item, { signal: AbortSignal.timeout(30_000) });
  await publisher.close();
  return text;
}

/** A domain of the upstream with the same length. */
function ordinaryOfLength(length: number): string {
  const domain = 'bench.example';
  return `${'x'.repeat(length - domain.length - 1)}.${domain}`;
}
