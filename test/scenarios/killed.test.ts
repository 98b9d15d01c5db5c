import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { openPacketStore } from '../../src/store/open-packet-store.ts';
import { type RelayServer, startRelayServer } from '../relay/relay-server.ts';
import { query, type ServerAddress, udpExchange } from '../support/dns-client.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { withDirectory } from './program.ts';

/** Publications, each with a lookup right behind it. */
const PUBLICATIONS = 500;
/** Lookups that are answered between two kills. */
const BETWEEN_KILLS = 45;
const KEYS = 6;
const firstSecond = Math.floor(Date.now() / 1000) - 100_000;

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

test('killed again and again during 500 publications and lookups: the store opens, every packet verifies, and no key goes back in time', async () => {
  const network = new PublishedPackets();
  const relay = await startRelayServer(({ path }, reply) => {
    const packet = network.packetAt(path.slice(1));
    if (packet === undefined) reply.writeHead(404).end();
    else reply.end(packet.toRelayPayload());
  });
  /** The highest number that anybody was served, for each key. */
  const served = new Map<number, number>();
  let kills = 0;
  let lookups = 0;
  try {
    await withDirectory(async (directory) => {
      while (network.count < PUBLICATIONS) {
        const { server, kill } = await start(directory, relay);
        // Everybody now says what was true long ago: nobody who was served something newer may be told that.
        network.isStuckInThePast = true;
        await Promise.all(
          [...served].map(async ([n, number]) => {
            const told = await lookUp(server, n, 10_000);
            assert.ok(told !== undefined && told >= number, `key ${n}: ${told} after ${number}`);
          }),
        );
        network.isStuckInThePast = false;
        let left = BETWEEN_KILLS * (0.5 + Math.random());
        const work = Array.from({ length: KEYS }, async (_, index) => {
          for (let n = index + 1; left > 0; ) {
            network.publish(n);
            const told = await lookUp(server, n, 1_000);
            if (told === undefined) continue;
            assert.ok(told >= (served.get(n) ?? 0), `key ${n}: ${told} after ${served.get(n)}`);
            served.set(n, told);
            lookups++;
            // With the others still in the middle of theirs.
            if (--left <= 0) await kill();
          }
        });
        await Promise.all(work);
        await kill();
        kills++;
        await checkStore(directory, served);
      }
    });
  } finally {
    await relay.close();
  }
  assert.ok(kills >= 6, `${kills} kills`);
  assert.ok(lookups >= PUBLICATIONS * 0.7, `${lookups} lookups were answered`);
});

/** What was published: packets of some keys, each with an address that says which one it is. */
class PublishedPackets {
  isStuckInThePast = false;
  count = 0;
  readonly #first = new Map<string, SignedPacket>();
  readonly #newest = new Map<string, SignedPacket>();

  publish(n: number): void {
    const number = ++this.count;
    const key = testKey(n);
    const { text } = key.publicKey;
    const address = `192.0.${number >> 8}.${number & 255}`;
    const packet = signedPacket(key, firstSecond + number, [aRecord(text, address, 0)]);
    this.#newest.set(text, packet);
    if (!this.#first.has(text)) this.#first.set(text, packet);
  }

  packetAt(key: string): SignedPacket | undefined {
    return (this.isStuckInThePast ? this.#first : this.#newest).get(key);
  }
}

async function start(
  directory: string,
  relay: RelayServer,
): Promise<{ readonly server: ServerAddress; kill(): Promise<void> }> {
  const program = fileURLToPath(new URL('killed-child.js', import.meta.url));
  const child = spawn(process.execPath, [program, directory, relay.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const exited = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    return {
      server: { host: '127.0.0.1', port: Number(line) },
      async kill() {
        child.kill('SIGKILL');
        await exited;
        running.delete(child);
      },
    };
  }
  throw new Error('The program ended by itself.');
}

/** Which publication of a key the program answers with; undefined when it does not answer. */
async function lookUp(server: ServerAddress, n: number, wait: number): Promise<number | undefined> {
  const reply = await udpExchange(server, encodeMessage(query(testKey(n).publicKey.text)), wait);
  const [record] = reply === undefined ? [] : decodeMessage(reply).answers;
  return record && ((record.rdata[2] ?? 0) << 8) | (record.rdata[3] ?? 0);
}

/** Opens what the killed program left, as the next one will. */
async function checkStore(directory: string, served: ReadonlyMap<number, number>): Promise<void> {
  const store = await openPacketStore({
    directory,
    maxBytes: 1 << 20,
    log: {
      error: assert.fail,
      // A record that was half written is what a kill leaves, and is told.
      warn: (message) => assert.match(message, /^Cut off the damaged end of the packet store/),
      info: () => {},
      debug: () => {},
    },
    now: () => performance.now(),
    nowWall: () => Date.now(),
    randomBytes,
  });
  assert.equal(store.statistics().state, 'writing');
  for (const [n, number] of served) {
    const stored = await store.get(testKey(n).publicKey);
    const kept = Number((stored?.packet.timestamp ?? 0n) / 1_000_000n) - firstSecond;
    assert.ok(kept >= number, `key ${n}: ${kept} is kept, ${number} was served`);
  }
  assert.equal(store.statistics().unverifiable, 0);
  await store.close();
}
