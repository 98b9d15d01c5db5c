import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { mock, test } from 'node:test';
import { parseRelayUrl } from '../../src/config/relay-url.ts';
import { fallbackSource, inTurn } from '../../src/find/fallback-source.ts';
import { Finder } from '../../src/find/finder.ts';
import { defaultFinderSettings } from '../../src/find/finder-settings.ts';
import { type PacketSource, SourceError, type SourceEvent } from '../../src/find/packet-source.ts';
import { relaySource } from '../../src/find/relay-source.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { createRelayClient } from '../../src/relay/client.ts';
import { noArchive } from '../../src/store/packet-archive.ts';
import { PacketCache } from '../../src/store/packet-cache.ts';
import { type RelayServer, startRelayServer } from '../relay/relay-server.ts';
import { signedPacket, testKey } from '../support/packets.ts';
import { ScriptedSource } from './scripted-source.ts';

const key = testKey(1);
const never = new AbortController().signal;
const old = signedPacket(key, 100);
const recent = signedPacket(key, 200);
const quorum = 3;

function packetEvent(packet: SignedPacket): SourceEvent {
  return { kind: 'packet', packet, from: 'x' };
}

const everybodySaysNo: SourceEvent = {
  kind: 'done',
  observed: { asked: 20, answered: 20, empty: 20, notNewer: 0 },
};

async function collect(events: AsyncIterable<SourceEvent>): Promise<readonly SourceEvent[]> {
  const all: SourceEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

function finderOver(source: PacketSource): Finder {
  const settings = defaultFinderSettings;
  return new Finder({
    sources: [source],
    cache: new PacketCache(1_000_000),
    archive: noArchive,
    settings,
    now: () => performance.now(),
  });
}

async function startRelay(
  answer: (reply: ServerResponse) => void,
): Promise<{ readonly server: RelayServer; readonly source: PacketSource; close(): Promise<void> }> {
  const server = await startRelayServer((_, reply) => answer(reply));
  const client = createRelayClient({
    url: parseRelayUrl(server.url) ?? assert.fail(),
    resolveHost: () => assert.fail('An address needs no resolving.'),
    now: () => performance.now(),
    nowWall: () => Date.now(),
    getTimeout: 500,
  });
  return {
    server,
    source: relaySource(client),
    async close() {
      client.close();
      await server.close();
    },
  };
}

test('a relay is one that was asked and answered; what it holds, it says', async () => {
  const relay = await startRelay((reply) => void reply.end(recent.toRelayPayload()));
  const events = await collect(relay.source.lookup(key.publicKey, { signal: never }));
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['packet', 'done'],
  );
  assert.deepEqual(events[1], { kind: 'done', observed: { asked: 1, answered: 1, empty: 0, notNewer: 0 } });
  await relay.close();
});

test('a relay that has nothing says so', async () => {
  const relay = await startRelay((reply) => void reply.writeHead(404).end());
  const events = await collect(relay.source.lookup(key.publicKey, { signal: never }));
  assert.deepEqual(events, [{ kind: 'done', observed: { asked: 1, answered: 1, empty: 1, notNewer: 0 } }]);
  await relay.close();
});

test('an item that a relay names and that is no packet is reported, and is not absence', async () => {
  const header = { 'Pkarr-Invalid-Signed-Packet-Seq': '77' };
  const relay = await startRelay((reply) => void reply.writeHead(404, header).end());
  const outcome = await finderOver(relay.source).read(key.publicKey, { freshness: 'fresh', signal: never });
  assert.deepEqual(outcome, { kind: 'unusable', seq: 77n, from: 'relay' });
  await relay.close();
});

test('a relay that gives no answer cannot be asked, and says why', async () => {
  const relay = await startRelay((reply) => void reply.writeHead(503).end());
  const lookup = collect(relay.source.lookup(key.publicKey, { signal: never }));
  await assert.rejects(lookup, (error) => error instanceof SourceError && /503/.test(error.message));
  await relay.close();
});

test('with a DHT that says nothing a relay answers a cold question in under a second', async () => {
  const relay = await startRelay((reply) => void reply.end(recent.toRelayPayload()));
  const source = fallbackSource(new ScriptedSource(), relay.source, { afterMs: 300, quorum });
  const finder = finderOver(source);
  const began = performance.now();
  const outcome = await finder.read(key.publicKey, { freshness: 'fresh', signal: never });
  const took = performance.now() - began;
  assert.equal(outcome.kind, 'found');
  assert.ok(took < 1000, `${took} ms`);
  finder.close();
  await relay.close();
});

