import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache, type CachedState } from '../../src/cache/answer-cache.ts';
import { packMessage } from '../../src/cache/packed-reply.ts';
import { QuestionHash } from '../../src/cache/question-hash.ts';
import { type AskedQuestion, questionKey } from '../../src/cache/question-key.ts';
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
  const ask = (name: string, { type = Type.A, flags = 0 }: Parts = {}): AskedQuestion => {
    const bytes = encodeMessage(query(name, type));
    return { bytes, questionEnd: bytes.length, keyFlags: flags };
  };
  const keyOf = (name: string, parts?: Parts) => {
    const { bytes, questionEnd, keyFlags } = ask(name, parts);
    return questionKey(bytes, questionEnd - 4, keyFlags);
  };
  const pack = (name: string, rcode: number, parts: Parts) => {
    const { type = Type.A, address = '192.0.2.1', ttl = 600, extendedErrors = [] } = parts;
    const question = { name: Name.parse(name), type, class: 1 };
    const answers = rcode === Rcode.NOERROR ? [{ ...aRecord(name, address, ttl), type }] : [];
    const message = toMessage(recordsAnswer({ rcode, answers }), question);
    return packMessage(message, { rcode, extendedErrors, authenticData: false });
  };
  /** The last octet of the address that the hot path finds, or undefined. */
  const hit = (name: string, parts?: Parts): number | undefined => {
    const { bytes, questionEnd, keyFlags } = ask(name, parts);
    const at = cache.findHit(bytes, questionEnd - 4, keyFlags, clock.time);
    if (at < 0) return undefined;
    cache.countHit(at);
    const target = Buffer.alloc(cache.records.length(at));
    cache.records.write(at, target, 0, clock.time);
    return target.at(-1);
  };
  return {
    clock,
    cache,
    ask,
    put: (name: string, parts: Parts = {}, begun?: number) =>
      cache.put(keyOf(name, parts), pack(name, Rcode.NOERROR, parts), begun),
    fail: (name: string, begun?: number) =>
      cache.putFailure(keyOf(name), pack(name, Rcode.SERVFAIL, {}), begun),
    state: (name: string, parts?: Parts): CachedState | undefined => cache.find(ask(name, parts))?.state,
    failures: (name: string): number | undefined => cache.peek(ask(name))?.failures,
    hit,
    /** Uses an answer that is there. */
    use: (name: string, parts?: Parts): void => {
      for (let i = 0; i < 3; i++) assert.ok(hit(name, parts) !== undefined, name);
    },
  };
}

test('an answer that was replaced, evicted or has expired is not found', () => {
  const { cache, clock, put, hit, use } = scene();
  put('a.example', { address: '192.0.2.2' });
  use('a.example');
  put('a.example', { address: '192.0.2.3' });
  assert.equal(hit('a.example'), 3);
  use('a.example');
  put('a.example', { ttl: 0 });
  assert.equal(hit('a.example'), undefined, 'a TTL of 0 ends the older answer');
  put('a.example', { address: '192.0.2.4' });
  use('a.example');
  cache.flush(Name.parse('example'));
  assert.equal(hit('a.example'), undefined);
  put('a.example', { address: '192.0.2.5' });
  use('a.example');
  for (let i = 0; i < 30_000; i++) put(`more${i}.test`);
  assert.equal(hit('a.example'), undefined, 'evicted');
  put('a.example', { address: '192.0.2.6' });
  use('a.example');
  clock.time += 600_000;
  assert.equal(hit('a.example'), undefined);
});

test('questions that share a hash are told apart by name, type, class and flags', () => {
  const { cache, clock, put, hit, use } = scene();
  // Octets of a type that look like letters hash alike in both cases; and flags do not count.
  const questions: readonly (readonly [name: string, parts: Parts])[] = [
    ['a.example', { address: '192.0.2.11', type: 0xff41 }],
    ['a.example', { address: '192.0.2.12', type: 0xff61 }],
    ['a.example', { address: '192.0.2.13', type: 0xff61, flags: 1 }],
    ['a.example', { address: '192.0.2.14', type: 0xff61, flags: 2 }],
    ['a.example', { address: '192.0.2.15', type: 0xff61, flags: 3 }],
  ];
  const hash = new QuestionHash();
  const hashes = questions.map(([name, { type }]) => {
    const request = encodeMessage(query(name, type));
    return hash.of(request, request.length - 4);
  });
  assert.equal(new Set(hashes).size, 1, 'they share a hash');
  for (const [name, parts] of questions) {
    assert.equal(hit(name, parts), undefined, name);
    put(name, parts);
    use(name, parts);
  }
  for (const [name, parts] of questions) {
    assert.equal(hit(name, parts), Number(parts.address?.split('.')[3]));
  }
  // The class is never another than IN where answers are looked for; the cache does not rest on that.
  const request = encodeMessage(query('a.example', 0xff41));
  request[request.length - 1] = 3;
  assert.equal(cache.findHit(request, request.length - 4, 0, clock.time), -1);
});

test('a forgotten name is found no more with all below it, and every other name still is', () => {
  const { cache, clock, put, hit, use, state } = scene();
  const names = ['key', 'www.key', 'a.b.key', 'key.suffix.test', 'www.key.suffix.test'];
  const others = ['xkey', 'key.example', 'suffix.test', 'wwwkey.suffix.test'];
  for (const name of [...names, ...others]) {
    put(name);
    use(name);
  }
  cache.forget(Name.parse('KEY'));
  cache.forget(Name.parse('Key.Suffix.Test'));
  for (const name of names) {
    assert.equal(hit(name), undefined, name);
    assert.equal(state(name), undefined, name);
  }
  for (const name of others) {
    assert.equal(hit(name), 1, name);
    use(name);
  }
  // Not even as a stale answer.
  clock.time += 700_000;
  assert.deepEqual([state('www.key'), state('key.example')], [undefined, 'stale']);
  put('www.key', { address: '192.0.2.9' });
  use('www.key');
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
  assert.equal(hit('n1.example'), 1);
});

