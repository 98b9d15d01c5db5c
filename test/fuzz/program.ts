import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AppStatus } from '../../src/app/status.ts';
import { askProgram } from '../../src/control/client.ts';
import { Type } from '../../src/dns/codes.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { query, type ServerAddress, udpExchange } from '../support/dns-client.ts';
import { dnsMessage, labels } from './dns-bytes.ts';
import { startEvilNode } from './evil-node.ts';
import { startEvilUpstream } from './evil-upstream.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { fuzzKeys } from './targets/signed-packet.ts';

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));

/** Messages that clients send between two looks at the program. */
const ROUND = 100;

/** Milliseconds in which it must answer a query for localhost, however busy it is. */
const PATIENCE = 10_000;

/**
 * Runs `pkarrd serve` between clients, an upstream and a DHT that all send odd messages. After each round it must answer a
 * plain query, and it must count no internal error. The messages follow from `seed`; their order on the sockets does not.
 * @returns how many messages it was sent.
 */
export async function fuzzProgram(seed: number, milliseconds: number): Promise<number> {
  const random = new Random(seed);
  const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-fuzz-'));
  const upstream = await startEvilUpstream(new Random(seed + 1));
  const node = await startEvilNode(new Random(seed + 2));
  const clients = createSocket('udp4').on('message', () => {});
  const program = start(stateDir, upstream.text, node.text);
  let log = '';
  program.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  let sent = 0;
  try {
    const server = await ready(program, () => log);
    const endAt = performance.now() + milliseconds;
    for (let round = 0; round === 0 || performance.now() < endAt; round++) {
      for (let count = 0; count < ROUND; count++, sent++) sendQuery(server, clients, random);
      await check(program, server, stateDir, `round ${round}`);
    }
    program.kill('SIGTERM');
    const [code] = await once(program, 'exit');
    if (code !== 0) throw new Error(`It ended with ${code}.`);
    return sent + upstream.sent() + node.sent();
  } catch (error) {
    console.error(log.split('\n').slice(-20).join('\n'));
    console.error(`# repeat it with: npm run fuzz -- --target program --seed ${seed}`);
    throw error;
  } finally {
    program.kill('SIGKILL');
    clients.close();
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
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn(process.execPath, [main, 'serve', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function ready(program: ChildProcess, log: () => string): Promise<ServerAddress> {
  for (let tries = 0; tries < 200 && program.exitCode === null; tries++) {
    const port = /Ready\. listen=127\.0\.0\.1:(\d+)/.exec(log())?.[1];
    if (port !== undefined) return { host: '127.0.0.1', port: Number(port) };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`It did not start: ${log()}`);
}

/** A query that is mostly well-formed, over UDP or now and then over TCP. */
function sendQuery(server: ServerAddress, clients: Socket, random: Random): void {
  const key = random.pick(fuzzKeys).publicKey.text;
  const zone = random.pick([[key], [key, 'key'], [], ['example'], ['lan']]);
  const shape = {
    id: random.int(0x10000),
    flags: random.chance(0.9) ? 0x0100 : random.int(0x10000),
    question: labels(random, zone),
    type: random.chance(0.7)
      ? random.pick([Type.A, Type.AAAA, Type.HTTPS, Type.TXT, Type.NS])
      : random.int(300),
    zone,
    records: random.chance(0.9) ? 0 : 3,
  };
  const octets = mutate(dnsMessage(shape, random), random, 2);
  if (random.chance(0.9)) clients.send(octets, server.port, server.host);
  else sendOverTcp(server, octets, random);
}

function sendOverTcp({ host, port }: ServerAddress, octets: Uint8Array, random: Random): void {
  const length = octets.length + (random.chance(0.9) ? 0 : random.int(5));
  const socket = connect(port, host);
  socket.on('error', () => {}).resume();
  socket.end(Buffer.concat([Buffer.of(length >>> 8, length & 0xff), octets]));
}

async function check(
  program: ChildProcess,
  server: ServerAddress,
  stateDir: string,
  when: string,
): Promise<void> {
  const reply = await udpExchange(server, encodeMessage(query('localhost')), PATIENCE);
  if (program.exitCode !== null || program.signalCode !== null)
    throw new Error(`It ended in ${when}: ${program.exitCode ?? program.signalCode}.`);
  if (reply === undefined) throw new Error(`It did not answer within ${PATIENCE / 1000} s in ${when}.`);
  const { internalErrors } = (await askProgram([stateDir], ['status'])) as AppStatus;
  if (internalErrors.length > 0) throw new Error(`${when}: ${JSON.stringify(internalErrors)}`);
}
