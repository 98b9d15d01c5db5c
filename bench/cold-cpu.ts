/**
 * What a key that was never asked before costs: CPU time and time to the answer, for the first thirty keys after a start and for
 * thirty after a thousand others, all thirty at once. The whole program in a process of its own, with the settings of its unit,
 * on Node and as one file; and the builds of another checkout, if one is given. In a fast network without silent nodes, in one
 * with, and in a slow one; with `--delay` or `--silent` in that one only. Run as
 * `node dist/bench/cold-cpu.js [CHECKOUT] [--nodes 100] [--silent 0.3] [--delay 0] [--rounds 3] [--only Node]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMainlineNode } from '../src/mainline/node/node.ts';
import { KeyPair } from '../src/pkarr/key-pair.ts';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import type { TestNetwork } from '../src/testnet/test-network.ts';
import { aRecord, signedPacket } from '../test/support/packets.ts';
import { type BarName, note } from './support/bars.ts';
import { askAtOnce } from './support/key-burst.ts';
import { type Peer, pkarrd, pkarrdBun, pkarrdOf } from './support/peers.ts';
import { HOST, residentBytes, type Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { FIRST_PORT } from './support/scene.ts';
import { type TimeByThread, threadTimes, timeBetween } from './support/thread-times.ts';

/** Keys that are asked for at once. */
const AT_ONCE = sized(30, 2);
/** Keys between the first thirty and the last. */
const BETWEEN = sized(990, 0);
/** Turns of thirty keys that are measured after that. */
const LAST_TURNS = 3;
/** Milliseconds for the DHT node to find others, and for what a program does by itself after its start. */
const SETTLING = sized(4_000, 500);

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '100' },
    silent: { type: 'string' },
    delay: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const rounds = sized(Number(flags.rounds), 1);

/** A test network, and the targets that are measured in it. */
interface Conditions {
  readonly nodes: number;
  readonly silentFraction: number;
  readonly delayMs: number;
  readonly cpuBars?: Readonly<Record<Phase, BarName>>;
  readonly medianBars?: Readonly<Record<Phase, BarName>>;
}

/** Which keys: the first after the start, or those after a thousand. */
type Phase = 'first' | 'later';

/** The figures of one program. */
interface Figures extends Readonly<Record<Phase, Part>> {
  readonly name: string;
  /** CPU time in milliseconds from the start of the process until it is idle, and its resident octets then. */
  readonly idleCpu: number[];
  readonly idleOctets: number[];
}

/** CPU time a key, one figure a turn; milliseconds to each answer; and how many had none. */
interface Part {
  readonly cpu: TimeByThread[];
  readonly times: number[];
  missed: number;
}

console.log('## What a cold key costs\n');
console.log(`${machine()}; ${AT_ONCE} keys at once, ${rounds} interleaved rounds, medians.`);
for (const conditions of networksToMeasure()) await measure(conditions);

function networksToMeasure(): readonly Conditions[] {
  const nodes = Number(flags.nodes);
  if (flags.silent !== undefined || flags.delay !== undefined) {
    return [{ nodes, silentFraction: Number(flags.silent ?? 0), delayMs: Number(flags.delay ?? 0) }];
  }
  return [
    {
      ...{ nodes, silentFraction: 0, delayMs: 0 },
      medianBars: { first: 'cold-fast-first', later: 'cold-fast-later' },
    },
    { ...{ nodes, silentFraction: 0.3, delayMs: 0 }, cpuBars: { first: 'cold-first', later: 'cold-later' } },
    {
      ...{ nodes, silentFraction: 0.3, delayMs: 50 },
      medianBars: { first: 'cold-slow-first', later: 'cold-slow-later' },
    },
  ];
}

