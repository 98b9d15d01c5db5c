// A program that has a tenth of a processor, under a flood of names that nobody asked for before: what others get of it meanwhile.
// node dist/bench/starved.js [CHECKOUT], which is then measured too
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode } from '../src/dns/codes.ts';
import { decodeMessage, encodeMessage, type Message } from '../src/dns/message.ts';
import { query, TcpClient, udpExchange } from '../test/support/dns-client.ts';
import { debianPeers } from './support/debian-peers.ts';
import { generatorVersion } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun, pkarrdOf } from './support/peers.ts';
import { HOST, type Server } from './support/process.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

/** Milliseconds of each round in which the program runs, and in which it is stopped. */
const RUNS = 10;
const STOPPED = 90;

/** The flood: queries a second, for how many seconds, and from where. */
const RATE = 20_000;
const SECONDS = 6;
const FLOOD_FROM = '127.0.0.2';

/** Milliseconds between two queries of the others, and how long each waits. */
const EVERY = 50;
const PATIENCE = 2_000;

const ROUNDS = 3;

/** A name that the cache has. */
const CACHED = 'cached.bench.example';

/** What others were answered, of so many. */
interface Served {
  asked: number;
  answered: number;
  readonly waits: number[];
}

/** One turn of a server. */
interface Turn {
  readonly cached: Served;
  readonly misses: Served;
  readonly tcp: Served;
  /** Of the flood, a second. */
  readonly answered: number;
  readonly servfail: number;
  readonly sockets: number;
}

generatorVersion();
const [checkout] = process.argv.slice(2);
await withScene(
  async ({ servers, queries }) => {
    const turns = new Map<string, Turn[]>(servers.map(({ name }) => [name, []]));
    let first = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        const file = queries('flood.txt', names(RATE * SECONDS, first));
        first += RATE * SECONDS;
        turns.get(server.name)?.push(await turnOf(server, file));
        // What it has taken in is over.
        await sleep(PATIENCE);
      }
    }
    const of = (name: string, pick: (turn: Turn) => number) => median((turns.get(name) ?? []).map(pick));
    const share = (name: string, pick: (turn: Turn) => Served) => {
      const percent = of(name, (turn) => (100 * pick(turn).answered) / pick(turn).asked);
      return `${fixed(percent, 0)} % (${fixed(
        of(name, (turn) => median(pick(turn).waits)),
        0,
      )})`;
    };
    const rows = servers.map(({ name, version }) => [
      `${name} ${version}`,
      share(name, ({ cached }) => cached),
      share(name, ({ misses }) => misses),
      share(name, ({ tcp }) => tcp),
      fixed(
        of(name, ({ answered }) => answered),
        0,
      ),
      fixed(
        of(name, ({ servfail }) => servfail),
        0,
      ),
      fixed(
        of(name, ({ sockets }) => sockets),
        0,
      ),
    ]);
    console.log('## With a tenth of a processor, under a flood of misses\n');
    console.log(
      `${machine()}; each is stopped for ${STOPPED} of ${RUNS + STOPPED} ms; ${RATE} new names a second from ${FLOOD_FROM} for ${SECONDS} s;`,
    );
    console.log(
      `others ask each ${EVERY} ms: answered within ${PATIENCE} ms, and the median in ms; ${ROUNDS} interleaved rounds.\n`,
    );
    const heads = ['cached', 'misses', 'TCP', 'flood: answers/s', 'SERVFAIL/s', 'sockets'];
    console.log(table(['program', ...heads], rows));
  },
  [pkarrd(), pkarrdBun(), ...(checkout === undefined ? [] : pkarrdOf(checkout))],
  debianPeers.filter(({ name }) => name === 'unbound' || name === 'dnsmasq'),
);

async function turnOf(server: Server, file: string): Promise<Turn> {
  const served = (): Served => ({ asked: 0, answered: 0, waits: [] });
  const [cached, misses, tcp] = [served(), served(), served()];
  await overUdp(server, CACHED);
  let isOver = false;
  const stopping = starve(server.pid, () => isOver);
  const flood = startFlood(server, file);
  // The flood is there.
  await sleep(1_000);
  let sockets = 0;
  const asking: Promise<void>[] = [];
  for (let i = 0; i < ((SECONDS - 2) * 1_000) / EVERY; i++) {
    asking.push(
      count(cached, overUdp(server, CACHED)),
      count(misses, overUdp(server, `o${Date.now()}x${i}.bench.example`)),
      count(tcp, overTcp(server, CACHED)),
    );
    sockets = Math.max(sockets, readdirSync(`/proc/${server.pid}/fd`).length);
    await sleep(EVERY);
  }
  const { noerror, servfail } = await flood;
  await Promise.all(asking);
  isOver = true;
  await stopping;
  return { cached, misses, tcp, answered: noerror / SECONDS, servfail: servfail / SECONDS, sockets };
}

async function starve(pid: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    process.kill(pid, 'SIGSTOP');
    await sleep(STOPPED);
    process.kill(pid, 'SIGCONT');
    await sleep(RUNS);
  }
}

async function count(served: Served, reply: Promise<Message | undefined>): Promise<void> {
  served.asked++;
  const startedAt = performance.now();
  if ((await reply)?.rcode !== Rcode.NOERROR) return;
  served.answered++;
  served.waits.push(performance.now() - startedAt);
}

async function overUdp(server: Server, name: string): Promise<Message | undefined> {
  const reply = await udpExchange(server, encodeMessage(query(name)), PATIENCE);
  return reply === undefined ? undefined : decodeMessage(reply);
}

async function overTcp(server: Server, name: string): Promise<Message | undefined> {
  const client = new TcpClient(server);
  client.send(query(name));
  const reply = await Promise.race([client.next(), sleep(PATIENCE, undefined)]);
  client.socket.destroy();
  return reply;
}

async function startFlood(
  { host, port }: Server,
  file: string,
): Promise<{ noerror: number; servfail: number }> {
  const from = host === HOST ? ['-a', FLOOD_FROM] : [];
  const words = [
    '-s',
    host,
    '-p',
    String(port),
    ...from,
    '-d',
    file,
    '-T',
    '1',
    '-c',
    '1',
    '-l',
    String(SECONDS),
  ];
  const load = ['-Q', String(RATE), '-q', '60000', '-t', String(PATIENCE / 1_000), '-n', '1'];
  const child = spawn('dnsperf', [...words, ...load], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child, 'close');
  const codes = /Response codes: +(.*)/.exec(text)?.[1] ?? '';
  const of = (code: string) => Number(new RegExp(`${code} (\\d+)`).exec(codes)?.[1] ?? 0);
  return { noerror: of('NOERROR'), servfail: of('SERVFAIL') };
}
