import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PacketCrossing, PacketProxy, readForWorker } from '../../src/workers/packet-proxy.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';

const key = testKey(1).publicKey;
const options = { client: '192.0.2.99', signal: new AbortController().signal };

function crossing(seconds: number, timeToLive = 100): PacketCrossing {
  const packet = signedPacket(testKey(1), seconds, [aRecord(key.text)]);
  return { kind: 'found', payload: packet.toRelayPayload(), stale: timeToLive === 0, timeToLive };
}

/** A packet reader whose primary answers with what `say` gives, with time that the test moves. */
function scene(say: (asked: number) => PacketCrossing | Promise<PacketCrossing>) {
  let time = 1_000_000;
  const asked: (string | undefined)[][] = [];
  const packetReader = new PacketProxy(
    async ({ key: text, client }) => {
      asked.push([text, client]);
      return await say(asked.length);
    },
    () => time,
  );
  return { packetReader, asked, pass: (seconds: number) => (time += seconds * 1000) };
}

test('a packet is asked for once, and answered from here for half of its remaining time', async () => {
  const { packetReader, asked, pass } = scene(() => crossing(1));
  const first = await packetReader.read(key, options);
  assert.ok(first.kind === 'found');
  assert.deepEqual([first.timeToLive, first.packet.timestamp], [100, 1_000_000n]);
  assert.deepEqual(asked, [[key.text, '192.0.2.99']]);
  pass(49);
  const second = await packetReader.read(key, options);
  assert.ok(second.kind === 'found');
  assert.deepEqual([second.timeToLive, second.packet, asked.length], [51, first.packet, 1]);
  pass(2);
  const third = await packetReader.read(key, options);
  assert.ok(third.kind === 'found');
  // The same octets are the same packet: nothing is verified twice.
  assert.deepEqual([third.packet === first.packet, third.timeToLive, asked.length], [true, 100, 2]);
});

test('a stale packet, an absence and a refusal are asked for each time', async () => {
  for (const outcome of [crossing(1, 0), { kind: 'absent', seconds: 60 }, { kind: 'busy' }] as const) {
    const { packetReader, asked } = scene(() => outcome);
    const found = await packetReader.read(key, options);
    assert.equal(found.kind, outcome.kind);
    await packetReader.read(key, options);
    assert.equal(asked.length, 2);
  }
});

test('a packet that is out of date is forgotten, and so are all when that is asked', async () => {
  for (const what of [key, undefined]) {
    const { packetReader, asked } = scene((n) => crossing(n));
    await packetReader.read(key, options);
    packetReader.forget(what);
    const found = await packetReader.read(key, options);
    assert.ok(found.kind === 'found');
    assert.deepEqual([found.packet.timestamp, asked.length], [2_000_000n, 2]);
  }
});

test('a packet that a newer one overtook on its way is not kept, nor answered from', async () => {
  const { packetReader, asked } = scene((n) => {
    if (n === 1) packetReader.forget(key);
    return crossing(n);
  });
  const found = await packetReader.read(key, options);
  assert.ok(found.kind === 'found');
  assert.deepEqual([found.packet.timestamp, asked.length], [2_000_000n, 2]);
  await packetReader.read(key, options);
  assert.equal(asked.length, 2);
});

test('a key for which one newer packet follows another is answered all the same', async () => {
  const { packetReader, asked } = scene((n) => {
    packetReader.forget(key);
    return crossing(n);
  });
  const found = await packetReader.read(key, options);
  assert.ok(found.kind === 'found');
  assert.deepEqual([found.packet.timestamp, asked.length], [3_000_000n, 3]);
});

test('octets that the key did not sign become no packet, wherever they come from', async () => {
  const { packetReader } = scene(() => {
    const found = crossing(1);
    if (found.kind === 'found') (found.payload as Uint8Array)[70] = 1;
    return found;
  });
  await assert.rejects(packetReader.read(key, options), /bad-signature/);
});

test('what the packet reader of the primary says crosses whole, and a packet as octets that verify', async () => {
  const packet = signedPacket(testKey(1), 7);
  const request = { key: key.text, client: undefined };
  const { signal } = options;
  const found = { kind: 'found', packet, stale: false, timeToLive: 9 } as const;
  for (const outcome of [found, { kind: 'unusable', seq: 5n }, { kind: 'busy' }] as const) {
    const { packetReader } = scene(async () => {
      const read = async () => outcome;
      return structuredClone(await readForWorker({ read }, request, signal));
    });
    assert.deepEqual(await packetReader.read(key, options), outcome);
  }
});
