import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache, type CachedState, type Hit } from '../../src/cache/answer-cache.ts';
import { packMessage } from '../../src/cache/packed-reply.ts';
import { questionKey } from '../../src/cache/question-key.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import type { ExtendedError } from '../../src/dns/extended-error.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { recordsAnswer, toMessage } from '../../src/resolve/answer.ts';
import { query } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';

/** What of a question and its answer differs from `A` with address 192.0.2.1 for 600 s. */
interface Parts {
  readonly type?: number;
  readonly flags?: number;
  readonly address?: string;
  readonly ttl?: number;
  readonly extendedErrors?: readonly ExtendedError[];
}

/** A cache with time that the test moves. */
function scene(maxBytes = 1_000_000, isOrdinary?: (name: Name) => boolean) {
  const clock = { time: 1_000_000 };
  const options = isOrdinary === undefined ? {} : { isOrdinary };
  const cache = new AnswerCache({ maxBytes, maxStale: 86_400, now: () => clock.time, ...options });
  const keyOf = (name: string, { type = Type.A, flags = 0 }: Parts = {}) => {
    const request = encodeMessage(query(name, type));
    return questionKey(request, request.length - 4, flags);
  };
  const pack = (name: string, rcode: number, parts: Parts) => {
    const { type = Type.A, address = '192.0.2.1', ttl = 600, extendedErrors = [] } = parts;
    const question = { name: Name.parse(name), type, class: 1 };
    const answers = rcode === Rcode.NOERROR ? [{ ...aRecord(name, address, ttl), type }] : [];
    const message = toMessage(recordsAnswer({ rcode, answers }), question);
    return packMessage(message, { rcode, extendedErrors, authenticData: false });
  };
  return {
    clock,
    cache,
    put: (name: string, parts: Parts = {}, begun?: number) =>
      cache.put(keyOf(name, parts), pack(name, Rcode.NOERROR, parts), begun),
    fail: (name: string, begun?: number) =>
      cache.putFailure(keyOf(name), pack(name, Rcode.SERVFAIL, {}), begun),
    state: (name: string, parts?: Parts): CachedState | undefined => cache.find(keyOf(name, parts))?.state,
    /** The last octet of the address that is held, or undefined. `level` is where it was found. */
    hit(
      name: string,
      parts: Parts = {},
    ): { readonly last: number | undefined; readonly level: 1 | 2 } | undefined {
      const request = encodeMessage(query(name, parts.type));
      const hit: Hit = { slot: -1, entry: undefined };
      if (!cache.findHit(hit, request, request.length - 4, parts.flags ?? 0, clock.time)) return undefined;
      cache.countHit(hit);
      if (hit.slot < 0) return { last: hit.entry?.octets.charCodeAt(hit.entry.length - 1), level: 2 };
      const target = Buffer.alloc(cache.firstLevel.length(hit.slot));
      cache.firstLevel.write(hit.slot, target, 0, clock.time);
      return { last: target.at(-1), level: hit.entry === undefined ? 1 : 2 };
    },
  };
}

/** A scene with so many answers that one which is used is not moved to the recently used with each use. */
function busyScene(isOrdinary?: (name: Name) => boolean) {
  const busy = scene(4_000_000, isOrdinary);
  for (let i = 0; i < 200; i++) busy.put(`other${i}.test`);
  /** Uses an answer until it is found in the first-level cache. */
  const warm = (name: string, parts?: Parts) => {
    busy.hit(name, parts);
    assert.equal(busy.hit(name, parts)?.level, 1, name);
  };
  return { ...busy, warm };
}

