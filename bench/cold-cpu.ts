/**
 * What a key that was never asked before costs: CPU time and time to the answer, for the first thirty keys after a start and for
 * thirty after a thousand others, all thirty at once. The whole program in a process of its own, with the settings of its unit,
 * on Node and as one file; and the builds of another checkout, if one is given. Run as
 * `node dist/bench/cold-cpu.js [CHECKOUT] [--nodes 100] [--silent 0.3] [--delay 0] [--rounds 5]`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMainlineNode } from '../src/mainline/node/node.ts';
import { KeyPair } from '../src/pkarr/key-pair.ts';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { askUdp, query } from '../test/support/dns-client.ts';
import { aRecord, signedPacket } from '../test/support/packets.ts';
import { note } from './support/bars.ts';
import { type Peer, pkarrd, pkarrdBun, pkarrdOf } from './support/peers.ts';
import { HOST, type Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { FIRST_PORT } from './support/scene.ts';

/** Keys that are asked for at once. */
const AT_ONCE = sized(30, 2);
/** Keys between the first thirty and the last. */
const BETWEEN = sized(990, 0);
/** Turns of thirty keys that are measured after that. */
const LAST_TURNS = 3;
/** Milliseconds for the DHT node to find others. */
const SETTLING = 2_000;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '100' },
    silent: { type: 'string', default: '0.3' },
    delay: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '5' },
  },
});
const rounds = sized(Number(flags.rounds), 1);
const conditions = {
  nodes: Number(flags.nodes),
  silentFraction: Number(flags.silent),
  delayMs: Number(flags.delay),
};
const network = await startTestNetworkThread(conditions);
const words = ['--dht', 'on', '--dht-listen', `${HOST}:0`];
for (const { host, port } of network.bootstrap) words.push('--bootstrap', `${host}:${port}`);
words.push('--cold-key-rate', '100000', '--cold-key-client-rate', '100000');

/** The figures of one program: of the first keys, and of those after a thousand. */
interface Figures {
  readonly name: string;
  readonly first: Part;
  readonly later: Part;
}

/** Milliseconds of CPU time a key, one figure a turn; milliseconds to each answer; and how many had none. */
interface Part {
  readonly cpu: number[];
  readonly times: number[];
  missed: number;
}

const peers = [
  pkarrd(words),
  pkarrdBun(words),
  ...(positionals[0] === undefined ? [] : pkarrdOf(positionals[0], words)),
].filter(isThere);
const results = peers.map(({ name }): Figures => ({ name, first: part(), later: part() }));
const keys = await publishKeys(AT_ONCE * (1 + LAST_TURNS) + BETWEEN);
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-bench-'));
for (let round = 0; round < rounds; round++) {
  for (const [index, peer] of peers.entries()) {
    const figures = results[index];
    const server = await peer.start({
      folder: mkdtempSync(join(folder, 'state-')),
      port: FIRST_PORT + 1,
      upstreamPort: FIRST_PORT,
      probe: 'localhost',
    });
    await sleep(SETTLING);
    const left = [...keys];
    await ask(server, left.splice(0, AT_ONCE), figures?.first);
    while (left.length > AT_ONCE * LAST_TURNS) await ask(server, left.splice(0, AT_ONCE));
    await sleep(SETTLING);
    while (left.length > 0) await ask(server, left.splice(0, AT_ONCE), figures?.later);
    await server.stop();
  }
}
await network.close();
rmSync(folder, { recursive: true, force: true });
report();

function isThere(peer: Peer): boolean {
  const found = peer.version() !== undefined;
  if (!found) console.error(`${peer.name} is not there and left out: ${peer.install}`);
  return found;
}

function part(): Part {
  return { cpu: [], times: [], missed: 0 };
}

/** Asks for these keys at once, and waits until the lookups behind the answers are over. */
async function ask(server: Server, asked: readonly string[], into?: Part): Promise<void> {
  const before = cpuMilliseconds(server.pid);
  const times: number[] = [];
  await Promise.all(
    asked.map(async (key) => {
      const start = performance.now();
      const { answers } = await askUdp(server, query(key));
      if (answers.length > 0) times.push(performance.now() - start);
    }),
  );
  if (into === undefined) return;
  // The rest of each lookup goes on after its answer, and is part of its cost.
  await sleep(500 + 6 * conditions.delayMs);
  into.cpu.push((cpuMilliseconds(server.pid) - before) / asked.length);
  into.times.push(...times);
  into.missed += asked.length - times.length;
}

/** CPU time of a process with all its threads in milliseconds, to the nanosecond: ticks of 10 ms would be too coarse. */
function cpuMilliseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) => {
    const [running = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(running);
  });
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** New keys as text, each with a packet in the network, put by a node that has left when they are asked for. */
async function publishKeys(count: number): Promise<readonly string[]> {
  const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: HOST });
  await publisher.settled();
  const pairs = Array.from({ length: count }, () => KeyPair.generate());
  const waiting = [...pairs];
  while (waiting.length > 0) {
    await Promise.all(
      waiting.splice(0, AT_ONCE).map(async (pair) => {
        const now = Math.floor(Date.now() / 1000);
        const { item } = signedPacket(pair, now, [aRecord(pair.publicKey.text)]);
        await publisher.put(item, { signal: AbortSignal.timeout(30_000) });
      }),
    );
  }
  await publisher.close();
  return pairs.map(({ publicKey }) => publicKey.text);
}

function report(): void {
  console.log('## What a cold key costs\n');
  console.log(
    `${machine()}. ${conditions.nodes} nodes, ${conditions.silentFraction * 100} % silent, ${conditions.delayMs} ms a ` +
      `round trip; ${AT_ONCE} keys at once, ${rounds} interleaved rounds, medians.\n`,
  );
  const head = ['program', 'CPU ms a key', 'median ms', 'p90 ms', 'not found'];
  for (const which of ['first', 'later'] as const) {
    console.log(which === 'first' ? 'The first thirty after a start:\n' : '\nAfter a thousand:\n');
    const rows = results.map(({ name, [which]: { cpu, times, missed } }) => {
      if (which === 'first') note('cold-first', name, median(cpu));
      else note('cold-later', name, median(cpu));
      const cells = [median(cpu), median(times), percentile(times, 0.9)].map((value) => fixed(value));
      return [name, ...cells, missed];
    });
    console.log(table(head, rows));
  }
}
