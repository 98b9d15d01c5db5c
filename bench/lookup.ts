/**
 * Time to the first valid answer: `get` of `bittorrent-dht` compared to our lookup, in one network and one run, alternating by
 * key. Run as `node dist/bench/lookup.js [--nodes 100] [--silent 0.3] [--delay 50] [--keys 20] [--json]`.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Client } from 'bittorrent-dht';
import KRpc from 'k-rpc';
import { signatureCheck } from '../src/bep44/ed25519.ts';
import { type MutableItem, signedBytes } from '../src/bep44/mutable-item.ts';
import { targetOf } from '../src/bep44/target.ts';
import { VerifiedItem } from '../src/bep44/verified-item.ts';
import type { DhtNode, NodeAddress } from '../src/mainline/dht-node.ts';
import { startMainlineNode } from '../src/mainline/node/node.ts';
import { startMainlineThread } from '../src/mainline/thread/proxy.ts';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { sized } from './support/quick.ts';
import { fixed, table } from './support/report.ts';

const HOST = '127.0.0.1';

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: sized('100', '20') },
    silent: { type: 'string', default: sized('0.3', '0') },
    delay: { type: 'string', default: sized('50', '0') },
    keys: { type: 'string', default: sized('10', '1') },
    json: { type: 'boolean', default: false },
  },
});
const settings = {
  nodes: Number(flags.nodes),
  silentFraction: Number(flags.silent),
  delayMs: Number(flags.delay),
  keys: Number(flags.keys),
};

/** One way to find an item. */
interface Contender {
  readonly name: string;
  /** Milliseconds until the first valid answer, undefined if there was none, and until the end of the whole lookup. */
  find(item: MutableItem): Promise<{ readonly first: number | undefined; readonly whole: number }>;
  close(): Promise<void>;
}

const network = await startTestNetworkThread(settings);
const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: HOST });
await publisher.settled();
const items = Array.from({ length: settings.keys }, (_, index) => makeItem(`packet ${index}`));
for (const item of items) await publisher.put(item, { signal: new AbortController().signal });
await publisher.close();

const contenders: readonly Contender[] = [
  await asItComes(network.bootstrap),
  await closestOfKRpc(network.bootstrap),
  await ours('ours, concurrency 16', await startNode(16)),
  await ours('ours, concurrency 96', await startNode(96)),
  await ours(
    'ours, concurrency 96, in its thread',
    await startMainlineThread({ bootstrap: network.bootstrap, host: HOST }),
  ),
];
const measured = contenders.map(({ name }) => ({
  name,
  first: [] as number[],
  whole: [] as number[],
  missed: 0,
}));
for (const [round, item] of items.entries()) {
  for (let turn = 0; turn < contenders.length; turn++) {
    const index = (round + turn) % contenders.length;
    const [contender, result] = [contenders[index], measured[index]];
    if (contender === undefined || result === undefined) continue;
    const { first, whole } = await contender.find(item);
    if (first === undefined) result.missed++;
    else result.first.push(first);
    result.whole.push(whole);
  }
}
for (const contender of contenders) await contender.close();
await network.close();
await report();

async function startNode(concurrency: number): Promise<DhtNode> {
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: HOST, concurrency });
  await node.settled();
  return node;
}

async function ours(name: string, node: DhtNode): Promise<Contender> {
  await node.ready();
  return {
    name,
    async find(item) {
      const start = performance.now();
      let first: number | undefined;
      for await (const event of node.lookup(item.key, { signal: new AbortController().signal })) {
        if (event.kind === 'item') first ??= performance.now() - start;
      }
      return { first, whole: performance.now() - start };
    },
    close: () => node.close(),
  };
}

