import assert from 'node:assert/strict';
import { test } from 'node:test';
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