const flipped = recent.toRelayPayload();
flipped[0] = (flipped[0] ?? 0) ^ 1;
const lies: readonly (readonly [what: string, answer: (reply: ServerResponse) => void])[] = [
  ['sends a broken signature', (reply) => void reply.end(flipped)],
  [
    'sends the packet of another key',
    (reply) => void reply.end(signedPacket(testKey(2), 900).toRelayPayload()),
  ],
  ['sends an older packet', (reply) => void reply.end(old.toRelayPayload())],
  ['sends 1073 octets', (reply) => void reply.end(Buffer.alloc(1073))],
  [
    'never ends',
    (reply) => {
      const timer = setInterval(() => reply.write('x'), 10);
      reply.on('close', () => clearInterval(timer));
    },
  ],
  ['says nothing', () => {}],
  ['says that there is nothing', (reply) => void reply.writeHead(404).end()],
  ['hangs up', (reply) => void reply.destroy()],
];

for (const [what, answer] of lies) {
  test(`a relay that ${what} is ignored, and the answer of the DHT is served`, async () => {
    const relay = await startRelay(answer);
    const dht = new ScriptedSource();
    const finder = finderOver(fallbackSource(dht, relay.source, { afterMs: 0, quorum }));
    const read = finder.read(key.publicKey, { freshness: 'newest', signal: never });
    dht.last.emit(packetEvent(recent));
    dht.last.emit({ kind: 'done', observed: { asked: 20, answered: 20, empty: 10, notNewer: 0 } });
    dht.last.end();
    const outcome = await read;
    assert.equal(outcome.kind === 'found' && outcome.packet.timestamp, recent.timestamp);
    await relay.close();
  });

  test(`a relay that ${what} does not keep an absence from being believed, unless it has a packet`, async () => {
    const relay = await startRelay(answer);
    const dht = new ScriptedSource();
    const finder = finderOver(fallbackSource(dht, relay.source, { afterMs: 0, quorum }));
    const read = finder.read(key.publicKey, { freshness: 'fresh', signal: never });
    dht.last.emit(everybodySaysNo);
    dht.last.end();
    assert.equal((await read).kind, what === 'sends an older packet' ? 'found' : 'absent');
    await relay.close();
  });
}

/** Two scripted sources, the second behind the first. */
function pair(options = { afterMs: 300, quorum }) {
  const first = new ScriptedSource();
  const second = new ScriptedSource();
  return { first, second, source: fallbackSource(first, second, options) };
}

async function settled(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise(setImmediate);
}

test('the second source is not asked while the first has its time, and is asked when that is over', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { first, second, source } = pair();
    const all = collect(source.lookup(key.publicKey, { newerThan: 5n, signal: never }));
    await settled();
    mock.timers.tick(299);
    assert.equal(second.lookups.length, 0);
    mock.timers.tick(1);
    assert.equal(second.last.newerThan, 5n);
    second.last.emit(packetEvent(old));
    second.last.emit({ kind: 'done', observed: { asked: 1, answered: 1, empty: 0, notNewer: 0 } });
    second.last.end();
    first.last.emit(packetEvent(recent));
    first.last.emit(everybodySaysNo);
    first.last.end();
    assert.deepEqual(await all, [
      packetEvent(old),
      packetEvent(recent),
      { kind: 'done', observed: { asked: 21, answered: 21, empty: 20, notNewer: 0 } },
    ]);
  } finally {
    mock.timers.reset();
  }
});

test('a packet of the first source in time keeps the question from the second', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { first, second, source } = pair();
    const all = collect(source.lookup(key.publicKey, { signal: never }));
    await settled();
    first.last.emit(packetEvent(recent));
    await settled();
    mock.timers.tick(10_000);
    first.last.end();
    assert.equal((await all).length, 2);
    assert.equal(second.lookups.length, 0);
  } finally {
    mock.timers.reset();
  }
});

test('a packet older than the one that is held does not keep the question from the second', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { first, second, source } = pair();
    const all = collect(source.lookup(key.publicKey, { newerThan: 150_000_000n, signal: never }));
    await settled();
    first.last.emit(packetEvent(old));
    await settled();
    mock.timers.tick(300);
    assert.equal(second.lookups.length, 1);
    first.last.end();
    second.last.end();
    await all;
  } finally {
    mock.timers.reset();
  }
});

