import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Type } from '../../src/dns/codes.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { dhtSource } from '../../src/find/dht-source.ts';
import { type PacketSource, SourceError, type SourceEvent } from '../../src/find/packet-source.ts';
import { startMainlineNode } from '../../src/mainline/mainline-node.ts';
import { startTestNetwork } from '../../src/mainline/test-network.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { PacketTooLargeError } from '../../src/pkarr/packet-message.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { dhtSink, type PacketSink, type PublishOutcome } from '../../src/publish/packet-sink.ts';
import { answersToText, MAX_AHEAD, PublishError, publishRecords } from '../../src/publish/publish.ts';

const keyPair = KeyPair.fromSeed(new Uint8Array(32).fill(7));
const now = 1_800_000_000_000_000n;
const signal = new AbortController().signal;

function address(last: number): ResourceRecord {
  return {
    name: keyPair.publicKey.name,
    type: Type.A,
    class: Class.IN,
    ttl: 300,
    rdata: Uint8Array.of(192, 0, 2, last),
  };
}

const records = [address(1)];
const held = (timestamp: bigint): SourceEvent => ({
  kind: 'packet',
  packet: SignedPacket.sign(keyPair, [address(9)], timestamp),
  from: 'a node',
});
const unusable = (seq: bigint): SourceEvent => ({
  kind: 'unusable',
  seq,
  reason: 'bad-dns-message',
  from: 'a node',
});

/** A network that holds some packets. */
function sourceOf(
  events: readonly SourceEvent[],
  observed = { asked: 20, answered: 20, empty: 0 },
): PacketSource {
  return {
    label: 'scripted',
    async *lookup() {
      yield* events;
      yield { kind: 'done', observed };
    },
  };
}

const allStored: PublishOutcome = {
  asked: 20,
  stored: 20,
  alreadyHeld: 0,
  refused: {},
  silent: 0,
  failed: 0,
  conflict: false,
};

/** A network that answers a put with `outcome`, and what it was given. */
function sinkOf(outcome: Partial<PublishOutcome> = {}): PacketSink & { readonly given: SignedPacket[] } {
  const given: SignedPacket[] = [];
  return {
    label: 'scripted',
    given,
    publish: async (packet) => {
      given.push(packet);
      return { ...allStored, ...outcome };
    },
  };
}

function publish(events: readonly SourceEvent[], parts: Partial<Parameters<typeof publishRecords>[0]> = {}) {
  const request = { keyPair, records, source: sourceOf(events), sink: sinkOf(), now, force: false, signal };
  return publishRecords({ ...request, ...parts });
}

const cases: readonly (readonly [title: string, events: readonly SourceEvent[], expected: bigint])[] = [
  ['nothing: the clock', [], now],
  ['an older packet: the clock', [held(now - 5n)], now],
  ['a packet of this very moment: one microsecond more', [held(now)], now + 1n],
  ['a packet that is a little ahead: one microsecond past it', [held(now + 1000n)], now + 1001n],
  ['a packet a whole day ahead: one microsecond past it', [held(now + MAX_AHEAD)], now + MAX_AHEAD + 1n],
  ['several packets: past the newest', [held(now + 7n), held(now + 3n)], now + 8n],
  ['something newer that is no packet: past that too', [held(now - 1n), unusable(now + 4n)], now + 5n],
];

for (const [title, events, expected] of cases) {
  test(`a packet is dated strictly after what the network holds: ${title}`, async () => {
    const { packet } = await publish(events);
    assert.equal(packet.timestamp, expected);
  });
}

test('far ahead of the clock it is refused, nothing is sent, and force goes past it', async () => {
  for (const event of [held(now + MAX_AHEAD + 1n), unusable(now + MAX_AHEAD * 400n)]) {
    const sink = sinkOf();
    await assert.rejects(publish([event], { sink }), (error) => {
      assert.ok(error instanceof PublishError);
      assert.equal(error.kind, 'clock-behind');
      assert.match(error.message, /dated (1 day|400 days) ahead of this machine's clock/);
      return true;
    });
    assert.deepEqual(sink.given, []);
    const { packet } = await publish([event], { force: true });
    assert.ok(packet.timestamp > now + MAX_AHEAD);
  }
});

test('records that are too many are told before anybody is asked', async () => {
  const many = Array.from({ length: 100 }, (_, i) => address(i));
  const source: PacketSource = {
    label: 'forbidden',
    lookup: () => {
      throw new Error('must not be asked');
    },
  };
  await assert.rejects(publish([], { records: many, source }), PacketTooLargeError);
});

const failures: readonly (readonly [
  title: string,
  kind: string,
  parts: Partial<Parameters<typeof publishRecords>[0]>,
])[] = [
  ['no node is known', 'unreachable', { source: sourceOf([], { asked: 0, answered: 0, empty: 0 }) }],
  ['no node answers', 'unreachable', { source: sourceOf([], { asked: 9, answered: 0, empty: 0 }) }],
  ['the source fails', 'unreachable', { source: failing(new SourceError('closed')) }],
  ['no node gave a token', 'unreachable', { sink: sinkOf({ asked: 0, stored: 0 }) }],
  ['all nodes refuse', 'not-stored', { sink: sinkOf({ stored: 0, refused: { 205: 20 } }) }],
  [
    'most say that they hold something newer',
    'conflict',
    { sink: sinkOf({ stored: 2, refused: { 302: 18 }, conflict: true }) },
  ],
];

for (const [title, kind, parts] of failures) {
  test(`what was not published is an error of its own kind: ${title}`, async () => {
    await assert.rejects(publish([], parts), (error) => error instanceof PublishError && error.kind === kind);
  });
}

test('one node that stored it is enough, and what the others said is kept', async () => {
  const { outcome } = await publish([], {
    sink: sinkOf({ stored: 1, refused: { 205: 3 }, silent: 15, failed: 1 }),
  });
  assert.equal(answersToText(outcome), '3 refused (error 205), 15 did not answer, 1 could not be asked');
  assert.equal(answersToText(allStored), '');
});

test('a bug of a source is not taken for the network', async () => {
  await assert.rejects(publish([], { source: failing(new TypeError('a bug')) }), TypeError);
});

test('in a real network the second publication takes the place of the first', async () => {
  const network = await startTestNetwork({ nodes: 12 });
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  const parts = { source: dhtSource(Promise.resolve(node)), sink: dhtSink(Promise.resolve(node)) };
  try {
    const first = await publish([], parts);
    assert.equal(first.outcome.stored, first.outcome.asked);
    const second = await publish([], { ...parts, records: [address(2)] });
    assert.equal(second.previous?.timestamp, first.packet.timestamp);
    assert.equal(second.packet.timestamp, first.packet.timestamp + 1n);
    const seen = new Set<bigint>();
    for await (const event of parts.source.lookup(keyPair.publicKey, { signal })) {
      if (event.kind === 'packet') seen.add(event.packet.timestamp);
    }
    assert.deepEqual([...seen], [second.packet.timestamp]);
  } finally {
    await node.close();
    await network.close();
  }
});

function failing(error: Error): PacketSource {
  return {
    label: 'failing',
    // biome-ignore lint/correctness/useYield: a generator that fails before its first value
    async *lookup() {
      throw error;
    },
  };
}
