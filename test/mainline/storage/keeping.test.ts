import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { targetOf } from '../../../src/bep44/target.ts';
import { ItemStore } from '../../../src/mainline/storage/item-store.ts';
import { PeerStore } from '../../../src/mainline/storage/peer-store.ts';
import { WriteTokens } from '../../../src/mainline/storage/write-tokens.ts';
import { newAuthor } from '../support/items.ts';

const MINUTE = 60_000;

test('a token is accepted from its own host for at least five minutes and at most ten', () => {
  for (const age of [0, 1, 2, 3, 4]) {
    const tokens = new WriteTokens(randomBytes, 0);
    const given = age * MINUTE;
    const token = tokens.tokenFor('1.2.3.4', given);
    assert.ok(!tokens.accepts(token, '1.2.3.5', given), 'another host');
    for (let minute = 0; minute <= 15; minute++) {
      const isAccepted = tokens.accepts(token, '1.2.3.4', given + minute * MINUTE);
      if (minute < 5) assert.ok(isAccepted, `${minute} minutes old`);
      if (minute >= 10) assert.ok(!isAccepted, `${minute} minutes old`);
    }
  }
});

test('after a long time without a query a token of before is not accepted', () => {
  const tokens = new WriteTokens(randomBytes, 0);
  const token = tokens.tokenFor('1.2.3.4', 0);
  assert.ok(!tokens.accepts(token, '1.2.3.4', 60 * MINUTE));
  const next = tokens.tokenFor('1.2.3.4', 60 * MINUTE);
  assert.ok(tokens.accepts(next, '1.2.3.4', 64 * MINUTE));
});

test('when there is no room, the item gives way that nobody put or asked for the longest', () => {
  const store = new ItemStore(3);
  const [one, two, three, four] = Array.from({ length: 4 }, () => newAuthor().item(1n, 'x'));
  assert.ok(one && two && three && four);
  const put = ({ key, seq, signature, value }: typeof one) =>
    store.put({ method: 'put', token: Buffer.alloc(1), value, signed: { key, seq, signature } });
  for (const item of [one, two, three]) assert.equal(put(item), undefined);
  store.get(targetOf(one.key));
  assert.equal(put(two), undefined, 'put once more');
  assert.equal(put(four), undefined);
  assert.equal(store.size, 3);
  const isKept = ({ key }: typeof one) => store.get(targetOf(key)) !== undefined;
  assert.deepEqual([one, two, three, four].map(isKept), [true, true, false, true]);
});

test('what is kept does not change with the datagram that brought it', () => {
  const store = new ItemStore(1);
  const author = newAuthor();
  const { key, seq, signature, value } = author.sign(1n, 'signed');
  const datagram = Buffer.concat([key, signature, value]);
  const signed = { key: datagram.subarray(0, 32), seq, signature: datagram.subarray(32, 96) };
  store.put({ method: 'put', token: Buffer.alloc(1), value: datagram.subarray(96), signed });
  datagram.fill(0);
  const kept = store.get(targetOf(author.key));
  assert.equal(Buffer.from(kept?.value ?? []).toString(), 'signed');
  assert.deepEqual(kept?.signed?.signature, new Uint8Array(signature));
});

test('of a torrent the peers announced last are kept, each once, for 45 minutes', () => {
  const store = new PeerStore();
  const torrent = randomBytes(20);
  const peer = (n: number) => Buffer.from([1, 2, 3, 4, 0, n]);
  for (let n = 1; n <= 40; n++) store.add(torrent, peer(n), n);
  store.add(torrent, peer(20), 41);
  const told = (count: number, now: number) => store.get(torrent, count, now).map((address) => address[5]);
  assert.deepEqual(told(3, 41), [39, 40, 20]);
  assert.equal(told(100, 41).length, 32);
  assert.deepEqual(told(100, 40 + 45 * MINUTE), [20]);
  store.add(torrent, peer(1), 90 * MINUTE);
  assert.deepEqual(told(100, 90 * MINUTE), [1]);
  assert.deepEqual(store.get(randomBytes(20), 100, 0), []);
});
