import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { Settings } from '../../src/config/settings.ts';
import { Rcode } from '../../src/dns/codes.ts';
import { ExtendedErrorCode } from '../../src/dns/extended-error.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import type { TestNetwork } from '../../src/testnet/test-network.ts';
import { type RelayServer, startRelayServer } from '../relay/relay-server.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { type BlackHole, openBlackHole } from './black-hole.ts';
import { leavePacket } from './old-packet.ts';
import { type Program, startProgram, withDirectory } from './program.ts';

const key = testKey(1);
const name = key.publicKey.text;
const now = Math.floor(Date.now() / 1000);
const older = signedPacket(key, now - 60, [aRecord(name, '192.0.2.66')]);
const current = signedPacket(key, now, [aRecord(name, '192.0.2.1')]);

/** Waits until no lookup runs. */
async function settle({ app }: Program): Promise<void> {
  while ((await app.status()).packets.lookupsRunning > 0) await new Promise((done) => setTimeout(done, 20));
}

/** Runs `use` with a program that asks one relay, which answers as `answer` says. */
async function withRelay(
  options: {
    readonly answer: (reply: ServerResponse) => void;
    readonly settings: Pick<Settings, 'bootstrap'> & Partial<Settings>;
    readonly prepare?: (stateDir: string) => Promise<void>;
  },
  use: (program: Program, relay: RelayServer) => Promise<void>,
): Promise<void> {
  const relay = await startRelayServer((_, reply) => options.answer(reply));
  try {
    await withDirectory(async (stateDir) => {
      await options.prepare?.(stateDir);
      const program = await startProgram({ stateDir, relay: [new URL(relay.url)], ...options.settings });
      try {
        await use(program, relay);
      } finally {
        await program.app.close();
      }
    });
  } finally {
    await relay.close();
  }
}

describe('while the DHT swallows every datagram', () => {
  let hole: BlackHole;
  before(async () => {
    hole = await openBlackHole();
  });
  after(() => hole.close());

  test('a relay gives the answer in under a second, cold', async () => {
    const answer = (reply: ServerResponse) => void reply.end(current.toRelayPayload());
    await withRelay({ answer, settings: { bootstrap: [hole.address] } }, async (program, relay) => {
      const told = await program.ask(name);
      assert.deepEqual([told.addresses, told.extendedErrors], [['192.0.2.1'], []]);
      assert.ok(told.milliseconds < 1_000, `after ${told.milliseconds} ms`);
      assert.deepEqual(
        relay.requests.map(({ method, path }) => `${method} ${path}`),
        [`GET /${name}`],
      );
    });
  });

  test('a key that the relay does not have is absent within seconds, and further ones at once', async () => {
    const answer = (reply: ServerResponse) => void reply.writeHead(404).end();
    await withRelay({ answer, settings: { bootstrap: [hole.address] } }, async (program) => {
      const first = await program.ask(name);
      assert.equal(first.rcode, Rcode.NXDOMAIN);
      assert.ok(first.milliseconds < 4_300, `after ${first.milliseconds} ms`);
      for (const n of [2, 3, 4]) {
        const next = await program.ask(testKey(n).publicKey.text);
        assert.equal(next.rcode, Rcode.NXDOMAIN);
        // One in a while is let through to the DHT.
        if (n === 2) assert.ok(next.milliseconds < 1_000, `after ${next.milliseconds} ms`);
      }
    });
  });

  test('an expired packet that the relay does not have is served stale, and the relay is not asked each time', async () => {
    const answer = (reply: ServerResponse) => void reply.writeHead(404).end();
    const prepare = (stateDir: string) => leavePacket(stateDir, current, 2 * 86_400);
    await withRelay({ answer, settings: { bootstrap: [hole.address] }, prepare }, async (program, relay) => {
      for (let n = 0; n < 8; n++) {
        const told = await program.ask(n === 0 ? name : `n${n}.${name}`);
        assert.ok(told.extendedErrors.includes(ExtendedErrorCode.STALE_ANSWER), `${n}`);
        if (n === 0) await settle(program);
      }
      assert.equal(relay.requests.length, 1);
    });
  });

  test('and the relay is dead too, the answer is SERVFAIL in under 4.6 s, and says that nobody could be reached', async () => {
    const silence = () => {};
    await withRelay({ answer: silence, settings: { bootstrap: [hole.address] } }, async (program, relay) => {
      const told = await program.ask(name);
      assert.deepEqual(
        [told.rcode, told.extendedErrors],
        [Rcode.SERVFAIL, [ExtendedErrorCode.NO_REACHABLE_AUTHORITY]],
      );
      assert.ok(told.milliseconds < 4_600, `after ${told.milliseconds} ms`);
      assert.equal(relay.requests.length, 1);
      assert.ok(hole.received > 0);
    });
  });
});

describe('while the DHT works', () => {
  let network: TestNetwork;
  before(async () => {
    // Slow enough that a relay which is asked at the same time has always answered before.
    network = await startTestNetworkThread({ nodes: 12, delayMs: 100 });
    const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
    await publisher.settled();
    await publisher.put(current.item, { signal: AbortSignal.timeout(20_000) });
    await publisher.close();
  });
  after(() => network.close());

  const payload = Buffer.from(current.toRelayPayload());
  const forged = Buffer.from(payload);
  forged.writeUInt8(forged.readUInt8(0) ^ 1, 0);
  const lies: readonly (readonly [what: string, answer: (reply: ServerResponse) => void])[] = [
    ['a signature that does not hold', (reply) => void reply.end(forged)],
    [
      'the packet of another key',
      (reply) =>
        void reply.end(signedPacket(testKey(2), now + 60, [aRecord(name, '192.0.2.67')]).toRelayPayload()),
    ],
    ['1073 octets', (reply) => void reply.end(Buffer.concat([payload, Buffer.alloc(1073 - payload.length)]))],
    ['an answer that never ends', (reply) => void reply.writeHead(200).write(payload)],
    ['"absent"', (reply) => void reply.writeHead(404).end()],
    [
      'a newer item that would be no packet',
      (reply) =>
        void reply
          .writeHead(404, { 'pkarr-invalid-signed-packet-seq': String((BigInt(now) + 60n) * 1_000_000n) })
          .end(),
    ],
  ];
  for (const [what, answer] of lies) {
    test(`a relay that gives ${what} is not believed: the DHT has the answer`, async () => {
      const settings = { bootstrap: network.bootstrap, relayUse: 'always' } as const;
      await withRelay({ answer, settings }, async (program, relay) => {
        const told = await program.ask(name);
        assert.deepEqual(
          [told.rcode, told.addresses, told.extendedErrors],
          [Rcode.NOERROR, ['192.0.2.1'], []],
        );
        assert.equal(relay.requests.length, 1);
      });
    });
  }

  test('a relay that gives an older packet than the one we know is not believed: the DHT has the answer', async () => {
    const answer = (reply: ServerResponse) => void reply.end(older.toRelayPayload());
    const settings = { bootstrap: network.bootstrap, relayUse: 'always' } as const;
    const prepare = (stateDir: string) => leavePacket(stateDir, current, 86_400);
    await withRelay({ answer, settings, prepare }, async (program, relay) => {
      const told = await program.ask(name);
      assert.deepEqual([told.addresses, told.extendedErrors], [['192.0.2.1'], []]);
      assert.equal(relay.requests.length, 1);
    });
  });
});
