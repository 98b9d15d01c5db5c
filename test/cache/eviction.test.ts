import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LRUCache } from 'lru-cache';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { type PackedReply, packMessage } from '../../src/cache/packed-reply.ts';
import { questionKey } from '../../src/cache/question-key.ts';
import { Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import { recordsAnswer, toMessage } from '../../src/resolve/answer.ts';
import { aRecord } from '../support/packets.ts';
import { randomFrom } from '../support/random.ts';

function cacheOf(maxBytes: number): AnswerCache {
  return new AnswerCache({ maxBytes, maxStale: 0, now: () => 0, seed: 5 });
}

/** An answer with so many addresses, for name number `i`. */
function replyFor(i: number, addresses = 1): PackedReply {
  const name = `n${String(i).padStart(7, '0')}.bench.example`;
  const question = { name: Name.parse(name), type: Type.A, class: 1 };
  const answers = Array.from({ length: addresses }, () => aRecord(name, '192.0.2.1', 600));
  return packMessage(toMessage(recordsAnswer({ answers }), question), {
    rcode: 0,
    extendedErrors: [],
    authenticData: false,
  });
}

/** Uses an answer, or stores it. @returns whether it was there. */
function use(cache: AnswerCache, reply: PackedReply): boolean {
  const { bytes, questionEnd } = reply;
  const at = cache.findHit(bytes, questionEnd - 4, 0, 0);
  if (at >= 0) cache.countHit(at);
  else cache.put(questionKey(bytes, questionEnd - 4, 0), reply);
  return at >= 0;
}

/** Names drawn by a Zipf law; 0 is the most popular. */
function* zipfDraws(names: number, exponent: number, draws: number): Generator<number> {
  const sums = new Float64Array(names);
  let sum = 0;
  for (let i = 0; i < names; i++) {
    sum += 1 / (i + 1) ** exponent;
    sums[i] = sum;
  }
  const random = randomFrom(1);
  for (let i = 0; i < draws; i++) {
    const goal = random() * sum;
    let [low, high] = [0, names - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > goal) high = middle;
      else low = middle + 1;
    }
    yield low;
  }
}

test('of names drawn by a Zipf law as many are found as with LRU', () => {
  for (const names of [1_000, 10_000]) {
    const replies = Array.from({ length: names }, (_, i) => replyFor(i));
    for (const exponent of [0.7, 1]) {
      const cache = cacheOf(names * 11);
      for (const reply of replies) use(cache, reply);
      const lru = new LRUCache<number, boolean>({ max: cache.statistics().entries });
      const hits = { cache: 0, lru: 0 };
      for (const i of zipfDraws(names, exponent, 100_000)) {
        if (use(cache, replies[i] as PackedReply)) hits.cache++;
        if (lru.get(i)) hits.lru++;
        else lru.set(i, true);
      }
      assert.ok(hits.lru > 20_000, `${hits.lru} hits of LRU`);
      assert.ok(hits.cache > 0.99 * hits.lru, `${hits.cache} hits of ${names}, ${hits.lru} of LRU`);
    }
  }
});

test('sixteen megabytes hold a hundred thousand answers with an address, and a million names no more than that', () => {
  const cache = cacheOf(16e6);
  let most = 0;
  for (let i = 0; i < 40_000; i++) {
    const reply = replyFor(i);
    // 25 names of an attack share what it takes to make a reply.
    for (let letter = 0x61; letter < 0x61 + 25; letter++) {
      reply.bytes[13] = letter;
      cache.put('\0', reply);
    }
    most = Math.max(most, cache.statistics().entries);
  }
  const { bytes, evictions } = cache.statistics();
  assert.ok(most >= 100_000, `${most}`);
  assert.ok(bytes <= 16e6 && bytes > 14e6, `${bytes}`);
  assert.ok(evictions >= 800_000, `${evictions}`);
});

test('what replaces answers of other lengths all the time leaves those that are not used where they are', () => {
  const cache = cacheOf(1_000_000);
  const others = Array.from({ length: 4_000 }, (_, i) => replyFor(i));
  for (const reply of others) use(cache, reply);
  // A hundred names whose answers become longer and shorter with each time they are asked for.
  const changing = Array.from({ length: 900 }, (_, i) => replyFor(10_000 + (i % 100), 1 + (i % 9)));
  for (let i = 0; i < 100_000; i++) cache.put('\0', changing[(i * 7) % 900] as PackedReply);
  const left = others.filter((reply) => use(cache, reply)).length;
  assert.ok(left >= 3_900, `${left} of 4000`);
  assert.ok(cache.statistics().entries <= 4_110);
});

test('an answer that would take more than a quarter of the memory is not kept, and ends the older one', () => {
  const cache = cacheOf(64_000);
  for (let i = 0; i < 200; i++) use(cache, replyFor(i));
  const { entries } = cache.statistics();
  assert.ok(use(cache, replyFor(7)));
  // 64,000 octets, as many as a message can have.
  const large = replyFor(7, 4_000);
  cache.put('\0', large);
  assert.equal(cache.statistics().entries, entries - 1);
  assert.ok(!use(cache, large), 'not there');
  assert.equal(cache.statistics().entries, entries - 1);
});

test('an insertion takes the same time, however many answers are used, replaced and dead', () => {
  const turn = (cache: AnswerCache, replies: readonly PackedReply[], isUsed: boolean) => {
    for (const reply of replies) use(cache, reply);
    if (isUsed) for (const reply of replies) use(cache, reply);
    let longest = 0;
    for (let i = 0; i < 200; i++) {
      const reply = replyFor(500_000 + i);
      const before = cache.statistics().evictions;
      cache.put('\0', reply);
      longest = Math.max(longest, cache.statistics().evictions - before);
    }
    return longest;
  };
  const replies = Array.from({ length: 20_000 }, (_, i) => replyFor(i));
  for (const isUsed of [false, true]) {
    const evicted = turn(cacheOf(1_000_000), replies, isUsed);
    assert.ok(evicted <= 3, `${evicted} for one`);
  }
});
