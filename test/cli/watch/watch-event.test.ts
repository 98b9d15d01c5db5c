import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeSighting, type Sighting, unseen, type WatchState } from '../../../src/cli/watch/watch-event.ts';
import { aRecord, signedPacket, testKey } from '../../support/packets.ts';

const key = testKey(1);
const DAY = 86_400;
/** A packet that was signed this many days after day 100, with an address of that day. */
const packet = (day: number) =>
  signedPacket(key, (100 + day) * DAY, [aRecord(key.publicKey.text, `192.0.2.${day}`)]);
const seen = (day: number, held = 8): Sighting => ({ packet: packet(day), held, answered: 10 });
const nothing: Sighting = { packet: undefined, held: 0, answered: 10 };

/** The kinds of events of each of these lookups, each at a day after day 100. */
function story(...lookups: readonly (readonly [day: number, sighting: Sighting])[]): readonly string[] {
  let state: WatchState = unseen;
  return lookups.map(([day, sighting]) => {
    const judged = judgeSighting(state, sighting, (100 + day) * DAY * 1000);
    state = judged.state;
    return judged.events.map(({ kind, held }) => `${kind} ${held}`).join(', ');
  });
}

test('a packet is found once, and a newer one changes it', () => {
  assert.deepEqual(story([1, nothing], [1, seen(1)], [1, seen(1)], [2, seen(2)], [2, seen(2)]), [
    '',
    'found 8',
    '',
    'changed 8',
    '',
  ]);
});

test('a change has the packet before it, and its age', () => {
  const first = judgeSighting(unseen, seen(1), 101 * DAY * 1000);
  const [event] = judgeSighting(first.state, seen(2), (102 * DAY + 30) * 1000).events;
  assert.equal(event?.before?.timestamp, packet(1).timestamp);
  assert.equal(event?.ageSeconds, 30);
});

test('an older packet changes nothing, and the newest then has no holder', () => {
  assert.deepEqual(story([2, seen(2)], [2, seen(1)], [2, seen(1)]), ['found 8', 'fewer-nodes 0', '']);
});

test('a packet that is not signed anew ages, at a day, a week and a month', () => {
  const day = (after: number) => [1 + after, seen(1)] as const;
  assert.deepEqual(story(day(0), day(0.99), day(1), day(2), day(7), day(29), day(31), day(32)), [
    'found 8',
    '',
    'aged 8',
    '',
    'aged 8',
    '',
    'aged 8',
    '',
  ]);
  assert.deepEqual(
    story([50, seen(1)], [51, seen(1)]),
    ['found 8', ''],
    'how old it was at first is no event',
  );
});

test('half as many holders are told once, and again after half of those', () => {
  const holders = [8, 5, 9, 6, 4, 4, 3, 2, 1, 8, 4].map((held) => [1, seen(1, held)] as const);
  assert.deepEqual(story(...holders), [
    ...[
      'found 8',
      '',
      '',
      '',
      'fewer-nodes 4',
      '',
      '',
      'fewer-nodes 2',
      'fewer-nodes 1',
      '',
      'fewer-nodes 4',
    ],
  ]);
});

test('what is gone is told once, and may come back', () => {
  assert.deepEqual(
    story([1, seen(2)], [1, nothing], [1, nothing], [1, seen(2)], [1, nothing], [1, seen(1)]),
    ['found 8', 'gone 0', '', 'found 8', 'gone 0', 'changed 8'],
  );
});