test('an answer that was begun before a name in it was forgotten is not kept, and every other is', () => {
  const { cache, put, fail, hit, state } = scene();
  const begun = cache.generation;
  cache.forget(Name.parse('key'));
  put('www.key', {}, begun);
  put('www.example', {}, begun);
  fail('other.key', begun);
  assert.equal(hit('www.key'), undefined);
  assert.equal(hit('www.example'), 1);
  assert.equal(state('other.key'), undefined);
  const now = cache.generation;
  put('www.key', {}, now);
  fail('other.key', now);
  assert.equal(state('other.key'), 'fresh');
  assert.equal(hit('www.key'), 1);
});

test('a change of the network ends failures, and what is begun before and fails after it is not remembered', () => {
  const { cache, fail, clock, ...rest } = scene();
  const failures = () => rest.failures('a.example');
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
  const { cache, clock, put, hit, use, state } = scene(1_000_000, (name) => name.labels.at(-1) !== 'key');
  const begun = cache.generation;
  for (const name of ['www.key', 'www.example']) {
    put(name);
    use(name);
  }
  cache.expireOrdinary();
  assert.equal(hit('www.key'), 1);
  use('www.key');
  assert.equal(hit('www.example'), undefined);
  assert.equal(state('www.example'), 'stale');
  clock.time += 1_000;
  put('late.example', {}, begun);
  put('late.key', {}, begun);
  assert.equal(state('late.example'), 'stale', 'one that the old upstreams were asked for');
  assert.equal(state('late.key'), 'fresh');
  put('www.example', { address: '192.0.2.2' });
  assert.equal(hit('www.example'), 2);
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
  for (const name of others) assert.equal(hit(name), 1, name);
  put('www.example', {}, begun);
  assert.equal(hit('www.example'), undefined);
  cache.forget(Name.parse('test'));
  assert.equal(cache.flush(Name.root), 2, 'what was forgotten before does not count');
  assert.equal(cache.statistics().entries, 0);
});

test('a name is the same in any case from A to Z, and only its letters have one', () => {
  const { cache, clock, put, use } = scene();
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const found = (name: string, type: number = Type.A) => {
    const request = encodeMessage(query(name, type));
    return cache.findHit(request, request.length - 4, 0, clock.time) >= 0;
  };
  put(`${letters}.example`);
  use(`${letters}.example`);
  assert.ok(found(`${letters.toUpperCase()}.EXAMPLE`));
  // @ and [ are beside A and Z, and ` and { beside a and z; and a type is no letter: 0xff61 is not 0xff41.
  for (const [held, asked] of [
    ['\\096.example', '\\064.example'],
    ['\\123.example', '\\091.example'],
  ] as const) {
    put(held);
    use(held);
    assert.ok(!found(asked), asked);
  }
  put('a.example', { type: 0xff61 });
  use('a.example', { type: 0xff61 });
  put('a.example', { type: 0x61ff });
  use('a.example', { type: 0x61ff });
  assert.ok(!found('a.example', 0xff41));
  assert.ok(!found('a.example', 0x41ff));
});

test('whose AD bit may be shown is known', () => {
  const { cache, clock } = scene();
  for (const authenticData of [true, false, true]) {
    const request = encodeMessage(query('a.example'));
    const question = { name: Name.parse('a.example'), type: Type.A, class: 1 };
    const message = toMessage(recordsAnswer({ answers: [aRecord('a.example', '192.0.2.1', 600)] }), question);
    const facts = { rcode: 0, extendedErrors: [], authenticData };
    cache.put(questionKey(request, request.length - 4, 0), packMessage(message, facts));
    const at = cache.findHit(request, request.length - 4, 0, clock.time);
    assert.equal(cache.records.isAuthentic(at), authenticData);
  }
});

test('hits and misses are counted, whichever path an answer is found by', () => {
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

test('names that share buckets are never taken for one another', () => {
  // Two buckets, and room for some answers.
  const { put, hit } = scene(1_200);
  const names = Array.from({ length: 12 }, (_, i) => `n${i}.example`);
  let found = 0;
  for (let round = 0; round < 50; round++) {
    for (const [i, name] of names.entries()) {
      put(name, { address: `192.0.2.${i + 10}` });
      for (const [j, other] of names.entries()) {
        const last = hit(other);
        if (last === undefined) continue;
        found++;
        assert.equal(last, j + 10, other);
      }
    }
  }
  assert.ok(found > 1_000, `${found}`);
});

test('what is asked for stays, however much is stored that is not', () => {
  const { put, hit, cache } = scene(400_000);
  put('used.example', { address: '192.0.2.7' });
  for (let i = 0; i < 20_000; i++) {
    put(`n${i}.example`);
    assert.equal(hit('used.example'), 7, `after ${i} others`);
  }
  assert.ok(cache.statistics().entries < 6_000, 'others had to go');
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
  assert.equal(hit('twice.example'), 1);
  clock.time += 541_000;
  assert.deepEqual([hit('twice.example'), state('twice.example')], [undefined, 'fresh-refresh-ahead']);
  assert.equal(state('twice.example'), 'fresh', 'said once');
  assert.equal(hit('twice.example'), 1);
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
