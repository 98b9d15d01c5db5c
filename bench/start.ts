// Time from the start of the process to its first answer, compared to the peers: node dist/bench/start.js
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { debianPeers } from './support/debian-peers.ts';
import { bareEchoes, pkarrd, pkarrdBun, startUpstream } from './support/peers.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { FIRST_PORT } from './support/scene.ts';

const ROUNDS = sized(11, 1);

const folder = mkdtempSync(join(tmpdir(), 'pkarrd-bench-'));
const upstream = await startUpstream(join(folder, 'knot'), FIRST_PORT);
const peers = [pkarrd(), pkarrdBun(), ...debianPeers, ...bareEchoes].filter((peer) => {
  const isThere = peer.version() !== undefined;
  if (!isThere) console.error(`${peer.name} is not there and left out: ${peer.install}`);
  return isThere;
});
const times = new Map<string, number[]>(peers.map(({ name }) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [index, peer] of peers.entries()) {
    const took = await calm(async () => {
      const server = await peer.start({
        folder: mkdtempSync(join(folder, 'peer-')),
        port: FIRST_PORT + 1 + index,
        upstreamPort: FIRST_PORT,
        probe: 'probe.bench.example',
      });
      await server.stop();
      return server.startTime;
    });
    times.get(peer.name)?.push(took);
  }
}
await upstream.stop();
rmSync(folder, { recursive: true, force: true });

const rows = peers.map((peer) => {
  const own = times.get(peer.name) ?? [];
  note('start', peer.name, median(own));
  return [`${peer.name} ${peer.version()}`, fixed(median(own), 0), fixed(percentile(own, 1), 0)];
});
console.log('## Start to first answer\n');
console.log(`${machine()}; ${ROUNDS} interleaved starts; the first answer comes from the upstream.`);
console.log(`${calmSentence()}\n`);
console.log(table(['program', 'median ms', 'longest ms'], rows));
