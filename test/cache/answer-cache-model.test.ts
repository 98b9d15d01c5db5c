import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { type PackedReply, packMessage } from '../../src/cache/packed-reply.ts';
import { type AskedQuestion, KEY_DO, questionKey } from '../../src/cache/question-key.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { recordsAnswer, toMessage } from '../../src/resolve/answer.ts';
import { query } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';
import { fc } from '../support/property.ts';

const MAX_STALE = 3_600;

const NAMES = ['a.key', 'www.a.key', 'b.key', 'a.test', 'A.Test', 'x.a.test', 'test'];

/** What a plain list knows of an answer. */
interface Held {
  readonly name: Name;
  readonly reply: PackedReply;
  readonly storedAt: number;
  expiresAt: number;
  retryAt: number;
  readonly failures: number;
  asked: number;
  refreshSaid: boolean;
  /** The generation of the cache when it was last looked at. */
  checked: number;
}

/** Something that invalidates answers which were begun before it. */
interface Event {
  readonly generation: number;
  readonly of: 'forgotten' | 'failures' | 'upstreams';
  readonly name?: Name;
  readonly at: number;
}

const isOrdinary = (name: Name) => !name.isWithin(Name.parse('key'));

/** A cache and a plain list, to both of which the same happens. */
class Pair {
  #time = 10_000.25;
  readonly cache: AnswerCache;
  readonly held = new Map<string, Held>();
  readonly #events: Event[] = [];
  #begun = 0;

  constructor(maxBytes: number) {
    this.cache = new AnswerCache({
      maxBytes,
      maxStale: MAX_STALE,
      now: () => this.#time,
      isOrdinary,
      seed: 7,
    });
  }

  ask(name: string, flags: number): AskedQuestion & { readonly key: string } {
    const bytes = encodeMessage(query(name));
    return {
      bytes,
      questionEnd: bytes.length,
      keyFlags: flags,
      key: questionKey(bytes, bytes.length - 4, flags),
    };
  }

  pass(milliseconds: number): void {
    this.#time += milliseconds;
  }

  /** A resolution begins, whose result may be stored later. */
  begin(): void {
    this.#begun = this.cache.generation;
  }

  put(name: string, flags: number, shape: Shape, isLate: boolean): void {
    const reply = replyFor(name, shape);
    const begun = isLate ? this.#begun : this.cache.generation;
    const { key } = this.ask(name, flags);
    this.cache.put(key, reply, begun);
    if (this.#forgotten(begun, [Name.parse(name), ...(shape.alias ? [Name.parse(shape.alias)] : [])])) return;
    this.held.delete(key);
    if (reply.lifetime > 0) this.#keep(key, name, reply, reply.lifetime, 0, begun);
  }

  fail(name: string, flags: number, isLate: boolean): void {
    const reply = replyFor(name, { rcode: Rcode.SERVFAIL, count: 0, ttl: 0, text: 'It failed.' });
    const begun = isLate ? this.#begun : this.cache.generation;
    const { key } = this.ask(name, flags);
    this.cache.putFailure(key, reply, begun);
    if (this.#forgotten(begun, [Name.parse(name)])) return;
    if (this.#events.some(({ of, generation }) => of === 'failures' && generation > begun)) return;
    const answer = this.#fallback(name, flags);
    if (answer !== undefined) {
      answer.retryAt = Math.floor(this.#time) + 30_000;
      return;
    }
    const failures = (this.held.get(key)?.failures ?? 0) + 1;
    this.#keep(key, name, reply, Math.min(5 * 2 ** (failures - 1), 60), failures, begun);
  }

  #keep(
    key: string,
    name: string,
    reply: PackedReply,
    lifetime: number,
    failures: number,
    begun: number,
  ): void {
    const storedAt = Math.floor(this.#time);
    const expiresAt = storedAt + lifetime * 1000;
    const of = { name: Name.parse(name), reply, storedAt, expiresAt, retryAt: 0, checked: begun };
    this.held.set(key, { ...of, failures, asked: 1, refreshSaid: failures > 0 });
    this.#look(key);
  }

  /** What is held for a key. An answer is stale since the upstreams last changed before somebody looked at it. */
  #look(key: string): Held | undefined {
    const held = this.held.get(key);
    if (held === undefined) return undefined;
    const change = this.#events.findLast(({ of }) => of === 'upstreams');
    if (change !== undefined && change.generation > held.checked && isOrdinary(held.name))
      held.expiresAt = Math.min(held.expiresAt, change.at);
    held.checked = this.cache.generation;
    return held;
  }

  #forgotten(begun: number, names: readonly Name[]): boolean {
    return this.#events.some(
      ({ of, generation, name }) =>
        of === 'forgotten' && generation > begun && name && names.some((other) => other.isWithin(name)),
    );
  }

  happen(of: Event['of'], text: string, isFlush: boolean): void {
    const name = Name.parse(text);
    const at = Math.floor(this.#time);
    if (of === 'forgotten') {
      const within = [...this.held].filter(([, held]) => held.name.isWithin(name));
      if (isFlush) assert.equal(this.cache.flush(name), within.length, 'flushed');
      else this.cache.forget(name);
      for (const [key] of within) this.held.delete(key);
    } else if (of === 'failures') {
      this.cache.forgetFailures();
      for (const [key, held] of this.held) {
        held.retryAt = 0;
        if (held.failures > 0) this.held.delete(key);
      }
    } else {
      this.cache.expireOrdinary();
    }
    this.#events.push({ of, name, at, generation: this.cache.generation });
  }

  #isAnswer({ failures, expiresAt }: Held): boolean {
    return failures === 0 && this.#time < expiresAt + MAX_STALE * 1000;
  }

  #fallback(name: string, flags: number): Held | undefined {
    for (const each of [flags, flags ^ KEY_DO]) {
      const held = this.#look(this.ask(name, each).key);
      if (held !== undefined && this.#isAnswer(held)) return held;
    }
    return undefined;
  }

  #isDue({ asked, refreshSaid, expiresAt, storedAt }: Held): boolean {
    return !refreshSaid && asked >= 2 && this.#time > expiresAt - (expiresAt - storedAt) / 10;
  }

