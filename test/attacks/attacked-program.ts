import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { service } from '../../src/install/service.ts';
import { RunningCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { TestAuthority } from '../support/test-certificate.ts';
import type { Attack } from './attacker.ts';
import { attackHttp2 } from './https-attacks.ts';
import { isAnswered } from './is-answered.ts';
import type { Target, Watched } from './watch-thread.ts';

/*
 * The program that the tests of one file attack, over DNS over HTTPS, and what is looked at meanwhile.
 */

/** How much longer each attack is: .ci/full attacks for minutes. */
const { ATTACK_SCALE = '1' } = process.env;
export const SCALE = Number(ATTACK_SCALE);

/** File descriptors that the program may have: fewer than the connections of a crowd would take twice. */
const DESCRIPTORS = 600;

/** Megabytes of resident memory that the program may reach. */
const MAX_MEMORY = 100;

/**
 * Megabytes of it that are the runtime's file at most, and usually. The kernel maps what is around each page that is used, and more
 * of it where the file has just been written, as in the gate: 4 MB more were seen. It takes them back when it likes.
 */
const FILES = 46;

const authority = await TestAuthority.create();
const { certFile, keyFile } = await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1' });
const [dnsPort, httpsPort, httpPort] = [await freePort(), await freePort(), await freePort()];
const program = new RunningCommand(
  [
    ...['serve', '--listen', `127.0.0.1:${dnsPort}`, '--https', `127.0.0.1:${httpsPort}`],
    ...['--certificate', certFile, '--certificate-key', keyFile],
    ...['--http', `127.0.0.1:${httpPort}`],
    ...['--dht', 'off', '--relay-use', 'off', '--upstream', '127.0.0.1:9'],
  ],
  {
    descriptors: DESCRIPTORS,
    // Memory is judged as the service has it.
    environment: Object.fromEntries(service.environment.map(({ name, value }) => [name, value])),
  },
);
await program.printed(/Ready/);
/** Where it is attacked. */
export const address = { host: '127.0.0.1', port: httpsPort, ca: authority.pem };
/** Where its HTTP side is, whose thread the first connection starts. */
export const httpAddress = { host: '127.0.0.1', port: httpPort, ca: '' };
after(async () => {
  await program.stop();
  await authority[Symbol.asyncDispose]();
});

/** Queries over UDP while the program is attacked, from a thread of their own, since whoever attacks is busy. */
export class Watch {
  readonly #thread = new Worker(new URL('./watch-thread.js', import.meta.url), {
    workerData: { dns: { host: '127.0.0.1', port: dnsPort }, https: address } satisfies Target,
  });

  constructor() {
    // A test that fails ends nevertheless.
    this.#thread.unref();
  }

  /** Resolves when a client at another address was answered over HTTPS, from the same thread. Rejects when it was not. */
  async othersGoOn(): Promise<void> {
    this.#thread.postMessage('ask over HTTPS');
    await once(this.#thread, 'message');
  }

  /** Stops asking. @throws AssertionError when a query was lost. */
  async end(): Promise<Watched> {
    this.#thread.ref();
    this.#thread.postMessage('end');
    const [watched]: Watched[] = await once(this.#thread, 'message');
    assert.ok(watched !== undefined && watched.asked > 0);
    assert.equal(watched.lost, 0, `${watched.lost} of ${watched.asked} queries were lost`);
    return watched;
  }

  /** The same, when the attack is one that takes memory. @throws AssertionError when the program ever had too much. */
  async endWithMemory(context: TestContext, megabytes = MAX_MEMORY): Promise<void> {
    const { asked, longest } = await this.end();
    const { most, ofFiles } = peakMemory();
    const text = `${most} kB at most, now ${ofFiles} of files`;
    context.diagnostic(`${asked} queries, the slowest ${longest.toFixed()} ms; ${text}`);
    assert.ok(most - Math.max(0, ofFiles - FILES * 1_000) < megabytes * 1_000, text);
  }
}

/** Kilobytes: the most that the program ever had, and what of it are pages of files now. */
function peakMemory(): { most: number; ofFiles: number } {
  const text = readFileSync(`/proc/${program.child.pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  return { most: field('VmHWM'), ofFiles: field('RssFile') };
}

/** What has to be true after each attack. */
export const goesOn = () => isAnswered(address);

/** Runs an attack on the program over HTTP/2 after the preface. */
export const overHttp2 = (attacking: Attack, window?: number, patience?: number) =>
  attackHttp2(address, attacking, window, patience);