test('an answer that was replaced, evicted or has expired is not found in the first-level cache either', () => {
  const { cache, clock, put, hit, warm } = busyScene();
  put('a.example', { address: '192.0.2.2' });
  warm('a.example');
  put('a.example', { address: '192.0.2.3' });
  assert.equal(hit('a.example')?.last, 3);
  warm('a.example');
  put('a.example', { ttl: 0 });
  assert.equal(hit('a.example'), undefined, 'a TTL of 0 ends the older answer');
  put('a.example', { address: '192.0.2.4' });
  warm('a.example');
  cache.flush(Name.parse('example'));
  assert.equal(hit('a.example'), undefined);
  put('a.example', { address: '192.0.2.5' });
  warm('a.example');
  for (let i = 0; i < 10_000; i++) put(`more${i}.test`);
  assert.equal(hit('a.example'), undefined, 'evicted');
  put('a.example', { address: '192.0.2.6' });
  warm('a.example');
  clock.time += 600_000;
  assert.equal(hit('a.example'), undefined);
});

test('questions that share a hash are told apart by name, type, class and flags', () => {
  const { cache, put, hit, warm } = busyScene();
  // What differs in the bit that makes lower case of a letter hashes alike: _ and DEL, types 0xff01 and 0xff21; and flags
  // do not count.
  const questions: readonly (readonly [name: string, parts: Parts])[] = [
    ['a_b.example', { address: '192.0.2.11', type: 0xff01 }],
    ['a\\127b.example', { address: '192.0.2.12', type: 0xff01 }],
    ['a_b.example', { address: '192.0.2.13', type: 0xff21 }],
    ['a_b.example', { address: '192.0.2.14', type: 0xff01, flags: 1 }],
    ['a_b.example', { address: '192.0.2.15', type: 0xff01, flags: 2 }],
  ];
  const hashes = questions.map(([name, { type }]) => {
    const request = encodeMessage(query(name, type));
    return cache.firstLevel.hash(request, request.length - 4);
  });
  assert.equal(new Set(hashes).size, 1, 'they share a hash');
  for (const [name, parts] of questions) {
    assert.equal(hit(name, parts), undefined, name);
    put(name, parts);
    warm(name, parts);
  }
  for (const [name, parts] of questions) {
    assert.deepEqual(hit(name, parts), { last: Number(parts.address?.split('.')[3]), level: 1 });
  }
  // The class is never another than IN where answers are looked for; the cache does not rest on that.
  const request = encodeMessage(query('a_b.example', 0xff01));
  request[request.length - 1] = 3;
  const [hash = 0] = hashes;
  assert.equal(cache.firstLevel.find(hash, request, request.length - 4, 0, cache.generation, 1_000_000), -1);
});

test('a forgotten name is found no more with all below it, and every other name still is', () => {
  const { cache, clock, put, hit, warm, state } = busyScene();
  const names = ['key', 'www.key', 'a.b.key', 'key.suffix.test', 'www.key.suffix.test'];
  const others = ['xkey', 'key.example', 'suffix.test', 'wwwkey.suffix.test'];
  for (const name of [...names, ...others]) {
    put(name);
    warm(name);
  }
  cache.forget(Name.parse('KEY'));
  cache.forget(Name.parse('Key.Suffix.Test'));
  for (const name of names) {
    assert.equal(hit(name), undefined, name);
    assert.equal(state(name), undefined, name);
  }
  for (const name of others) {
    assert.equal(hit(name)?.last, 1, name);
    warm(name);
  }
  // Not even as a stale answer.
  clock.time += 700_000;
  assert.deepEqual([state('www.key'), state('key.example')], [undefined, 'stale']);
  put('www.key', { address: '192.0.2.9' });
  warm('www.key');
});

test('a name is forgotten in the same time, however many answers are held', () => {
  const spent = [1_000_000, 16_000_000].map((maxBytes) => {
    const { cache, put } = scene(maxBytes);
    for (let i = 0; i < maxBytes / 600; i++) put(`n${i}.example`);
    const start = performance.now();
    for (let i = 0; i < 1_000; i++) cache.forget(Name.parse(`key${i}.example`));
    return performance.now() - start;
  });
  const [few = 0, many = 0] = spent;
  // A walk over 25,000 entries takes some milliseconds; a thousand of them would take seconds.
  assert.ok(many < few * 4 + 100, `${few} ms, then ${many} ms`);
});

