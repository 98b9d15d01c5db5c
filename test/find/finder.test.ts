import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Finder } from '../../src/find/finder.ts';
import { defaultFinderSettings } from '../../src/find/finder-settings.ts';
import type { LookupStep } from '../../src/find/lookup-step.ts';
import { type Observed, SourceError } from '../../src/find/packet-source.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { noArchive } from '../../src/store/packet-archive.ts';
import { PacketCache } from '../../src/store/packet-cache.ts';
import type { ReadOutcome } from '../../src/store/packet-library.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { ScriptedSource } from './scripted-source.ts';

const key = testKey(1);
const name = key.publicKey.text;
const never = new AbortController().signal;
const everybodySaysNo: Observed = { asked: 20, answered: 20, empty: 20, notNewer: 0 };

/** A finder over scripted sources, with time that the test moves; `floor`: seconds of a packet that was dropped. */
function scene(parts: { readonly floor?: number; readonly second?: ScriptedSource } = {}) {
  let time = 0;
  const source = new ScriptedSource();
  const overtaken: string[] = [];
  const internalErrors: unknown[] = [];
  const floor = parts.floor === undefined ? undefined : BigInt(parts.floor) * 1_000_000n;
  const finder = new Finder({
    sources: [source, ...(parts.second === undefined ? [] : [parts.second])],
    cache: new PacketCache(1_000_000),
    archive: { ...noArchive, floor: () => floor },
    settings: defaultFinderSettings,
    now: () => time,
    onNewer: ({ text }) => overtaken.push(text),
    onInternalError: (error) => internalErrors.push(error),
  });
  return {
    source,
    overtaken,
    internalErrors,
    finder,
    read: (of = key) => finder.read(of.publicKey, { freshness: 'fresh', signal: never }),
    readNewest: () => finder.read(key.publicKey, { freshness: 'newest', signal: never }),
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

function found(outcome: ReadOutcome): SignedPacket {
  assert.equal(outcome.kind, 'found');
  return outcome.packet;
}

test('the first good packet answers, and a newer one that comes later is held for the next', async () => {
  const { source, read } = scene();
  const first = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  assert.equal(found(await first).timestamp, 100_000_000n);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 200), from: 'b' });
  source.last.end();
  await new Promise(setImmediate);
  assert.equal(found(await read()).timestamp, 200_000_000n);
  assert.equal(source.lookups.length, 1);
});

test('a newer packet behind the first one is told, so that nothing made of the older one is kept', async () => {
  const { source, read, overtaken } = scene();
  const first = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'lags behind' });
  found(await first);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'another' });
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 200), from: 'up to date' });
  source.last.end();
  await new Promise(setImmediate);
  assert.deepEqual(overtaken, [name]);
});

test('who watches is told each step of the one lookup, and whoever comes later the steps before too', async () => {
  const { source, finder, read } = scene();
  const seen: LookupStep[][] = [[], []];
  const watch = (index: number) =>
    finder.watch(key.publicKey, { observe: (step) => seen[index]?.push(step), signal: never });
  const first = watch(0);
  const one: LookupStep = { of: 'node', address: '192.0.2.1:1', found: { outcome: 'silent' } };
  const other: LookupStep = { of: 'relay', label: 'relay', found: { outcome: 'nothing' } };
  source.last.observe?.(one);
  const second = watch(1);
  const client = read();
  source.last.observe?.(other);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  assert.equal(found(await client).timestamp, 100_000_000n);
  source.last.end();
  for (const outcome of [await first, await second]) assert.equal(found(outcome).timestamp, 100_000_000n);
  assert.deepEqual(seen, [
    [one, other],
    [one, other],
  ]);
  assert.equal(source.lookups.length, 1);
});

test('a lookup for which nobody watches has no steps', async () => {
  const { source, read } = scene();
  const answer = read();
  assert.equal(source.last.observe, undefined);
  source.last.end(new SourceError('no network'));
  await answer;
});

test('where a packet is can be told without asking anybody', async () => {
  const { source, finder, read, pass } = scene();
  assert.equal(finder.whereIs(key.publicKey), 'nowhere');
  const answer = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  await answer;
  assert.equal(finder.whereIs(key.publicKey), 'memory');
  pass(1_000_000);
  assert.equal(finder.whereIs(key.publicKey), 'memory-expired');
  assert.equal(source.lookups.length, 1);
});

