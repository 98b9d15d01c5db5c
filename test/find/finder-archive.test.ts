import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Finder } from '../../src/find/finder.ts';
import { defaultFinderSettings } from '../../src/find/finder-settings.ts';
import { silentLog } from '../../src/observe/log.ts';
import { openPacketStore } from '../../src/store/open-packet-store.ts';
import { noArchive, storeArchive } from '../../src/store/packet-archive.ts';
import { PacketCache } from '../../src/store/packet-cache.ts';
import { signedPacket, testKey } from '../support/packets.ts';
import { ScriptedSource } from './scripted-source.ts';

const key = testKey(1);
const base = mkdtempSync(join(tmpdir(), 'pkarrd-archive-'));
after(() => rmSync(base, { recursive: true }));
let directories = 0;

/** The finder of one run after another over one state directory; `wall` is the time on the wall. */
function machine() {
  const directory = join(base, `${++directories}`);
  const clock = { now: 0, wall: 1_700_000_000_000 };
  return {
    clock,
    async run() {
      const clocks = { now: () => clock.now, nowWall: () => clock.wall };
      const options = { directory, maxBytes: 1_000_000, log: silentLog, randomBytes, ...clocks };
      const store = await openPacketStore(options);
      const source = new ScriptedSource();
      const finder = new Finder({
        sources: [source],
        cache: new PacketCache(1_000_000),
        archive: storeArchive(store, clocks),
        settings: { ...defaultFinderSettings, staleAfter: 0.05 },
        now: clocks.now,
      });
      return {
        source,
        read: () => finder.read(key.publicKey, { freshness: 'fresh', signal: AbortSignal.timeout(5_000) }),
        async end() {
          finder.close();
          await store.close();
        },
      };
    },
  };
}

async function firstRun(computer: ReturnType<typeof machine>): Promise<void> {
  const { source, read, end } = await computer.run();
  const answer = read();
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 200), from: 'a' });
  assert.equal((await answer).kind, 'found');
  await end();
}

test('after a restart a packet that is still fresh answers without asking anybody', async () => {
  const computer = machine();
  await firstRun(computer);
  computer.clock.wall += 100_000;
  const { source, read, end } = await computer.run();
  const outcome = await read();
  assert.deepEqual(outcome.kind === 'found' && { stale: outcome.stale, left: outcome.timeToLive }, {
    stale: false,
    left: 500,
  });
  assert.equal(source.lookups.length, 0);
  await end();
});

for (const [what, change] of [
  ['is over', 86_400_000],
  ['is unknown, the clock having been set back', -86_400_000],
] as const) {
  test(`a packet whose time ${what} is asked for after a restart, and served stale when nobody answers`, async () => {
    const computer = machine();
    await firstRun(computer);
    computer.clock.wall += change;
    const { source, read, end } = await computer.run();
    const outcome = await read();
    assert.equal(outcome.kind === 'found' && outcome.stale, true);
    assert.equal(source.last.newerThan, 199_999_999n);
    await end();
  });
}

test('after a restart an older packet neither answers nor replaces the one that was served before', async () => {
  const computer = machine();
  await firstRun(computer);
  computer.clock.wall += 86_400_000;
  const { source, read, end } = await computer.run();
  const answer = read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 100), from: 'rollback' });
  const outcome = await answer;
  assert.equal(outcome.kind === 'found' && outcome.packet.timestamp, 200_000_000n);
  await end();
});

test('nobody is served a packet before it is kept: neither who asked first nor who comes meanwhile', async () => {
  let keep: () => void = () => {};
  let noting: Promise<void> | undefined;
  const note = () => {
    noting = new Promise((resolve) => {
      keep = resolve;
    });
    return noting;
  };
  const source = new ScriptedSource();
  const finder = new Finder({
    sources: [source],
    cache: new PacketCache(1_000_000),
    archive: { ...noArchive, note, whenNoted: () => noting },
    settings: defaultFinderSettings,
    now: () => 0,
  });
  const served: string[] = [];
  const read = (who: string) =>
    finder
      .read(key.publicKey, { freshness: 'fresh', signal: AbortSignal.timeout(5_000) })
      .then(({ kind }) => served.push(`${who}: ${kind}`));
  const first = read('first');
  source.last.emit({ kind: 'packet', packet: signedPacket(key, 200), from: 'a' });
  while (finder.statistics().keysHeld === 0) await new Promise(setImmediate);
  const second = read('second');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(served, []);
  keep();
  await Promise.all([first, second]);
  assert.deepEqual(served.sort(), ['first: found', 'second: found']);
  finder.close();
});
