import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppStatus } from '../../../src/app/status.ts';
import { askProgram } from '../../../src/control/client.ts';
import { encodeMessage } from '../../../src/dns/message.ts';
import { query, type ServerAddress, udpExchange } from '../../support/dns-client.ts';
import { Random } from '../random.ts';
import { Clients } from './clients.ts';
import { startEvilNode } from './evil-node.ts';
import { startEvilUpstream } from './evil-upstream.ts';

const main = fileURLToPath(new URL('../../../program/main.js', import.meta.url));

/** Messages that clients send between two looks at the program. */
const ROUND = 300;

/** Milliseconds in which it must answer a query for localhost, however busy it is. */
const PATIENCE = 10_000;

/** Bytes that it may take more at the end than after the first third. Its caches are small, so they are full by then. */
const MAX_GROWTH = 100e6;

/**
 * Runs `pkarrd serve` between clients, an upstream and a DHT that all send odd messages. Every query must have its reply, which
 * must be one to it (see `Clients`); after each round it must answer a plain query, have counted no internal error, and run;
 * and its memory must not grow without end. The messages follow from `seed`; their order on the sockets does not.
 * @returns a line that says how much it was; undefined after a failure, which was printed.
 */
export async function fuzzProgram(seed: number, milliseconds: number): Promise<string | undefined> {
  const random = new Random(seed);
  const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-fuzz-'));
  const upstream = await startEvilUpstream(new Random(seed + 1));
  const node = await startEvilNode(new Random(seed + 2));
  const program = start(stateDir, upstream.text, node.text);
  const end = () => program.kill('SIGKILL');
  process.once('exit', end);
  let log = '';
  program.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-100_000);
  });
  let clients: Clients | undefined;
  try {
    const server = await ready(program, () => log);
    clients = new Clients(server, random);
    const startedAt = performance.now();
    const scene = { program, server, stateDir };
    let usual = 0;
    let checkedAt = 0;
    while (performance.now() - startedAt < milliseconds) {
      clients.send(20);
      await sleep(1);
      if (clients.sent - checkedAt < ROUND) continue;
      checkedAt = clients.sent;
      await check(scene, `after ${clients.sent} queries`);
      if (performance.now() - startedAt < milliseconds / 3)
        usual = Math.max(usual, memoryOf(program.pid ?? 0));
    }
    while (clients.waiting > 0) {
      clients.check();
      await sleep(20);
    }
    await check(scene, 'in the end');
    const memory = memoryOf(program.pid ?? 0);
    if (usual > 0 && memory > usual + MAX_GROWTH)
      throw new Error(
        `It took ${megabytes(usual)} after a third of the time, and ${megabytes(memory)} in the end.`,
      );
    program.kill('SIGTERM');
    const [code] = await once(program, 'exit');
    if (code !== 0) throw new Error(`It ended with ${code}.`);
    const others = upstream.sent() + node.sent();
    return `program: ${clients.sent} queries, all answered, ${others} replies of others, ${megabytes(memory)}`;
  } catch (error) {
    console.error(log.split('\n').slice(-20).join('\n'));
    console.error(error);
    console.error(`# repeat it with: npm run fuzz -- --target program --seed ${seed}`);
    return undefined;
  } finally {
    process.off('exit', end);
    end();
    clients?.close();
    upstream.close();
    node.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function start(stateDir: string, upstream: string, bootstrap: string): ChildProcess {
  const flags = {
    config: '/dev/null',
    listen: '127.0.0.1:0',
    upstream,
    bootstrap,
    relay: 'none',
    'state-dir': stateDir,
    'client-rate': '0',
    'cold-key-rate': '100000',
    'cold-key-client-rate': '100000',
    // Full soon, so that what is evicted is tried too.
    'cache-size': '500 kB',
    'store-size': '100 kB',
    'packet-cache-size': '100 kB',
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn(process.execPath, [main, 'serve', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function ready(program: ChildProcess, log: () => string): Promise<ServerAddress> {
  for (let tries = 0; tries < 300 && program.exitCode === null; tries++) {
    const port = /Ready\. listen=127\.0\.0\.1:(\d+)/.exec(log())?.[1];
    if (port !== undefined) return { host: '127.0.0.1', port: Number(port) };
    await sleep(100);
  }
  throw new Error(`It did not start: ${log()}`);
}

async function check(
  {
    program,
    server,
    stateDir,
  }: { readonly program: ChildProcess; readonly server: ServerAddress; readonly stateDir: string },
  when: string,
): Promise<void> {
  const reply = await udpExchange(server, encodeMessage(query('localhost')), PATIENCE);
  if (program.exitCode !== null || program.signalCode !== null)
    throw new Error(`It ended ${when}: ${program.exitCode ?? program.signalCode}.`);
  if (reply === undefined) throw new Error(`It did not answer within ${PATIENCE / 1000} s ${when}.`);
  const { internalErrors, dht } = (await askProgram([stateDir], ['status'])) as AppStatus;
  if ((dht?.faults ?? 0) > 0) throw new Error(`Internal errors of the DHT node ${when}: ${dht?.faults}.`);
  if (internalErrors.length > 0)
    throw new Error(`Internal errors ${when}: ${JSON.stringify(internalErrors)}`);
}

/** Bytes of memory that a process and its children have; 0 where the system does not tell. */
function memoryOf(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
    );
    return children.reduce((sum, child) => sum + memoryOf(Number(child)), pages * 4096);
  } catch {
    // Another system, or a child that has just ended.
    return 0;
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