test('who wants the newest waits for the whole lookup', async () => {
  const { source, readNewest } = scene();
  const newest = readNewest();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 200), from: 'b' });
  source.last.end();
  assert.equal(found(await newest).timestamp, 200_000_000n);
});

test('fifty equal reads are one lookup', async () => {
  const { source, read } = scene();
  const reads = Array.from({ length: 50 }, () => read());
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  for (const outcome of await Promise.all(reads)) found(outcome);
  assert.equal(source.lookups.length, 1);
});

test('a key that is slow to be found delays no other', async () => {
  const { source, read } = scene();
  const slow = read();
  const other = testKey(2);
  const quick = read(other);
  source.last.emit({ kind: 'packet', packet: signedPacket(other, 100), from: 'a' });
  found(await quick);
  source.lookups[0]?.end();
  assert.equal((await slow).kind, 'unreachable');
});

test('a reader that leaves takes the lookup from nobody', async () => {
  const { source, finder, read } = scene();
  const leaving = new AbortController();
  const left = finder.read(key.publicKey, { freshness: 'fresh', signal: leaving.signal });
  const staying = read();
  leaving.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  assert.equal(source.last.signal.aborted, false);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  found(await staying);
});

test('a packet is fresh for its smallest TTL, at least five minutes, and asks nobody meanwhile', async () => {
  const { source, read, pass } = scene();
  const first = read();
  const records = [aRecord(name, '192.0.2.1', 30), aRecord(`x.${name}`, '192.0.2.1', 7200)];
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100, records), from: 'a' });
  source.last.end();
  await first;
  await new Promise(setImmediate);
  pass(269);
  const outcome = await read();
  assert.deepEqual(
    { stale: outcome.kind === 'found' && outcome.stale, lookups: source.lookups.length },
    { stale: false, lookups: 1 },
  );
  assert.equal(outcome.kind === 'found' && outcome.timeToLive, 31);
  pass(31);
  const expired = read();
  assert.equal(source.lookups.length, 2);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100, records), from: 'a' });
  await expired;
});

test('a packet in use is looked for again in the last tenth of its life, and nobody waits', async () => {
  const { source, read, pass } = scene();
  const first = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  source.last.end();
  await first;
  await new Promise(setImmediate);
  pass(539);
  found(await read());
  assert.equal(source.lookups.length, 1);
  pass(2);
  found(await read());
  found(await read());
  assert.equal(source.lookups.length, 2);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  source.last.end();
  await new Promise(setImmediate);
  const outcome = await read();
  assert.equal(outcome.kind === 'found' && outcome.timeToLive, 600);
});

test('an expired packet is asked for by the sequence number before it, so that its holders return it', async () => {
  const { source, read, pass } = scene();
  const first = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  source.last.end();
  await first;
  await new Promise(setImmediate);
  pass(86_401);
  const again = read();
  assert.equal(source.last.newerThan, 99_999_999n);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  const outcome = await again;
  assert.equal(outcome.kind === 'found' && outcome.stale, false);
});

test('an older packet neither answers for an expired one nor replaces it', async () => {
  const { source, read, pass } = scene();
  const first = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 200), from: 'a' });
  source.last.end();
  await first;
  await new Promise(setImmediate);
  pass(86_401);
  const again = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'rollback' });
  source.last.emit({ kind: 'done', observed: { asked: 1, answered: 1, empty: 0, notNewer: 0 } });
  source.last.end();
  const outcome = await again;
  assert.equal(found(outcome).timestamp, 200_000_000n);
  assert.equal(outcome.kind === 'found' && outcome.stale, true);
});

test('an expired packet is served stale after 1.8 s of waiting, and the lookup goes on', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { source, read, pass } = scene();
    const first = read();
    source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
    source.last.end();
    await first;
    await new Promise(setImmediate);
    pass(86_401);
    const again = read();
    mock.timers.tick(1_799);
    const pending = Symbol('pending');
    assert.equal(await Promise.race([again, new Promise((r) => setImmediate(r, pending))]), pending);
    mock.timers.tick(1);
    const outcome = await again;
    assert.equal(outcome.kind === 'found' && outcome.stale, true);
    assert.equal(source.last.signal.aborted, false);
  } finally {
    mock.timers.reset();
  }
});

