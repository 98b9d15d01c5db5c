// Resident memory, idle with the DHT joined, with a full cache, and with the thread of the HTTP side, compared to the peers: node dist/bench/memory.js
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { note } from './support/bars.ts';
import { debianPeers } from './support/debian-peers.ts';
import { dnsperf, generatorVersion } from './support/dnsperf.ts';
import { bareEchoes, pkarrd, pkarrdBun } from './support/peers.ts';
import { HOST, residentBytes } from './support/process.ts';
import { fixed, machine, table } from './support/report.ts';
import { FIRST_PORT, names, withScene } from './support/scene.ts';

/** Names that fill a cache of 16 MB. */
const NAMES = 240_000;

/** Connections that are opened to the HTTP side. */
const OPENED = 200;

/** Milliseconds after which a started program is idle. */
const SETTLE = 8_000;

const generator = generatorVersion();
const network = await startTestNetworkThread({ nodes: 30 });
const [{ host, port }] = network.bootstrap as [{ host: string; port: number }];
/** Where the HTTP side of ours is, by the index of the server. */
const httpPort = (index: number) => FIRST_PORT + 20 + index;
const http = (index: number) => ['--http', `${HOST}:${httpPort(index)}`];
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
      const withThread = index < 2 ? await openedBytes(server.pid, httpPort(index)) : Number.NaN;
      note('idle', server.name, idle / 1e6);
      note('full', server.name, full / 1e6);
      rows.push([
        `${server.name} ${server.version}`,
        fixed(idle / 1e6),
        fixed(full / 1e6),
        index < 2 ? fixed(withThread / 1e6) : '–',
      ]);
    }
    console.log('## Memory\n');
    console.log(
      `${machine()}; ours with the DHT of a test network joined; the cache filled by dnsperf ${generator}`,
    );
    console.log(
      `with ${NAMES} names, 60 % more than fit; then ${OPENED} connections to the HTTP side, the first of which starts its thread;`,
    );
    console.log('MB resident.\n');
    console.log(table(['program', 'idle', 'full', 'with HTTP'], rows));
  },
  [pkarrd([...dht, ...http(0)]), pkarrdBun([...dht, ...http(1)])],
  [...debianPeers, ...bareEchoes],
);
await network.close();

/** Octets of memory of a process after people opened pages of its HTTP side. */
async function openedBytes(pid: number, port: number): Promise<number> {
  for (let index = 0; index < OPENED; index++) {
    await new Promise((resolve, reject) => {
      get({ host: HOST, port, agent: false }, (response) => response.resume().once('end', resolve)).once(
        'error',
        reject,
      );
    });
  }
  await sleep(SETTLE);
  return residentBytes(pid);
}
