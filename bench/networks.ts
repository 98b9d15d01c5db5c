// What a look-up of a key costs in test networks of more and more nodes: node dist/bench/networks.js [NODES …]
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DhtNode, NodeAddress } from '../src/mainline/dht-node.ts';
import { startMainlineNode } from '../src/mainline/node/node.ts';
import { KeyPair } from '../src/pkarr/key-pair.ts';
import type { SignedPacket } from '../src/pkarr/signed-packet.ts';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { aRecord, signedPacket } from '../test/support/packets.ts';
import { calm, calmSentence } from './support/calm.ts';
import { HOST } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';

const given = process.argv.slice(2).map(Number);
const SIZES = given.length > 0 ? given : sized([100, 200, 500, 1_000, 2_000], [20]);
/** Keys of a turn, one after another, and turns. */
const KEYS = sized(20, 2);
const TURNS = sized(3, 1);
/** Milliseconds for the nodes of a network to be done with what they began. */
const SETTLE = sized(500, 50);

/** What came of one lookup; times in milliseconds. */
interface Lookup {
  readonly asked: number;
  readonly first: number;
  readonly whole: number;
}

/** A turn: its lookups, and the CPU time of each in milliseconds, of this thread alone: the network has its own. */
interface Turn {
  readonly lookups: readonly Lookup[];
  readonly cpu: number;
}

const rows: string[][] = [];
for (const size of SIZES) {
  const begun = performance.now();
  const network = await startTestNetworkThread({ nodes: size });
  const started = performance.now() - begun;
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: HOST });
  await node.settled();
  const turns: Turn[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    turns.push(
      await calm(async () => {
        const keys = await publishKeys(network.bootstrap);
        await sleep(SETTLE);
        return await lookUp(node, keys);
      }),
    );
  }
  const lookups = turns.flatMap((turn) => turn.lookups);
  rows.push([
    String(size),
    fixed(median(lookups.map(({ asked }) => asked)), 0),
    fixed(median(lookups.map(({ first }) => first))),
    fixed(median(lookups.map(({ whole }) => whole))),
    fixed(median(turns.map(({ cpu }) => cpu)), 2),
    fixed(started / 1000),
  ]);
  await node.close();
  await network.close();
}
console.log('## Look-ups while the network grows\n');
console.log(
  `${machine()}; test networks on this machine without delay, ${KEYS * TURNS} new keys each, one after another, medians; CPU time of the`,
);
console.log(`thread that looks up. ${calmSentence()}\n`);
const heads = [
  'nodes asked',
  'first answer, ms',
  'whole look-up, ms',
  'CPU ms a look-up',
  's to start the network',
];
console.log(table(['nodes', ...heads], rows));

/** Looks for keys that are there, one after another. */
async function lookUp(node: DhtNode, packets: readonly SignedPacket[]): Promise<Turn> {
  const before = threadMilliseconds();
  const lookups: Lookup[] = [];
  for (const { item } of packets) {
    const start = performance.now();
    let [asked, first] = [0, Number.NaN];
    for await (const event of node.lookup(item.key, { signal: AbortSignal.timeout(30_000) })) {
      if (event.kind === 'item' && Number.isNaN(first)) first = performance.now() - start;
      if (event.kind === 'done') asked = event.summary.asked;
    }
    lookups.push({ asked, first, whole: performance.now() - start });
  }
  return { lookups, cpu: (threadMilliseconds() - before) / packets.length };
}

/** CPU time of this thread in milliseconds, to the nanosecond. */
function threadMilliseconds(): number {
  const [running] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(running) / 1e6;
}

/** Packets of new keys, put by a node that has left when they are looked for. */
async function publishKeys(bootstrap: readonly NodeAddress[]): Promise<readonly SignedPacket[]> {
  const publisher = await startMainlineNode({ bootstrap, host: HOST });
  await publisher.settled();
  const packets = Array.from({ length: KEYS }, () => {
    const pair = KeyPair.generate();
    return signedPacket(pair, Math.floor(Date.now() / 1000), [aRecord(pair.publicKey.text)]);
  });
  for (const { item } of packets) await publisher.put(item, { signal: AbortSignal.timeout(30_000) });
  await publisher.close();
  return packets;
}