test('a key that enough nodes know nothing of is absent, and is not looked for again for a minute', async () => {
  const { source, read, pass } = scene();
  const first = read();
  source.last.emit({ kind: 'done', observed: everybodySaysNo });
  source.last.end();
  assert.deepEqual(await first, { kind: 'absent', seconds: 60, from: 'relay' });
  await new Promise(setImmediate);
  pass(59);
  assert.deepEqual(await read(), { kind: 'absent', seconds: 1 });
  assert.equal(source.lookups.length, 1);
  pass(1);
  const again = read();
  assert.equal(source.lookups.length, 2);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  found(await again);
});

test('silence is not absence: too few answers are "unreachable" and nothing is remembered', async () => {
  const { source, read } = scene();
  const first = read();
  source.last.emit({ kind: 'done', observed: { asked: 20, answered: 2, empty: 2, notNewer: 0 } });
  source.last.end();
  assert.equal((await first).kind, 'unreachable');
  await new Promise(setImmediate);
  const again = read();
  assert.equal(source.lookups.length, 2);
  source.last.end();
  await again;
});

for (const [empty, asked, expected] of [
  [2, 20, 'unreachable'],
  [3, 20, 'absent'],
  [2, 2, 'absent'],
  [1, 2, 'unreachable'],
  [0, 0, 'unreachable'],
] as const) {
  test(`of ${asked} asked ${empty} that have nothing make a key ${expected}`, async () => {
    const { source, read } = scene();
    const outcome = read();
    source.last.emit({ kind: 'done', observed: { asked, answered: empty, empty, notNewer: 0 } });
    source.last.end();
    assert.equal((await outcome).kind, expected);
  });
}

test('while one source fails, that the others have nothing is no absence', async () => {
  const second = new ScriptedSource();
  const { source, read } = scene({ second });
  const outcome = read();
  source.last.end(new SourceError('not started'));
  second.last.emit({ kind: 'done', observed: everybodySaysNo });
  second.last.end();
  assert.equal((await outcome).kind, 'unreachable');
});

test('a packet older than one that was served and dropped is neither served nor learned, and its key is not absent', async () => {
  const { source, read, finder } = scene({ floor: 150 });
  await finder.learn(signedPacket(key, 149));
  const outcome = read();
  assert.equal(source.last.newerThan, 149_999_999n);
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'rollback' });
  source.last.emit({ kind: 'done', observed: { asked: 20, answered: 20, empty: 19, notNewer: 0 } });
  source.last.end();
  assert.deepEqual(await outcome, {
    kind: 'unreachable',
    reason: 'only packets older than one that was seen before were found',
    from: 'relay',
  });
  assert.equal(finder.statistics().keysHeld, 0);
  const again = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 150), from: 'a' });
  assert.equal(found(await again).timestamp, 150_000_000n);
});

test('nodes that confirm something older than what was dropped do not make the key absent', async () => {
  const { source, read } = scene({ floor: 150 });
  for (const observed of [
    { asked: 20, answered: 20, empty: 0, notNewer: 20 },
    { asked: 20, answered: 20, empty: 19, notNewer: 1 },
  ]) {
    const outcome = read();
    source.last.emit({ kind: 'done', observed });
    source.last.end();
    assert.equal((await outcome).kind, 'unreachable');
  }
  const outcome = read();
  source.last.emit({ kind: 'done', observed: everybodySaysNo });
  source.last.end();
  assert.equal((await outcome).kind, 'absent');
});

