import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Type } from '../../src/dns/codes.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { DhtConnection } from '../../src/find/dht-connection.ts';
import { type PacketSource, SourceError, type SourceEvent } from '../../src/find/packet-source.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { encodePacketMessage, PacketTooLargeError } from '../../src/pkarr/packet-message.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import type { PacketSink, PublishOutcome } from '../../src/publish/packet-sink.ts';
import type { Remembered, ZoneNow } from '../../src/publish/plan.ts';
import { MAX_AHEAD, noMemory, type PublishRequest, publishZone } from '../../src/publish/publish.ts';
import { PublishError } from '../../src/publish/publish-error.ts';
import { publishNetwork } from '../../src/publish/publish-network.ts';
import { answersToText } from '../../src/publish/put-report.ts';
import type { RelayClient, RelayPutOutcome } from '../../src/relay/client.ts';
import { startTestNetwork } from '../../src/testnet/test-network.ts';

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
  observed = { asked: 20, answered: 20, empty: 0, notNewer: 0 },
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

/** A zone file that was changed now. */
const zoneOf = (content: readonly ResourceRecord[], parts: Partial<ZoneNow> = {}): ZoneNow => ({
  message: encodePacketMessage(content),
  fingerprint: 'file',
  changedAt: now,
  isIncomplete: false,
  ...parts,
});

interface Parts extends Partial<PublishRequest> {
  readonly source?: PacketSource;
  readonly sink?: PacketSink;
}

function publish(events: readonly SourceEvent[], { source, sink, ...parts }: Parts = {}) {
  return publishZone({
    keyPair,
    zone: zoneOf(records),
    network: { sources: [source ?? sourceOf(events)], sink: sink ?? sinkOf(), relays: [] },
    memory: noMemory,
    mode: 'new',
    now,
    signal,
    ...parts,
  });
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
    const { packet } = await publish([event], { mode: 'force' });
    assert.ok(packet.timestamp > now + MAX_AHEAD);
  }
});

test('records that are too many are told before anybody is asked', async () => {
  const source: PacketSource = {
    label: 'forbidden',
    lookup: () => {
      throw new Error('must not be asked');
    },
  };
  await assert.rejects(
    publish([], { zone: { ...zoneOf([]), message: new Uint8Array(996) }, source }),
    PacketTooLargeError,
  );
});

