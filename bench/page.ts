// How long the names of a page take: a burst of names of which most are new, over an upstream that is 15 ms away; compared to the
// peers: node dist/bench/page.js
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '../src/dns/codes.ts';
import { encodeMessage } from '../src/dns/message.ts';
import { query } from '../test/support/dns-client.ts';
import { calm, calmSentence } from './support/calm.ts';
import { debianPeers } from './support/debian-peers.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import type { Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { withScene } from './support/scene.ts';

/** Names of a page, of which so many are asked for the first time. */
const NAMES = 60;
const FRESH = 40;
/** Milliseconds from a query to the upstream to its answer. */
const DELAY = 15;
/** Pages in a turn, and turns of each server: a turn is long enough to be judged. */
const PAGES = sized(5, 1);
const TURNS = sized(8, 1);
/** Milliseconds between two pages, and those for all the answers of one. */
const PAUSE = 100;
const PATIENCE = 5_000;

let nextName = 0;

/** The names that are on every page. */
const known = Array.from({ length: NAMES - FRESH }, (_, index) => `known${index}.bench.example`);

/** The names of a page: one that was asked for before after every two that were not. */
function pageNames(): readonly string[] {
  return known.flatMap((name) => [`p${nextName++}.bench.example`, `p${nextName++}.bench.example`, name]);
}

/**
 * Asks for all names at once, each from a socket of its own, as the resolvers of programs do.
 * @returns milliseconds until the last answer; Infinity when one has none.
 */
async function timeOf(server: Server, names: readonly string[]): Promise<number> {
  const sockets = await Promise.all(names.map(() => openSocket(server)));
  const requests = names.map((name) => encodeMessage(query(name, Type.A)));
  const answers = sockets.map((socket) => once(socket, 'message'));
  const startedAt = performance.now();
  for (const [index, socket] of sockets.entries()) socket.send(requests[index] ?? new Uint8Array());
  const patience = new AbortController();
  const time = await Promise.race([
    Promise.all(answers).then(() => performance.now() - startedAt),
    sleep(PATIENCE, Number.POSITIVE_INFINITY, { signal: patience.signal }),
  ]);
  patience.abort();
  for (const socket of sockets) socket.close();
  return time;
}

/** The times of the pages of a turn. */
async function timesOf(server: Server): Promise<readonly number[]> {
  const times: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    await sleep(PAUSE);
    times.push(await timeOf(server, pageNames()));
  }
  return times;
}

async function openSocket(server: Server): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.connect(server.port, server.host);
  await once(socket, 'connect');
  return socket;
}

await withScene(
  async ({ servers }) => {
    const times = new Map<string, number[]>(servers.map(({ name }) => [name, []]));
    // A page first for each, by which it has the names that are on all.
    for (const server of servers) await timeOf(server, pageNames());
    for (let turn = 0; turn < TURNS; turn++) {
      for (const server of servers) times.get(server.name)?.push(...(await calm(() => timesOf(server))));
    }
    const rows = servers.map(({ name, version }) => {
      const own = times.get(name) ?? [];
      const answered = own.filter(Number.isFinite);
      const cells = [median(answered), percentile(answered, 0.9), percentile(answered, 1)];
      return [`${name} ${version}`, ...cells.map((time) => fixed(time)), own.length - answered.length];
    });
    console.log('## The names of a page\n');
    console.log(
      `${machine()}; ${NAMES} names at once, ${FRESH} of them new, each from a socket of its own, over an upstream that is ${DELAY} ms away:`,
    );
    console.log(
      `milliseconds until the last answer, of ${PAGES * TURNS} pages, interleaved. ${calmSentence()}\n`,
    );
    console.log(table(['program', 'median ms', 'p90 ms', 'longest ms', 'pages without some answer'], rows));
  },
  [pkarrd(), pkarrdBun()],
  debianPeers,
  DELAY,
);