  /** Both find the same on the full path. */
  find(name: string, flags: number): void {
    const asked = this.ask(name, flags);
    const held = this.#look(asked.key);
    const found = this.cache.find(asked);
    const isFresh = held !== undefined && this.#time < held.expiresAt;
    if (held === undefined || !(isFresh || this.#isAnswer(held))) {
      assert.equal(found?.state, undefined);
      this.#sameFallback(asked, name, flags);
      return;
    }
    if (isFresh) held.asked++;
    const isDue = isFresh && this.#isDue(held);
    if (isDue) held.refreshSaid = true;
    const stale = this.#time < held.retryAt ? 'stale-at-once' : 'stale';
    assert.equal(found?.state, isFresh ? (isDue ? 'fresh-refresh-ahead' : 'fresh') : stale);
    assert.deepEqual(found && plain(found.answer.unpack()), plain(held.reply, held));
    assert.equal(found?.answer.failures, held.failures);
    assert.equal(found?.answer.age(this.#time), Math.ceil((this.#time - held.storedAt) / 1000));
  }

  #sameFallback(asked: AskedQuestion, name: string, flags: number): void {
    const held = this.#fallback(name, flags);
    const found = this.cache.fallback(asked);
    assert.deepEqual(found && plain(found.unpack()), held && plain(held.reply, held));
    assert.equal(found?.retryAt, held?.retryAt);
  }

  /** The hot path finds what is fresh, without extended errors and not due; and nothing else. */
  hit(name: string, flags: number): void {
    const { bytes, questionEnd, key } = this.ask(name, flags);
    const held = this.#look(key);
    const at = this.cache.findHit(bytes, questionEnd - 4, flags, this.#time);
    const isHit =
      held !== undefined &&
      this.#time < held.expiresAt &&
      held.failures === 0 &&
      held.reply.extendedErrors.length === 0 &&
      !this.#isDue({ ...held, asked: held.asked + 1 });
    assert.equal(at >= 0, isHit, name);
    if (held === undefined || at < 0) return;
    held.asked++;
    this.cache.countHit(at);
    assert.equal(written(this.cache, at, this.#time), aged(held, this.#time));
  }

  /** What the cache still has is what was stored, and it counts as many. */
  checkAll(): void {
    let found = 0;
    for (const [key, held] of this.held) {
      const flags = key.charCodeAt(key.length - 1);
      const { bytes, questionEnd } = this.ask(held.name.toString(), flags);
      const at = this.cache.findHit(bytes, questionEnd - 4, flags, this.#time);
      if (at < 0) continue;
      found++;
      assert.equal(written(this.cache, at, this.#time), aged(held, this.#time));
    }
    const { entries, bytes, maxBytes } = this.cache.statistics();
    assert.equal(found, entries);
    assert.ok(bytes <= maxBytes, `${bytes} of ${maxBytes}`);
  }
}

/** All but ID and question, which a client gets from its own request. */
function written(cache: AnswerCache, at: number, now: number): string {
  const target = Buffer.alloc(cache.records.length(at) + 3);
  cache.records.write(at, target, 3, now);
  target.fill(0, 3 + 12, 3 + cache.records.questionEnd(at));
  return target.subarray(3).toString('hex');
}

function aged({ reply, storedAt }: Held, now: number): string {
  const bytes = Buffer.from(reply.bytes);
  const age = Math.max(0, Math.ceil((now - storedAt) / 1000));
  for (const at of reply.ttlOffsets) bytes.writeUInt32BE(Math.max(0, bytes.readUInt32BE(at) - age), at);
  return bytes.fill(0, 12, reply.questionEnd).toString('hex');
}

/** A reply in the form in which it is compared, with the lifetime that is left of it in the cache. */
function plain(reply: PackedReply, held?: Held): unknown {
  const lifetime = held === undefined ? reply.lifetime : (held.expiresAt - held.storedAt) / 1000;
  const bytes = Buffer.from(reply.bytes);
  // The question is kept in lower case.
  const name = Buffer.from(bytes.toString('latin1', 12, reply.questionEnd - 4).toLowerCase(), 'latin1');
  name.copy(bytes, 12);
  return { ...reply, bytes: bytes.toString('hex'), lifetime };
}

interface Shape {
  readonly rcode?: number;
  /** Addresses. */
  readonly count: number;
  readonly ttl: number;
  /** Of an extended error. */
  readonly text?: string | undefined;
  /** The name is an alias of this one. */
  readonly alias?: string | undefined;
}

function replyFor(name: string, { rcode = Rcode.NOERROR, count, ttl, text, alias }: Shape): PackedReply {
  const question = { name: Name.parse(name), type: Type.A, class: 1 };
  const owner = alias ?? name;
  const rdata = Name.parse(owner).toWire();
  const first = alias === undefined ? [] : [{ ...aRecord(name, '', ttl), type: Type.CNAME, rdata }];
  const addresses = Array.from({ length: count }, (_, i) =>
    aRecord(owner, `10.0.${i >> 8}.${i & 255}`, ttl + (i % 3)),
  );
  const extendedErrors = text === undefined ? [] : [{ code: 5, text }];
  const message = toMessage(recordsAnswer({ rcode, answers: [...first, ...addresses] }), question);
  return packMessage(message, { rcode, extendedErrors, authenticData: count % 2 === 0 });
}

const names = fc.constantFrom(...NAMES);
const flags = fc.constantFrom(0, 0, 1, 2, 3);
const shapes = fc.record({
  count: fc.constantFrom(1, 1, 2, 3, 20, 60, 4000),
  ttl: fc.constantFrom(0, 1, 10, 60, 600, 100_000),
  text: fc.constantFrom(undefined, undefined, '', 'why', 'ж'.repeat(200)),
  alias: fc.constantFrom(undefined, undefined, 'a.key', 'b.test'),
});

const steps = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('put'), names, flags, shapes, fc.boolean()) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('fail'), names, flags, fc.boolean()) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('find'), names, flags) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('hit'), names, flags) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('pass'),
      fc.constantFrom(0.5, 1, 999, 1_000, 4_999, 8_500, 30_000, 55_000, 3_600_000, 9e8, -1_500),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('begin')) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('happen'),
      fc.constantFrom<Event['of']>('forgotten', 'failures', 'upstreams'),
      fc.constantFrom('key', 'a.test', '.'),
      fc.boolean(),
    ),
  },
) as unknown as fc.Arbitrary<readonly [keyof Pair & string, ...never[]]>;