test('an expired packet that nobody confirmed is looked for every 30 s at most, and at once in a new network', async () => {
  const { source, read, finder, pass } = scene();
  await finder.learn(signedPacket(key, 100));
  pass(86_401);
  const first = read();
  source.last.end(new SourceError('no network'));
  assert.equal((await first).kind === 'found' && source.lookups.length, 1);
  pass(29);
  const early = await read();
  assert.equal(early.kind === 'found' && early.stale, true);
  assert.equal(source.lookups.length, 1);
  finder.networkChanged();
  for (const lookups of [2, 3]) {
    const outcome = read();
    assert.equal(source.lookups.length, lookups);
    source.last.emit({ kind: 'done', observed: everybodySaysNo });
    source.last.end();
    await outcome;
    pass(31);
  }
  const flushed = read();
  source.last.end();
  await flushed;
  assert.equal(finder.forget(key.publicKey), 1);
  void read();
  assert.equal(source.lookups.length, 5);
});

test('a mistake inside a source is told where nobody waits for the lookup', async () => {
  const { source, read, internalErrors } = scene();
  const first = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  await first;
  source.last.end(new TypeError('a bug'));
  await new Promise(setImmediate);
  assert.deepEqual(internalErrors.map(String), ['TypeError: a bug']);
  const waiting = scene();
  const waits = waiting.read();
  waiting.source.last.end(new TypeError('a bug'));
  await assert.rejects(waits, /a bug/);
  assert.deepEqual(waiting.internalErrors, []);
});

test('a key that nobody was asked for is unreachable, with that as the reason', async () => {
  const { source, read } = scene();
  const outcome = read();
  source.last.end();
  const { kind, ...rest } = await outcome;
  assert.equal(kind, 'unreachable');
  assert.equal('reason' in rest && rest.reason, 'no DHT node and no relay was asked');
});

test('a source that cannot be asked makes a key unreachable and says why', async () => {
  const { source, read } = scene();
  const first = read();
  source.last.end(new SourceError('not started'));
  const outcome = await first;
  assert.match(outcome.kind === 'unreachable' ? outcome.reason : '', /not started/);
});

test('a mistake inside a source is not hidden as an absence', async () => {
  const { source, read } = scene();
  const first = read();
  source.last.end(new TypeError('a bug'));
  await assert.rejects(first, /a bug/);
});

test('a lookup that never ends is ended, and the key can be looked for again', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { source, read, finder } = scene();
    const first = read();
    mock.timers.tick(defaultFinderSettings.lookupTimeout * 1000);
    assert.equal((await first).kind, 'unreachable');
    await new Promise(setImmediate);
    assert.equal(source.last.signal.aborted, true);
    assert.equal(finder.statistics().lookupsRunning, 0);
  } finally {
    mock.timers.reset();
  }
});

test('what was learned another way is fresh at once and ends an absence', async () => {
  const { source, read, finder } = scene();
  const first = read();
  source.last.emit({ kind: 'done', observed: everybodySaysNo });
  source.last.end();
  await first;
  await new Promise(setImmediate);
  await finder.learn(signedPacket(key, 100));
  found(await read());
  assert.equal(source.lookups.length, 1);
});

test('a lookup whose sources were replaced, and that found nothing there, goes on in the new ones', async () => {
  const { source, finder, read } = scene();
  const waiting = read();
  const next = new ScriptedSource();
  finder.replaceParts({ sources: [next] });
  source.last.end(new SourceError('the node was closed'));
  await new Promise(setImmediate);
  next.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'a' });
  assert.equal(found(await waiting).timestamp, 100_000_000n);
  next.last.end();
  await new Promise(setImmediate);
  // One that is over there is not asked again.
  assert.deepEqual([source.lookups.length, next.lookups.length], [1, 1]);
});

test('of those who may give an old packet again, only a newer one is taken, so that none keeps an old one fresh', async () => {
  const { finder, read, pass, source } = scene();
  const packetAt = (seconds: number) => signedPacket(key, seconds, [aRecord(name, '192.0.2.1', 1)]);
  const isInNetwork = false;
  assert.equal(await finder.learn(packetAt(100), isInNetwork), true);
  pass(299);
  assert.equal(await finder.learn(packetAt(100), isInNetwork), false);
  assert.equal(await finder.learn(packetAt(99), isInNetwork), false);
  pass(2);
  // It has expired, so the network is asked, which knows a newer one.
  const asked = read();
  source.last.emit({ kind: 'packet', packet: packetAt(200), from: 'a' });
  assert.equal(found(await asked).timestamp, 200_000_000n);
  assert.equal(await finder.learn(packetAt(300), isInNetwork), true);
});