/** Measures all programs in one network, and reports. */
async function measure(conditions: Conditions): Promise<void> {
  const network = await startTestNetworkThread(conditions);
  const peers = peersIn(network);
  const results = peers.map(
    ({ name }): Figures => ({ name, first: part(), later: part(), idleCpu: [], idleOctets: [] }),
  );
  const keys = await publishKeys(network, AT_ONCE * (1 + LAST_TURNS) + BETWEEN);
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
      const idle = timeBetween(server.pid, new Map(), threadTimes(server.pid));
      figures?.idleCpu.push(idle.whole);
      figures?.idleOctets.push(residentBytes(server.pid));
      const left = [...keys];
      await ask(server, left.splice(0, AT_ONCE), conditions, figures?.first);
      while (left.length > AT_ONCE * LAST_TURNS) await ask(server, left.splice(0, AT_ONCE), conditions);
      await sleep(SETTLING);
      while (left.length > 0) await ask(server, left.splice(0, AT_ONCE), conditions, figures?.later);
      await server.stop();
    }
  }
  await network.close();
  rmSync(folder, { recursive: true, force: true });
  report(conditions, results);
}

function peersIn(network: TestNetwork): readonly Peer[] {
  const words = ['--dht', 'on', '--dht-listen', `${HOST}:0`];
  for (const { host, port } of network.bootstrap) words.push('--bootstrap', `${host}:${port}`);
  words.push('--cold-key-rate', '100000', '--cold-key-client-rate', '100000');
  const others = positionals[0] === undefined ? [] : pkarrdOf(positionals[0], words);
  return [pkarrd(words), pkarrdBun(words), ...others].filter((peer) => {
    if (!peer.name.includes(flags.only)) return false;
    const found = peer.version() !== undefined;
    if (!found) console.error(`${peer.name} is not there and left out: ${peer.install}`);
    return found;
  });
}

function part(): Part {
  return { cpu: [], times: [], missed: 0 };
}

/** Asks for these keys at once, and waits until the lookups behind the answers are over. */
async function ask(
  server: Server,
  asked: readonly string[],
  { delayMs }: Conditions,
  into?: Part,
): Promise<void> {
  const before = threadTimes(server.pid);
  const times = await askAtOnce(server, asked);
  if (into === undefined) return;
  // The rest of each lookup goes on after its answer, and is part of its cost.
  await sleep(500 + 6 * delayMs);
  into.cpu.push(timeBetween(server.pid, before, threadTimes(server.pid)));
  into.times.push(...times);
  into.missed += asked.length - times.length;
}

/** New keys as text, each with a packet in the network, put by a node that has left when they are asked for. */
async function publishKeys(network: TestNetwork, count: number): Promise<readonly string[]> {
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

function report(
  { nodes, silentFraction, delayMs, cpuBars, medianBars }: Conditions,
  results: readonly Figures[],
): void {
  console.log(`\n### ${nodes} nodes, ${silentFraction * 100} % silent, ${delayMs} ms a round trip\n`);
  const head = ['program', 'CPU ms a key', 'main', 'DHT', 'others', 'median ms', 'p90 ms', 'not found'];
  for (const phase of ['first', 'later'] as const) {
    console.log(phase === 'first' ? 'The first thirty after a start:\n' : '\nAfter a thousand:\n');
    const rows = results.map(({ name, [phase]: { cpu, times, missed } }) => {
      const aKey = (time: keyof TimeByThread) => median(cpu.map((turn) => turn[time] / AT_ONCE));
      if (cpuBars !== undefined) note(cpuBars[phase], name, aKey('whole'));
      if (medianBars !== undefined) note(medianBars[phase], name, median(times));
      const parts = (['whole', 'main', 'second', 'rest'] as const).map((time) => fixed(aKey(time), 2));
      return [name, ...parts, fixed(median(times)), fixed(percentile(times, 0.9)), missed];
    });
    console.log(table(head, rows));
  }
  console.log('\nBefore the first key:\n');
  const idle = results.map(({ name, idleCpu, idleOctets }) => [
    name,
    fixed(median(idleCpu), 0),
    fixed(median(idleOctets) / 1e6),
  ]);
  console.log(table(['program', 'CPU ms since the start', 'MB resident'], idle));
}