/** `bittorrent-dht` with its own packages and a synchronous verify. */
async function asItComes(bootstrap: readonly NodeAddress[]): Promise<Contender> {
  const dht = new Client({ bootstrap, verify: holds });
  dht.on('error', (error) => console.error(error));
  await new Promise<void>((done) => dht.listen(0, HOST, done));
  await new Promise<void>((done) => dht.once('ready', () => done()));
  return {
    name: "bittorrent-dht's get",
    find: (item) =>
      new Promise((resolve, reject) => {
        const start = performance.now();
        dht.get(targetOf(item.key), { cache: false }, (error, value) => {
          if (error !== null && error !== undefined) return reject(error);
          const whole = performance.now() - start;
          resolve({ first: value === null ? undefined : whole, whole });
        });
      }),
    close: () => new Promise((done) => dht.destroy(done)),
  };
}

/** The traversal of `k-rpc`, with a visitor that stops the clock at the first valid item. */
async function closestOfKRpc(bootstrap: readonly NodeAddress[]): Promise<Contender> {
  const rpc = new KRpc({ bootstrap, concurrency: 128 });
  rpc.on('error', (error) => console.error(error));
  await new Promise<void>((done) => rpc.bind(0, HOST, done));
  const a = { id: rpc.id, target: rpc.id };
  await new Promise<void>((done) => rpc.populate(rpc.id, { q: 'find_node', a }, done));
  return {
    name: "k-rpc's closest, concurrency 128",
    find: (item) =>
      new Promise((resolve) => {
        const start = performance.now();
        let first: number | undefined;
        const target = targetOf(item.key);
        rpc.closest(
          target,
          { q: 'get', a: { id: rpc.id, target } },
          ({ r }) => {
            if (first === undefined && r !== undefined && isItem(r, item)) first = performance.now() - start;
            return undefined;
          },
          () => resolve({ first, whole: performance.now() - start }),
        );
      }),
    close: () => new Promise((done) => rpc.destroy(done)),
  };
}

function isItem(r: Readonly<Record<string, unknown>>, item: MutableItem): boolean {
  const { v, sig, seq } = r;
  if (!(v instanceof Uint8Array) || !(sig instanceof Uint8Array) || typeof seq !== 'number') return false;
  return holds(sig, signedBytes(BigInt(seq), v), item.key);
}

function holds(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  return signatureCheck(key)(message, signature);
}

function makeItem(text: string): VerifiedItem {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const [seq, value] = [BigInt(Date.now()) * 1000n, Buffer.from(text)];
  const signature = sign(null, signedBytes(seq, value), privateKey);
  const item = VerifiedItem.verifierOf(key)({ seq, value, signature });
  if (item === undefined) throw new Error('The signature just made does not hold.');
  return item;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function report(): Promise<void> {
  const rows = measured.map(({ name, first, whole, missed }) => ({
    name,
    firstMedian: quantile(first, 0.5),
    firstP90: quantile(first, 0.9),
    wholeMedian: quantile(whole, 0.5),
    missed,
  }));
  const reference = rows[0]?.firstMedian ?? Number.NaN;
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
  const versions = Object.fromEntries(
    await Promise.all(['bittorrent-dht', 'k-rpc'].map(async (name) => [name, await versionOf(name)])),
  );
  if (flags.json) {
    console.log(JSON.stringify({ settings, machine, node: process.version, versions, rows }, null, 2));
    return;
  }
  console.log(
    `${settings.nodes} nodes, ${settings.silentFraction * 100} % silent, ${settings.delayMs} ms a round trip, ` +
      `${settings.keys} keys in turn. ${machine}, Node ${process.version}, ` +
      `${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}.\n`,
  );
  const heads = [
    'first good answer, median ms',
    'p90 ms',
    'times faster',
    'whole lookup, median ms',
    'not found',
  ];
  const cells = rows.map(({ name, firstMedian, firstP90, wholeMedian, missed }) => [
    name,
    fixed(firstMedian),
    fixed(firstP90),
    fixed(reference / firstMedian),
    fixed(wholeMedian, 0),
    missed,
  ]);
  console.log(table(['', ...heads], cells));
}

async function versionOf(name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('./package.json', import.meta.resolve(name)), 'utf8'));
  return String(manifest.version);
}