test('however many names are forgotten, none is found again', () => {
  const { cache, put, hit } = scene(8_000_000);
  for (let i = 0; i < 6_000; i++) put(`n${i}.example`);
  for (let i = 0; i < 6_000; i++) cache.forget(Name.parse(`n${i}.example`));
  for (let i = 0; i < 6_000; i++) assert.equal(hit(`n${i}.example`), undefined, `n${i}`);
  put('n1.example');
  assert.equal(hit('n1.example')?.last, 1);
});

test('an answer that was begun before a name in it was forgotten is not kept, and every other is', () => {
  const { cache, put, fail, hit, state } = scene();
  const begun = cache.generation;
  cache.forget(Name.parse('key'));
  put('www.key', {}, begun);
  put('www.example', {}, begun);
  fail('other.key', begun);
  assert.equal(hit('www.key'), undefined);
  assert.equal(hit('www.example')?.last, 1);
  assert.equal(state('other.key'), undefined);
  const now = cache.generation;
  put('www.key', {}, now);
  fail('other.key', now);
  assert.equal(state('other.key'), 'fresh');
  assert.equal(hit('www.key')?.last, 1);
});

test('a change of the network ends failures, and what is begun before and fails after it is not remembered', () => {
  const { cache, fail, clock } = scene();
  const failures = () => cache.peek(`${Name.parse('a.example').key}\0\u0001\0`)?.failures;
  const begun = cache.generation;
  fail('a.example');
  clock.time += 6_000;
  fail('a.example');
  assert.equal(failures(), 2);
  cache.forgetFailures();
  assert.equal(failures(), undefined);
  fail('a.example', begun);
  assert.equal(failures(), undefined);
  fail('a.example');
  assert.equal(failures(), 1);
});

test('a change of the network has a stale answer asked for again at once', () => {
  const { cache, put, fail, clock, state } = scene();
  put('a.example', { ttl: 10 });
  clock.time += 11_000;
  assert.equal(state('a.example'), 'stale');
  fail('a.example');
  clock.time += 29_999;
  assert.equal(state('a.example'), 'stale-at-once');
  clock.time += 1;
  assert.equal(state('a.example'), 'stale');
  fail('a.example');
  cache.forgetFailures();
  assert.equal(state('a.example'), 'stale');
});

test('when upstreams change, answers for ordinary names are stale, and those for names of keys stay fresh', () => {
  const { cache, clock, put, hit, warm, state } = busyScene((name) => name.labels.at(-1) !== 'key');
  const begun = cache.generation;
  for (const name of ['www.key', 'www.example']) {
    put(name);
    warm(name);
  }
  cache.expireOrdinary();
  assert.equal(hit('www.key')?.last, 1);
  warm('www.key');
  assert.equal(hit('www.example'), undefined);
  assert.equal(state('www.example'), 'stale');
  clock.time += 1_000;
  put('late.example', {}, begun);
  put('late.key', {}, begun);
  assert.equal(state('late.example'), 'stale', 'one that the old upstreams were asked for');
  assert.equal(state('late.key'), 'fresh');
  put('www.example', { address: '192.0.2.2' });
  assert.equal(hit('www.example')?.last, 2);
  clock.time += 86_400_000;
  assert.equal(state('late.example'), undefined, 'a day later it is of no use at all');
});

test('flushing a name frees what is held for it and all below it, counts it, and keeps what was begun before out', () => {
  const { cache, put, hit } = scene();
  const names = ['example', 'www.example', 'a.b.example'];
  const others = ['xexample', 'example.test', 'www.xexample', 'test'];
  for (const name of [...names, ...others]) put(name);
  const begun = cache.generation;
  assert.equal(cache.flush(Name.parse('Example')), 3);
  assert.equal(cache.statistics().entries, 4);
  for (const name of names) assert.equal(hit(name), undefined, name);
  for (const name of others) assert.equal(hit(name)?.last, 1, name);
  put('www.example', {}, begun);
  assert.equal(hit('www.example'), undefined);
  cache.forget(Name.parse('test'));
  assert.equal(cache.flush(Name.root), 2, 'what was forgotten before does not count');
  assert.equal(cache.statistics().entries, 0);
});

