import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Type } from '../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { query, type ServerAddress, udpExchange } from '../support/dns-client.ts';
import type { HttpServerAddress } from '../support/http-client.ts';
import { isAnswered } from './is-answered.ts';

/** What is asked. */
export interface Target {
  readonly dns: ServerAddress;
  readonly https: HttpServerAddress;
}

/** Another client than the one that attacks, to everything that tells clients apart. */
const ANOTHER = '127.0.0.2';

/** What became of the queries. */
export interface Watched {
  readonly asked: number;
  readonly lost: number;
  /** Milliseconds that the slowest took. */
  readonly longest: number;
}

/**
 * Asks over UDP for a name that needs no upstream, ten times a second until it is told to end, and says what became of that; over HTTPS
 * when it is told to, and says when that was answered.
 */
async function watch({ dns, https }: Target): Promise<void> {
  let isOver = false;
  parentPort?.on('message', (word: 'end' | 'ask over HTTPS') => {
    if (word === 'end') isOver = true;
    else void isAnswered({ ...https, from: ANOTHER }).then(() => parentPort?.postMessage('answered'));
  });
  let [asked, lost, longest] = [0, 0, 0];
  while (!isOver) {
    const begun = performance.now();
    asked++;
    // The patience of dig.
    const reply = await udpExchange(dns, encodeMessage(query('localhost', Type.A)), 5_000);
    if (reply === undefined || decodeMessage(reply).answers.length !== 1) lost++;
    longest = Math.max(longest, performance.now() - begun);
    await sleep(100);
  }
  parentPort?.postMessage({ asked, lost, longest } satisfies Watched);
  parentPort?.close();
}

await watch(workerData);
