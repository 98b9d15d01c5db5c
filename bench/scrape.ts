// What it costs to be read by Prometheus at a constant 5,000 queries a second: node dist/bench/scrape.js
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, type Run } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import { HOST, type Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { FIRST_PORT, names, withScene } from './support/scene.ts';

const RATE = 5_000;
const ROUNDS = sized(3, 1);
const SECONDS = sized(3, 0.2);

/** Scrapes a second that are measured: so many that their cost stands out from that of the queries. */
const SCRAPES_PER_SECOND = 20;

/** The ports of HTTP, beyond those of the scene. */
const httpPorts = new Map([
  ['pkarrd (Node)', FIRST_PORT + 16],
  ['pkarrd (Bun)', FIRST_PORT + 17],
]);

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Reads the metrics as Prometheus does. Resolves with how many octets they are. */
function scrape({ name }: Server): Promise<number> {
  const headers = { accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5' };
  return new Promise((resolve, reject) => {
    get({ host: HOST, port: httpPorts.get(name), path: '/metrics', headers, agent }, (response) => {
      let octets = 0;
      response.on('data', (piece: Buffer) => {
        octets += piece.length;
      });
      response.once('end', () => {
        if (response.statusCode === 200) resolve(octets);
        else reject(new Error(`${name} answers ${response.statusCode}`));
      });
    }).once('error', reject);
  });
}

/** Reads the metrics until `isOver`. @returns how often. */
async function scrapeUntil(server: Server, isOver: () => boolean): Promise<number> {
  let count = 0;
  for (; !isOver(); await sleep(1000 / SCRAPES_PER_SECOND)) {
    await scrape(server);
    count++;
  }
  return count;
}

/** CPU time of a run in milliseconds. */
function usedBy({ cpuPerAnswer, completed }: Run): number {
  return (cpuPerAnswer * completed) / 1000;
}

const withHttp = (port: number | undefined) => ['--http', `${HOST}:${port}`];

await withScene(
  async ({ servers, queries }) => {
    const file = queries('cached.txt', names(sized(10_000, 500)));
    const load = { file, clients: 10, outstanding: 100, rate: RATE, limit: { seconds: SECONDS } };
    const rows: string[][] = [];
    for (const server of servers) {
      await dnsperf(server, { ...load, rate: 20_000, limit: { times: 2 } });
      const octets = await scrape(server);
      const costs: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const cost = await calm(async () => {
          const without = usedBy(await dnsperf(server, load));
          let isOver = false;
          const scraping = scrapeUntil(server, () => isOver);
          const used = usedBy(await dnsperf(server, load));
          isOver = true;
          return (used - without) / (await scraping);
        });
        costs.push(cost);
      }
      const cost = median(costs);
      note('scrape', server.name, cost / 10);
      rows.push([
        `${server.name} ${server.version}`,
        fixed(octets / 1000),
        fixed(cost, 2),
        `${fixed(Math.min(...costs), 2)} to ${fixed(Math.max(...costs), 2)}`,
        fixed(cost / 10, 2),
        fixed(cost / 150, 3),
      ]);
    }
    console.log('## Being read by Prometheus\n');
    console.log(
      `${machine()}; ${RATE} cached answers a second, rounds of ${SECONDS} s without scrapes and with ${SCRAPES_PER_SECOND} a second in turn,`,
    );
    console.log(`${ROUNDS} of each, medians; CPU time of all threads. ${calmSentence()}\n`);
    const heads = [
      'kB a scrape',
      'CPU ms a scrape',
      'of the rounds',
      '% of a core, each second',
      'each 15 s',
    ];
    console.log(table(['program', ...heads], rows));
  },
  [pkarrd(withHttp(httpPorts.get('pkarrd (Node)'))), pkarrdBun(withHttp(httpPorts.get('pkarrd (Bun)')))],
  [],
);
agent.destroy();