test('a name is the same in any case from A to Z, and only its letters have one', () => {
  const { cache, put, warm } = busyScene();
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const found = (name: string, type: number = Type.A) => {
    const request = encodeMessage(query(name, type));
    const [hash, end] = [cache.firstLevel.hash(request, request.length - 4), request.length - 4];
    return cache.firstLevel.find(hash, request, end, 0, cache.generation, 1_000_000) >= 0;
  };
  put(`${letters}.example`);
  warm(`${letters}.example`);
  assert.ok(found(`${letters.toUpperCase()}.EXAMPLE`));
  // @ and [ are beside A and Z, and ` and { beside a and z; and a type is no letter: 0xff61 is not 0xff41.
  for (const [held, asked] of [
    ['\\096.example', '\\064.example'],
    ['\\123.example', '\\091.example'],
  ] as const) {
    put(held);
    warm(held);
    assert.ok(!found(asked), asked);
  }
  put('a.example', { type: 0xff61 });
  warm('a.example', { type: 0xff61 });
  put('a.example', { type: 0x61ff });
  warm('a.example', { type: 0x61ff });
  assert.ok(!found('a.example', 0xff41));
  assert.ok(!found('a.example', 0x41ff));
});

test('the first-level cache knows whose AD bit may be shown', () => {
  const { cache, clock } = busyScene();
  for (const authenticData of [true, false, true]) {
    const request = encodeMessage(query('a.example'));
    const question = { name: Name.parse('a.example'), type: Type.A, class: 1 };
    const message = toMessage(recordsAnswer({ answers: [aRecord('a.example', '192.0.2.1', 600)] }), question);
    const facts = { rcode: 0, extendedErrors: [], authenticData };
    cache.put(questionKey(request, request.length - 4, 0), packMessage(message, facts));
    const hit: Hit = { slot: -1, entry: undefined };
    for (let i = 0; i < 2; i++) cache.findHit(hit, request, request.length - 4, 0, clock.time);
    assert.ok(hit.slot >= 0 && hit.entry === undefined);
    assert.equal(cache.firstLevel.isAuthentic(hit.slot), authenticData);
  }
});

test('hits and misses are counted, whichever level an answer comes from', () => {
  const { cache, put, hit, state } = scene();
  const counts = () => [cache.statistics().hits, cache.statistics().misses];
  hit('a.example');
  assert.deepEqual(counts(), [0, 0], 'what findHit does not find is left to find');
  state('a.example');
  put('a.example');
  hit('a.example');
  state('a.example');
  assert.deepEqual(counts(), [2, 1]);
});

test('an answer that is too long for a slot, or has too many records, is found in the second level', () => {
  const { hit, cache, clock } = busyScene();
  const pack = (name: string, count: number, padding: number) => {
    const request = encodeMessage(query(name, 0xff01));
    const question = { name: Name.parse(name), type: 0xff01, class: 1 };
    const rdata = new Uint8Array(padding).fill(9);
    const answers = Array.from({ length: count }, () => ({ ...aRecord(name, '', 600), type: 0xff01, rdata }));
    const message = toMessage(recordsAnswer({ answers }), question);
    const reply = packMessage(message, { rcode: 0, extendedErrors: [], authenticData: false });
    cache.put(questionKey(request, request.length - 4, 0), reply);
    return reply.bytes.length;
  };
  // Header, question, and records of 12 octets and their RDATA.
  const room = 220 - 12 - 15 - 12;
  const cases: readonly (readonly [name: string, count: number, padding: number, level: 1 | 2])[] = [
    ['a.example', 1, room, 1],
    ['b.example', 1, room + 1, 2],
    ['c.example', 8, 1, 1],
    ['d.example', 9, 1, 2],
  ];
  for (const [name, count, padding, level] of cases) {
    const length = pack(name, count, padding);
    for (let i = 0; i < 3; i++) hit(name, { type: 0xff01 });
    const found = hit(name, { type: 0xff01 });
    assert.deepEqual(found, { last: 9, level }, `${name} ${length}`);
  }
  clock.time += 600_000;
  for (const [name] of cases) assert.equal(hit(name, { type: 0xff01 }), undefined);
});