test('a cache with room for all says of each question what a plain list of what was stored says', () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 10, maxLength: 60 }), (list) => {
      const pair = new Pair(2_000_000);
      for (const [step, ...words] of list) (pair[step] as (...words: never[]) => void)(...words);
    }),
    { numRuns: 300 },
  );
});

test('a cache that is full has the latest answer to a question or none, and counts right what it has', () => {
  const sizes = fc.constantFrom(1, 2, 3, 5, 12, 40);
  const uses = fc.tuple(fc.nat(400), fc.nat(3), sizes, fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(
      fc.constantFrom(1_500, 6_000, 20_000, 60_000),
      fc.array(uses, { minLength: 300, maxLength: 1_500 }),
      (maxBytes, list) => {
        const pair = new Pair(maxBytes);
        for (const [index, [name, keyFlags, count, what]] of list.entries()) {
          pair.put(`n${name}.test`, keyFlags, { count, ttl: what === 0 ? 0 : 86_400 }, false);
          // Some are used, so that they are moved.
          const { bytes, questionEnd } = pair.ask(`n${name % 20}.test`, 0);
          const at = pair.cache.findHit(bytes, questionEnd - 4, 0, 10_000);
          if (at >= 0 && what > 2) pair.cache.countHit(at);
          if (index % 100 === 0) pair.checkAll();
          if (index === 700) pair.happen('forgotten', what < 3 ? 'test' : `n${name}.test`, true);
        }
        pair.checkAll();
      },
    ),
    { numRuns: 20 },
  );
});
