import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache, type Hit } from '../../src/cache/answer-cache.ts';
import { packMessage } from '../../src/cache/packed-reply.ts';
import { questionKey } from '../../src/cache/question-key.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { recordsAnswer, toMessage } from '../../src/resolve/answer.ts';
import { query } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';

/** A cache with time that the test moves. */
function scene(maxBytes: number) {
  const clock = { time: 1_000_000 };
  const cache = new AnswerCache({ maxBytes, maxStale: 86_400, now: () => clock.time });
  const octets = (name: string) => encodeMessage(query(name));
  return {
    clock,
    cache,
    put(name: string, address = '192.0.2.1', ttl = 600) {
      const request = octets(name);
      const question = { name: Name.parse(name), type: 1, class: 1 };
      const message = toMessage(recordsAnswer({ answers: [aRecord(name, address, ttl)] }), question);
      const reply = packMessage(message, { rcode: 0, extendedErrors: [], authenticData: false });
      cache.put(questionKey(request, request.length - 4, 0), reply);
    },
    /** The last octet of the address that is held, or undefined. */
    hit(name: string): number | undefined {
      const request = octets(name);
      const hit: Hit = { place: -1, entry: undefined };
      if (!cache.findHit(hit, request, request.length - 4, 0, clock.time)) return undefined;
      cache.countHit(hit);
      if (hit.place < 0) return hit.entry?.octets.charCodeAt(hit.entry.length - 1);
      const target = Buffer.alloc(cache.near.length(hit.place));
      cache.near.write(hit.place, target, 0, clock.time);
      return target.at(-1);
    },
  };
}

test('an answer that was replaced, forgotten or has expired is not found among the near ones either', () => {
  const { cache, clock, put, hit } = scene(1_000_000);
  put('a.example', '192.0.2.1');
  assert.deepEqual([hit('a.example'), hit('a.example'), hit('A.Example')], [1, 1, 1]);
  put('a.example', '192.0.2.2');
  assert.deepEqual([hit('a.example'), hit('a.example')], [2, 2]);
  cache.forget(Name.parse('example'));
  assert.equal(hit('a.example'), undefined);
  put('a.example', '192.0.2.3');
  assert.deepEqual([hit('a.example'), hit('a.example')], [3, 3]);
  clock.time += 600_000;
  assert.equal(hit('a.example'), undefined);
});

test('names that share places are never taken for one another', () => {
  // Room for four near answers, and for all entries.
  const { put, hit } = scene(4 * 4 * 260);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((label) => `${label}.example`);
  for (const [i, name] of names.entries()) put(name, `192.0.2.${i + 10}`);
  for (let round = 0; round < 50; round++) {
    for (const [i, name] of names.entries()) {
      const found = hit(name);
      if (found !== undefined) assert.equal(found, i + 10, name);
    }
  }
  assert.equal(hit('f.example'), 15);
});

test('nearly every small answer has a place near, though the places are more than half full', () => {
  // 1024 places.
  const { cache, put } = scene(4 * 1024 * 260);
  const names = Array.from({ length: 640 }, (_, i) => `n${i}.example`);
  for (const name of names) put(name);
  const isNear = (name: string) => {
    const request = encodeMessage(query(name));
    const hit: Hit = { place: -1, entry: undefined };
    assert.ok(cache.findHit(hit, request, request.length - 4, 0, 1_000_000));
    return hit.place >= 0 && hit.entry === undefined;
  };
  // Asked twice, so that it is there and counts as just stored.
  for (const name of [...names, ...names]) isNear(name);
  const near = names.filter(isNear).length;
  assert.ok(near >= 0.97 * names.length, `${near} of ${names.length}`);
});

test('what is asked for stays, however much is stored that is not', () => {
  const { put, hit, cache } = scene(400_000);
  put('used.example', '192.0.2.7');
  for (let i = 0; i < 5_000; i++) {
    put(`n${i}.example`);
    assert.equal(hit('used.example'), 7, `after ${i} others`);
  }
  assert.ok(cache.statistics().entries < 1_000, 'others had to go');
});

test('the octets that are held stay within the bound', () => {
  const { put, cache } = scene(200_000);
  for (let i = 0; i < 3_000; i++) put(`n${i}.example`);
  assert.ok(cache.statistics().bytes <= 200_000);
});
