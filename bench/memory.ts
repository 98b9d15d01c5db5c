// Time to the first answer and resident memory, idle and with a full cache: node dist/bench/memory.js
import { dnsperf, generatorVersion } from './support/dnsperf.ts';
import { residentBytes } from './support/process.ts';
import { fixed, machine, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

/** Names that fill a cache of 16 MB. */
const NAMES = 60_000;

const generator = generatorVersion();
await withScene(async ({ servers, queries }) => {
  const file = queries('fill.txt', names(NAMES));
  const rows: string[][] = [];
  for (const server of servers) {
    const idle = residentBytes(server.pid);
    await dnsperf(server, { file, limit: { times: 1 }, clients: 10, outstanding: 50 });
    const full = residentBytes(server.pid);
    rows.push([
      `${server.name} ${server.version}`,
      fixed(server.startTime, 0),
      fixed(idle / 1e6),
      fixed(full / 1e6),
    ]);
  }
  console.log('## Start and memory\n');
  console.log(
    `${machine()}; the cache filled by dnsperf ${generator} with ${NAMES} names; one start each.\n`,
  );
  console.log(table(['program', 'first answer ms', 'idle MB', 'full MB'], rows));
});
