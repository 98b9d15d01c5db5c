// Resident memory, idle with the DHT joined and with a full cache, compared to the peers: node dist/bench/memory.js
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { note } from './support/bars.ts';
import { debianPeers } from './support/debian-peers.ts';
import { dnsperf, generatorVersion } from './support/dnsperf.ts';
import { bareEchoes, pkarrd, pkarrdBun } from './support/peers.ts';
import { residentBytes } from './support/process.ts';
import { fixed, machine, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

/** Names that fill a cache of 16 MB. */
const NAMES = 60_000;

/** Milliseconds after which a started program is idle. */
const SETTLE = 8_000;

const generator = generatorVersion();
const network = await startTestNetworkThread({ nodes: 30 });
const [{ host, port }] = network.bootstrap as [{ host: string; port: number }];
const dht = ['--dht', 'on', '--bootstrap', `${host}:${port}`, '--dht-listen', '127.0.0.1:0'];
await withScene(
  async ({ servers, queries }) => {
    const file = queries('fill.txt', names(NAMES));
    const rows: string[][] = [];
    await sleep(SETTLE);
    const idles = servers.map(({ pid }) => residentBytes(pid));
    for (const [index, server] of servers.entries()) {
      const idle = idles[index] ?? Number.NaN;
      await dnsperf(server, { file, limit: { times: 1 }, clients: 10, outstanding: 50 });
      const full = residentBytes(server.pid);
      note('idle', server.name, idle / 1e6);
      note('full', server.name, full / 1e6);
      rows.push([`${server.name} ${server.version}`, fixed(idle / 1e6), fixed(full / 1e6)]);
    }
    console.log('## Memory\n');
    console.log(
      `${machine()}; ours with the DHT of a test network joined; the cache filled by dnsperf ${generator}`,
    );
    console.log(`with ${NAMES} names, 60 % more than fit; MB resident.\n`);
    console.log(table(['program', 'idle', 'full'], rows));
  },
  [pkarrd(dht), pkarrdBun(dht)],
  [...debianPeers, ...bareEchoes],
);
await network.close();