const failures: readonly (readonly [title: string, kind: string, parts: Parts])[] = [
  [
    'no node is known',
    'unreachable',
    { source: sourceOf([], { asked: 0, answered: 0, empty: 0, notNewer: 0 }) },
  ],
  [
    'no node answers',
    'unreachable',
    { source: sourceOf([], { asked: 9, answered: 0, empty: 0, notNewer: 0 }) },
  ],
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

for (const [outcomes, expected] of [
  [['conflict'], 'conflict'],
  [['conflict', 'conflict'], 'conflict'],
  [['conflict', 'failed'], 'conflict'],
  [['conflict', 'stored'], 'published'],
  [['failed'], 'published'],
] as const) {
  test(`relays that say ${outcomes.join(', ')} while nodes stored the packet: ${expected}`, async () => {
    const relays = outcomes.map((kind) => relayOf(kind));
    const publishing = publish([], { network: { sources: [sourceOf([])], sink: sinkOf(), relays } });
    if (expected === 'published') assert.equal((await publishing).report.nodes.stored, 20);
    else
      await assert.rejects(
        publishing,
        (error) => error instanceof PublishError && error.kind === 'conflict' && error.report !== undefined,
      );
  });
}

test('one node that stored it is enough, and what the others said is kept', async () => {
  const { report } = await publish([], {
    sink: sinkOf({ stored: 1, refused: { 205: 3 }, silent: 15, failed: 1 }),
  });
  assert.equal(answersToText(report.nodes), '3 refused (error 205), 15 did not answer, 1 could not be asked');
  assert.equal(answersToText(allStored), '');
});

test('a bug of a source is not taken for the network', async () => {
  await assert.rejects(publish([], { source: failing(new TypeError('a bug')) }), TypeError);
});

test('what was published elsewhere after the zone was changed is not replaced without force, and is put again for a timer', async () => {
  const sink = sinkOf();
  const zone = zoneOf(records, { changedAt: now - 1_000_000n });
  await assert.rejects(publish([held(now - 5n)], { zone, sink }), (error) => {
    assert.ok(error instanceof PublishError);
    assert.equal(error.kind, 'newer-elsewhere');
    assert.match(error.message, /of 2027-01-15T\d\d:\d\d:\d\d\.\d{3}Z, published elsewhere/);
    return true;
  });
  assert.deepEqual(sink.given, []);
  const memory = remembering();
  const kept = await publish([held(now - 5n)], { zone, mode: 'keep', memory });
  assert.deepEqual([kept.isAdopted, kept.packet.timestamp], [true, now - 5n]);
  assert.equal(memory.get(keyPair.publicKey)?.isAdopted, true);
  const forced = await publish([held(now - 5n)], { zone, mode: 'force' });
  assert.deepEqual([forced.isAdopted, forced.packet.timestamp], [false, now]);
});

test('a zone without a date does not replace what was published elsewhere, a little ahead of the clock either', async () => {
  const zone = zoneOf(records, { changedAt: undefined });
  for (const timestamp of [now - 5n, now + 5n, now + MAX_AHEAD]) {
    const sink = sinkOf();
    await assert.rejects(publish([held(timestamp)], { zone, sink }), { kind: 'newer-elsewhere' });
    assert.deepEqual(sink.given, []);
    assert.equal((await publish([held(timestamp)], { zone, mode: 'force' })).isAdopted, false);
  }
  await assert.rejects(publish([held(now + MAX_AHEAD + 1n)], { zone }), { kind: 'clock-behind' });
});

test('what says the same is put again as it is for a timer, and dated anew otherwise', async () => {
  const same: SourceEvent = {
    kind: 'packet',
    packet: SignedPacket.sign(keyPair, records, now - 9n),
    from: 'a node',
  };
  assert.equal((await publish([same], { mode: 'keep' })).packet.timestamp, now - 9n);
  assert.equal((await publish([same])).packet.timestamp, now);
  // What is newer and no packet would keep the old one out.
  assert.equal((await publish([same, unusable(now + 1n)], { mode: 'keep' })).packet.timestamp, now + 2n);
});

test('a packet is dated after the one that we put last, also when the network lost it and the clock was set back', async () => {
  const memory = remembering({ packet: SignedPacket.sign(keyPair, [address(9)], now + 50n) });
  assert.equal((await publish([], { memory })).packet.timestamp, now + 51n);
});

test('while an address in the zone is not known, what was published from the same file stays', async () => {
  const zone = zoneOf([], { isIncomplete: true });
  const packet = SignedPacket.sign(keyPair, [address(9)], now - 50n);
  for (const mode of ['keep', 'new'] as const) {
    const memory = remembering({ packet });
    assert.equal((await publish([], { zone, memory, mode })).packet, packet);
  }
});

test('a zone without any record is not published without force', async () => {
  for (const mode of ['keep', 'new'] as const) {
    const sink = sinkOf();
    const zone = zoneOf([], { isIncomplete: true, changedAt: now });
    await assert.rejects(
      publish([held(now - 5n)], { zone, sink, mode }),
      (error) => error instanceof PublishError && error.kind === 'empty',
    );
    assert.deepEqual(sink.given, []);
  }
  assert.equal((await publish([], { zone: zoneOf([]), mode: 'force' })).packet.records.length, 0);
});

test('after a packet with the last timestamp that there is none can follow, and that is no internal error', async () => {
  for (const mode of ['new', 'force'] as const) {
    await assert.rejects(
      publish([unusable(2n ** 63n - 1n)], { mode, now: 2n ** 63n - 100n }),
      (error) => error instanceof PublishError && error.kind === 'last-timestamp',
    );
  }
});

test('with force a packet that appears between reading and putting is gone past', async () => {
  const given: bigint[] = [];
  const inTheWay = now + 100n;
  const sink: PacketSink = {
    label: 'scripted',
    publish: async ({ timestamp }) => {
      given.push(timestamp);
      return timestamp > inTheWay
        ? allStored
        : { ...allStored, stored: 0, conflict: true, newestSeq: inTheWay };
    },
  };
  let asked = 0;
  const source: PacketSource = {
    label: 'scripted',
    async *lookup() {
      if (asked++ > 0) yield held(inTheWay);
      yield { kind: 'done', observed: { asked: 20, answered: 20, empty: 0, notNewer: 0 } };
    },
  };
  await assert.rejects(publish([], { source, sink }), /newer packet \(1800000000000100\)/);
  asked = 0;
  assert.equal((await publish([], { source, sink, mode: 'force' })).packet.timestamp, inTheWay + 1n);
  assert.deepEqual(given, [now, now, inTheWay + 1n]);
});

test('996 bytes are refused with the count, and 995 are published', async () => {
  const txt = (length: number): ResourceRecord => ({
    name: keyPair.publicKey.name,
    type: Type.TXT,
    class: Class.IN,
    ttl: 300,
    rdata: Uint8Array.from(
      [255, 255, 255, length - 768 - 1].flatMap((size) => [size, ...new Array<number>(size).fill(0x61)]),
    ),
  });
  // The header has 12 bytes, the name 54, type to length 10.
  const { packet } = await publish([], { zone: zoneOf([txt(995 - 76)]) });
  assert.equal(packet.size, 995);
  assert.throws(() => zoneOf([txt(996 - 76)]), /take 996 bytes, which is 1 over the 995/);
});

test('in a real network the second publication takes the place of the first', async () => {
  const network = await startTestNetwork({ nodes: 12 });
  const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  const parts = { network: publishNetwork(new DhtConnection(Promise.resolve(node)), []) };
  try {
    const first = await publish([], parts);
    assert.equal(first.report.nodes.stored, first.report.nodes.asked);
    const second = await publish([], { ...parts, zone: zoneOf([address(2)], { changedAt: now + 1n }) });
    assert.equal(second.previous?.timestamp, first.packet.timestamp);
    assert.equal(second.packet.timestamp, first.packet.timestamp + 1n);
    const seen = new Set<bigint>();
    for await (const event of parts.network.sources[0]?.lookup(keyPair.publicKey, { signal }) ?? []) {
      if (event.kind === 'packet') seen.add(event.packet.timestamp);
    }
    assert.deepEqual([...seen], [second.packet.timestamp]);
  } finally {
    await node.close();
    await network.close();
  }
});

/** What we know of an earlier publication of the zone file. */
function remembering(
  entry?: Partial<Remembered> & { readonly packet: SignedPacket },
): PublishRequest['memory'] {
  let remembered = entry && { fingerprint: 'file', isAdopted: false, ...entry };
  return {
    get: () => remembered,
    set: async (_key, next) => {
      remembered = next;
    },
  };
}

/** A relay that answers each PUT in this way. */
function relayOf(kind: 'stored' | 'conflict' | 'failed'): RelayClient {
  const outcomes: Record<typeof kind, RelayPutOutcome> = {
    stored: { kind, nodes: 3 } as RelayPutOutcome,
    conflict: { kind: 'conflict', reason: 'newer-known' },
    failed: { kind: 'failed', failure: { kind: 'unreachable', reason: 'no connection' } },
  };
  return {
    label: 'relay',
    get: () => assert.fail('It is not asked.'),
    put: async () => outcomes[kind],
    limitedFor: () => 0,
    resetFailures: () => {},
    close: () => {},
  };
}

function failing(error: Error): PacketSource {
  return {
    label: 'failing',
    // biome-ignore lint/correctness/useYield: a generator that fails before its first value
    async *lookup() {
      throw error;
    },
  };
}
