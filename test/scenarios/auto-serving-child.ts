import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import bencode from 'bencode';
import { silentLog } from '../../src/observe/log.ts';
import { startPublicNetwork } from '../support/public-network.ts';
import { movableThreadTime } from '../support/thread-time.ts';
import { startProgram, withDirectory } from './program.ts';

// Runs in a network of its own, where one address of the machine is that of the program, and the other nodes have theirs. The
// time of the node's thread can be moved. Says as JSON where the node stood after each step, and what was logged.
const MINUTE = 60_000;
const HOST = '109.0.0.1';
const network = await startPublicNetwork(12);
const lines: string[] = [];
const log = {
  ...silentLog,
  info: (text: string, fields: object = {}) => lines.push(text + JSON.stringify(fields)),
};
const advance = movableThreadTime();

/** Nobody knows it, and it is answered or not. */
const stranger = createSocket('udp4');
stranger.bind(6881, '217.9.9.9');
await once(stranger, 'listening');
let answers = 0;
stranger.on('message', () => answers++);

await withDirectory(async (stateDir) => {
  const program = await startProgram(
    {
      stateDir,
      bootstrap: network.addresses.slice(0, 3),
      dhtListen: { host: HOST, port: 6881 },
      dhtServe: 'auto',
    },
    log,
  );
  const state = async () => (await program.app.status()).dht?.autoServing;
  const becomes = async (wanted: string) => {
    while ((await state()) !== wanted) await sleep(20);
    return wanted;
  };
  const arrive = () =>
    stranger.send(
      bencode.encode({ t: 'aa', y: 'q', q: 'ping', a: { id: randomBytes(20) }, ro: 1 }),
      6881,
      HOST,
    );
  /** Lets strangers arrive over 16 minutes; where the node stood just before the last one. */
  const beReached = async () => {
    arrive();
    await becomes('trial');
    advance(10 * MINUTE);
    const { received } = (await program.app.status()).dht?.served ?? assert.fail();
    arrive();
    // The next datagram finds this one read.
    while ((await program.app.status()).dht?.served.received !== received + 1) await sleep(20);
    advance(6 * MINUTE);
    const before = [await state(), answers];
    arrive();
    await becomes('serving');
    return before;
  };
  const steps: unknown[] = [await becomes('not-reached'), await beReached()];
  while (answers === 0) await sleep(20);
  steps.push(
    answers,
    lines.splice(0).filter((line) => line.includes('serve')),
  );
  execFileSync('ip', ['address', 'add', '10.9.9.9/32', 'dev', 'lo']);
  steps.push(await becomes('not-reached'), lines.splice(0), await beReached());
  lines.length = 0;
  await program.app.close();
  steps.push(lines);
  process.stdout.write(`${JSON.stringify(steps)}\n`);
});
stranger.close();
await network.close();
