import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { service } from '../../src/install/service.ts';
import { RunningCommand } from '../support/command.ts';
import { query, udpExchange } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { Http2Client } from '../support/http-client.ts';
import { TestAuthority } from '../support/test-certificate.ts';
import type { Attack } from './attacker.ts';
import { attackHttp2 } from './https-attacks.ts';

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

/** Asks for a name that needs no upstream, ten times a second, and counts what is lost. */
export class Watch {
  asked = 0;
  lost = 0;
  longest = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor() {
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    const server = { host: '127.0.0.1', port: dnsPort };
    while (!this.#isOver) {
      const begun = performance.now();
      this.asked++;
      // The patience of dig.
      const reply = await udpExchange(server, encodeMessage(query('localhost', Type.A)), 5_000);
      if (reply === undefined || decodeMessage(reply).answers.length !== 1) this.lost++;
      this.longest = Math.max(this.longest, performance.now() - begun);
      await sleep(100);
    }
  }

  /** Stops asking. @throws AssertionError when a query was lost. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#done;
    assert.equal(this.lost, 0, `${this.lost} of ${this.asked} queries were lost`);
  }

  /** The same, when the attack is one that takes memory. @throws AssertionError when the program ever had too much. */
  async endWithMemory(context: TestContext, megabytes = MAX_MEMORY): Promise<void> {
    await this.end();
    context.diagnostic(
      `${this.asked} queries, the slowest ${this.longest.toFixed()} ms; ${peakMemory()} kB at most`,
    );
    assert.ok(peakMemory() < megabytes * 1_000, `${peakMemory()} kB`);
  }
}

/** Kilobytes: the most that the program ever had. */
const peakMemory = () =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${program.child.pid}/status`, 'utf8'))?.[1]);

/** What has to be true after each attack. */
export async function goesOn(): Promise<void> {
  const client = new Http2Client(address);
  const path = `/dns-query?dns=${Buffer.from(encodeMessage(query('localhost'))).toString('base64url')}`;
  const { status, body } = await client.ask({ path });
  await client.close();
  assert.deepEqual([status, decodeMessage(body).answers.length], [200, 1]);
}

/** Runs an attack on the program over HTTP/2 after the preface. */
export const overHttp2 = (attacking: Attack, window?: number, patience?: number) =>
  attackHttp2(address, attacking, window, patience);