test('names that share slots are never taken for one another', () => {
  // Room for four answers in the first-level cache, and for all entries.
  const { put, hit } = scene(4 * 4 * 260);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((label) => `${label}.example`);
  for (const [i, name] of names.entries()) put(name, { address: `192.0.2.${i + 10}` });
  for (let round = 0; round < 50; round++) {
    for (const [i, name] of names.entries()) {
      const found = hit(name);
      if (found !== undefined) assert.equal(found.last, i + 10, name);
    }
  }
  assert.equal(hit('f.example')?.last, 15);
});

test('nearly every small answer is in the first-level cache, though its slots are more than half full', () => {
  // 1024 slots.
  const { put, hit } = scene(4 * 1024 * 260);
  const names = Array.from({ length: 640 }, (_, i) => `n${i}.example`);
  for (const name of names) put(name);
  // Asked twice, so that it is there and counts as just stored.
  for (const name of [...names, ...names]) hit(name);
  const there = names.filter((name) => hit(name)?.level === 1).length;
  assert.ok(there >= 0.97 * names.length, `${there} of ${names.length}`);
});

test('what is asked for stays, however much is stored that is not', () => {
  const { put, hit, cache } = scene(400_000);
  put('used.example', { address: '192.0.2.7' });
  for (let i = 0; i < 5_000; i++) {
    put(`n${i}.example`);
    assert.equal(hit('used.example')?.last, 7, `after ${i} others`);
  }
  assert.ok(cache.statistics().entries < 1_000, 'others had to go');
});

test('the octets that are held stay within the bound, extended errors counted', () => {
  for (const text of ['', 'x'.repeat(5_000)]) {
    const { put, cache } = scene(200_000);
    const extendedErrors = text === '' ? [] : [{ code: 0, text }];
    for (let i = 0; i < 3_000; i++) put(`n${i}.example`, { extendedErrors });
    const { bytes, entries } = cache.statistics();
    assert.ok(bytes <= 200_000, `${bytes}`);
    assert.ok(entries > 0 && entries * text.length <= 200_000, `${entries}`);
  }
});

test('that it is time to refresh is said once, to the second who asks in the last tenth of a life', () => {
  const { clock, put, state, hit } = scene();
  put('once.example');
  put('twice.example');
  assert.equal(hit('twice.example')?.last, 1);
  clock.time += 541_000;
  assert.deepEqual([hit('twice.example'), state('twice.example')], [undefined, 'fresh-refresh-ahead']);
  assert.equal(state('twice.example'), 'fresh', 'said once');
  assert.equal(hit('twice.example')?.last, 1);
  assert.equal(state('once.example'), 'fresh-refresh-ahead');
});

test('a failure is remembered for 5 s, twice as long each time, and never more than 60 s; it is no hit', () => {
  const { clock, fail, state, hit } = scene();
  for (const seconds of [5, 10, 20, 40, 60, 60]) {
    fail('a.example');
    assert.equal(hit('a.example'), undefined);
    clock.time += seconds * 1000 - 1;
    assert.equal(state('a.example'), 'fresh');
    clock.time += 1;
    assert.equal(state('a.example'), undefined, `${seconds}`);
  }
});

test('a failure takes the place of an answer only when that is too old even to be stale', () => {
  const { clock, put, fail, state } = scene();
  put('a.example');
  clock.time += 600_000 + 86_399_000;
  fail('a.example');
  assert.equal(state('a.example'), 'stale-at-once');
  clock.time += 1_000;
  fail('a.example');
  assert.equal(state('a.example'), 'fresh', 'the failure itself');
});