test('enough who say that there is nothing are believed, and the second source learns no key', async () => {
  const { first, second, source } = pair();
  const all = collect(source.lookup(key.publicKey, { signal: never }));
  await settled();
  first.last.emit(everybodySaysNo);
  first.last.end();
  assert.deepEqual(await all, [everybodySaysNo]);
  assert.equal(second.lookups.length, 0);
});

test('a first source that cannot be asked, or that nobody answered, makes the second be asked at once', async () => {
  for (const error of [new SourceError('not started'), undefined]) {
    const { first, second, source } = pair({ afterMs: 1_000_000, quorum });
    const all = collect(source.lookup(key.publicKey, { signal: never }));
    await settled();
    if (error === undefined)
      first.last.emit({ kind: 'done', observed: { asked: 20, answered: 0, empty: 0, notNewer: 0 } });
    first.last.end(error);
    await settled();
    second.last.emit(packetEvent(recent));
    second.last.end();
    assert.deepEqual((await all)[0], packetEvent(recent));
  }
});

test('a source that fails counts for nothing where the other answers', async () => {
  for (const [failing, answering] of [
    ['first', 'second'],
    ['second', 'first'],
  ] as const) {
    const scene = pair({ afterMs: 0, quorum });
    const all = collect(scene.source.lookup(key.publicKey, { signal: never }));
    await settled();
    const nothing: SourceEvent = {
      kind: 'done',
      observed: { asked: 1, answered: 1, empty: 1, notNewer: 0 },
    };
    scene[failing].last.end(new SourceError('no DHT node has answered recently'));
    scene[answering].last.emit(nothing);
    scene[answering].last.end();
    assert.deepEqual(await all, [nothing]);
  }
});

test('older packets at the first source make the second be asked: it may have the newer one', async () => {
  const { first, second, source } = pair();
  const all = collect(source.lookup(key.publicKey, { newerThan: 150_000_000n, signal: never }));
  await settled();
  first.last.emit({ kind: 'done', observed: { asked: 20, answered: 20, empty: 2, notNewer: 18 } });
  first.last.end();
  await settled();
  second.last.emit(packetEvent(recent));
  second.last.end();
  assert.deepEqual((await all)[0], packetEvent(recent));
});

test('when neither can be asked, both reasons are told', async () => {
  const { first, second, source } = pair();
  const all = collect(source.lookup(key.publicKey, { signal: never }));
  await settled();
  first.last.end(new SourceError('not started'));
  await settled();
  second.last.end(new SourceError('it answered 503'));
  await assert.rejects(all, /not started; it answered 503/);
});

test('a mistake inside either source is not hidden', async () => {
  for (const which of ['first', 'second'] as const) {
    const scene = pair({ afterMs: 0, quorum });
    const all = collect(scene.source.lookup(key.publicKey, { signal: never }));
    await settled();
    scene[which].last.end(new TypeError('a bug'));
    await assert.rejects(all, /a bug/);
  }
});

test('leaving the loop ends the work of both, and an abort throws its reason', async () => {
  const { first, second, source } = pair({ afterMs: 0, quorum });
  const leaving = (async () => {
    for await (const _ of source.lookup(key.publicKey, { signal: never })) break;
  })();
  await settled();
  first.last.emit(packetEvent(recent));
  await leaving;
  assert.equal(first.last.signal.aborted && second.last.signal.aborted, true);

  const abort = new AbortController();
  const all = collect(source.lookup(key.publicKey, { signal: abort.signal }));
  await settled();
  second.last.end();
  abort.abort(new SourceError('took too long'));
  await assert.rejects(all, /took too long/);
});

test('relays are asked in turn: one that has the packet keeps the question from the next', async () => {
  const [a, b, c] = [new ScriptedSource(), new ScriptedSource(), new ScriptedSource()];
  const all = collect(inTurn([a, b, c], { afterMs: 1_000_000 }).lookup(key.publicKey, { signal: never }));
  await settled();
  a.last.emit({ kind: 'done', observed: { asked: 1, answered: 1, empty: 1, notNewer: 0 } });
  a.last.end();
  await settled();
  b.last.emit(packetEvent(recent));
  b.last.emit({ kind: 'done', observed: { asked: 1, answered: 1, empty: 0, notNewer: 0 } });
  b.last.end();
  assert.deepEqual((await all).at(-1), {
    kind: 'done',
    observed: { asked: 2, answered: 2, empty: 1, notNewer: 0 },
  });
  assert.equal(c.lookups.length, 0);
});
