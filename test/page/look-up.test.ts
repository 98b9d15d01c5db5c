import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ANSWER, placedMarks } from '../../src/page/look-up/placed-marks.ts';
import { siteLink } from '../../src/page/look-up/site-link.ts';
import type { Asked, LookUpStep, PacketView } from '../../src/page/look-up/step.ts';
import { emptyView, tallyOf, withStep } from '../../src/page/look-up/view.ts';
import { whyOf } from '../../src/page/look-up/why.ts';

const key = 'yeewwbdysq95j7cpitkx9n1xkozc11hizxy8truct3uy8w1yzj1y';

function asked(said: Asked['said'], timestamp?: string): LookUpStep {
  const one: Asked = { who: 'node', label: '192.0.2.1:6881', atMs: 12, said, sharedBits: 9 };
  return { kind: 'asked', asked: { ...one, ...(timestamp !== undefined && { timestamp }) } };
}

const packet: PacketView = {
  key,
  signature: '00',
  message: '00',
  timestamp: '200',
  date: '2026-01-01T00:00:00.000000Z',
  age: '3 minutes',
  octets: 98,
  maxOctets: 995,
  records: [],
  atMs: 12,
};

const question: LookUpStep = {
  kind: 'question',
  question: { name: `${key}.`, type: 'A', key, command: `dig ${key} A` },
};
const answer = (isCached: boolean): LookUpStep => ({
  kind: 'answer',
  answer: { text: '', rcode: 'NOERROR', isCached, way: [], advice: [], tookMs: 20 },
});

function after(...steps: readonly LookUpStep[]) {
  return steps.reduce(withStep, emptyView(key, '', undefined));
}

test('those that hold the newest packet are told from those that hold another, have nothing, or are silent', () => {
  const view = after(
    ...[asked('item', '200'), asked('item', '100'), asked('seq', '200')],
    ...[asked('nothing'), asked('silent'), asked('refused')],
    { kind: 'packet', packet },
  );
  assert.deepEqual(tallyOf(view), { holders: 2, behind: 1, answered: 4, asked: 6 });
});

test('in the chart the nearer a node is, the further to the right it stands, those equally near on top of each other', () => {
  const one = (sharedBits: number | undefined, timestamp?: string, atMs = 1): Asked => ({
    ...{ who: 'node', label: '192.0.2.1:6881', atMs },
    said: sharedBits === undefined ? 'silent' : timestamp === undefined ? 'nothing' : 'item',
    ...(sharedBits !== undefined && { sharedBits }),
    ...(timestamp !== undefined && { timestamp }),
  });
  const asked = [
    one(3),
    one(5, '100', 900),
    one(undefined),
    one(5),
    one(12, '200'),
    one(5, '200', 2),
    one(undefined),
  ];
  const { marks, mostBits, highest, hasRelays } = placedMarks(asked, '200');
  assert.deepEqual([marks.length, mostBits, highest, hasRelays], [7, 12, 3, false]);
  const at = (sharedBits: number) => placedMarks([one(12), one(sharedBits)], '200').marks[1]?.x;
  const column = (x: number | undefined) =>
    marks
      .filter((mark) => mark.x === x)
      .sort((a, b) => a.row - b.row)
      .map(({ row, kind }) => [row, kind]);
  // Neither when they answered nor what they said moves anybody to the side.
  assert.deepEqual(column(at(5)), [
    [0, 'has'],
    [1, 'other'],
    [2, 'none'],
  ]);
  assert.deepEqual(column(at(3)), [[0, 'none']]);
  assert.deepEqual(column(at(12)), [[0, 'has']]);
  const places = [0, 3, 5, 12, 28, 160].map(
    (bits) => placedMarks([one(28), one(bits)], undefined).marks[1]?.x ?? 0,
  );
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
  // An id that nobody comes by is at the edge, and leaves the others where they are.
  assert.equal(places.at(-1), places.at(-2));
  const silent = column(NO_ANSWER);
  assert.deepEqual(silent, [
    [0, 'none'],
    [1, 'none'],
  ]);
  const relay: Asked = {
    who: 'relay',
    label: 'https://relay.example',
    atMs: 1,
    said: 'item',
    timestamp: '200',
  };
  const both = placedMarks([...asked, relay], '200');
  assert.ok(both.hasRelays && both.marks.filter(({ x }) => x > both.lastBitAt).length === 1);
});

test('where an answer came from is said by what was known before anybody was asked', () => {
  const why = (...steps: readonly LookUpStep[]) => whyOf(after(question, ...steps));
  assert.equal(why(), undefined);
  assert.match(why({ kind: 'place', place: 'memory' }, answer(true)) ?? '', /^From the cache of answers/);
  assert.match(
    why({ kind: 'place', place: 'memory' }, answer(false)) ?? '',
    /^From the signed packet in memory/,
  );
  assert.match(
    why({ kind: 'place', place: 'store' }, answer(false)) ?? '',
    /^From the signed packet on disk/,
  );
  assert.match(
    why({ kind: 'place', place: 'nowhere' }, asked('item', '200'), answer(false)) ?? '',
    /^From the network, .* 192\.0\.2\.1:6881, after 12\sms\. It took 20\sms\.$/,
  );
});

test('a link to the site is there for what is a host in every browser, and for nothing else', () => {
  const linkOf = (name: string) =>
    siteLink({
      ...after(
        { kind: 'question', question: { name, type: 'A', key, command: '' } },
        { kind: 'packet', packet },
      ),
      gatewayPort: 8053,
    });
  for (const labels of ['', 'www.', 'a-b.c1.', 'xn--mnchen-3ya.', '7.', `${'a'.repeat(63)}.`])
    assert.equal(linkOf(`${labels}${key}.`), `http://${labels}${key}.localhost:8053/`);
  for (const labels of [
    '*.user.',
    '_sip._udp.',
    'a_b.',
    '-a.',
    'a-.',
    'a\\032b.',
    'a\\.b.',
    '*.',
    `${'a'.repeat(64)}.`,
    'abcdefghi.'.repeat(20),
  ])
    assert.equal(linkOf(`${labels}${key}.`), undefined, labels);
  assert.equal(siteLink(after({ kind: 'packet', packet })), undefined);
});
