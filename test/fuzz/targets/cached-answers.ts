import assert from 'node:assert/strict';
import { AnswerCache } from '../../../src/cache/answer-cache.ts';
import { type PackedReply, packReply } from '../../../src/cache/packed-reply.ts';
import { withoutDnssec } from '../../../src/cache/without-dnssec.ts';
import { readLayout } from '../../../src/dns/layout.ts';
import { lowerCase, Name } from '../../../src/dns/name.ts';
import { Protocol } from '../../../src/dns/protocol.ts';
import { TrafficCounters } from '../../../src/observe/metrics/traffic.ts';
import { everybody } from '../../../src/serve/clients/access-list.ts';
import { unlimited } from '../../../src/serve/clients/rate-limit.ts';
import { HotPath } from '../../../src/serve/hot-path.ts';
import { type ReplyPath, renderError, renderReply } from '../../../src/serve/reply.ts';
import { type Request, readRequest } from '../../../src/serve/request.ts';
import { orWireError, same, sameOctets, ttlOf } from '../check.ts';
import { structuredMessage } from '../dns-bytes.ts';
import { mutateField } from '../mutate.ts';
import type { Random } from '../random.ts';
import { plainLifetime } from '../reference/lifetime.ts';
import { type PlainMessage, plainMessage, plainName } from '../reference/message.ts';
import { u16 } from '../reference/numbers.ts';
import { plainRequest } from '../reference/request.ts';
import type { FuzzTarget } from '../target.ts';

/** Names and types of one execution, which meet: some differ in the bit alone that makes lower case of a letter. */
const NAMES = [
  [['a'], ['A']],
  [['a'], ['b', 'a']],
  [
    ['a', 'exAmple'],
    ['A', 'eXample'],
  ],
  [['Z{'], ['z[']],
  [['c'.repeat(63), 'a'], ['a']],
] as const;
const TYPES = [[1], [1, 28], [65, 97], [255, 1], [6, 46]] as const;
const FLAGS = [[0], [0, 1], [0, 2], [1, 3], [0, 1, 2, 3]] as const;

/** Milliseconds by which time goes on, those at which something expires among them. */
const STEPS = [0, 1, 500, 999, 1000, 1001, 29_999, 59_000, 899_000, 900_000, 3_600_000] as const;

/** Actions of one execution. */
const ACTIONS = 16;

const MAX_STALE = 3600;

/** What was stored under a question, as the plain reader has it. */
interface Held {
  readonly original: PlainMessage;
  readonly reply: PackedReply;
  readonly limits: ReturnType<typeof plainLifetime>;
  readonly storedAt: number;
  expiresAt: number;
}

/**
 * A cache, its hot path and the full path against a plain list of what was stored: an answer is the one stored under its own
 * question, and not longer than it may be; its TTLs are its age less; the reply is the client's: ID, question, flags, size.
 */
export const cachedAnswers: FuzzTarget = {
  name: 'cached-answers',
  run(random) {
    const scene = new Scene(random);
    for (let left = ACTIONS; left > 0; left--) scene.act();
  },
};

class Scene {
  readonly #random: Random;
  #time = 1_000_000;
  readonly #cache: AnswerCache;
  readonly #hotPath: HotPath;
  readonly #held = new Map<string, Held>();
  readonly #names: readonly (readonly string[])[];
  readonly #types: readonly number[];
  readonly #flags: readonly number[];
  readonly #forgotten: { readonly name: readonly string[]; readonly generation: number }[] = [];
  #begun = 0;
  #expired = { generation: 0, at: 0 };

  constructor(random: Random) {
    this.#random = random;
    this.#names = random.pick(NAMES);
    this.#types = random.pick(TYPES);
    this.#flags = random.pick(FLAGS);
    const now = () => this.#time;
    this.#cache = new AnswerCache({ maxBytes: 80_000, maxStale: MAX_STALE, now, seed: random.u32() });
    const traffic = new TrafficCounters();
    this.#hotPath = new HotPath({ cache: this.#cache, access: everybody, rate: unlimited, traffic, now });
  }

  act(): void {
    const random = this.#random;
    const action = random.int(20);
    if (action < 5) this.#store();
    else if (action < 16) this.#ask();
    else if (action < 18) this.#time += random.pick(STEPS) + (random.chance(0.9) ? 0 : 0.5);
    else if (action === 18) this.#forget();
    else {
      // A resolution begins now, and ends after what comes next.
      this.#begun = this.#cache.generation;
      if (random.chance(0.2)) this.#expireAll();
    }
    this.#checkSize();
  }

  #question(): { readonly name: readonly string[]; readonly type: number } {
    return { name: this.#random.pick(this.#names), type: this.#random.pick(this.#types) };
  }

  #store(): void {
    const random = this.#random;
    const { name, type } = this.#question();
    const shape = {
      id: random.int(0x10000),
      flags: 0x8180,
      question: name,
      type,
      zone: ['a'],
      records: random.chance(0.75) ? 3 : 12,
      hasOpt: false,
    };
    const { octets } = structuredMessage(shape, random);
    const layout = orWireError(() => readLayout(octets));
    const original = plainMessage(octets);
    if (layout === undefined || original === undefined) return;
    const rcode = random.pick([0, 0, 0, 3, 3, 2, 23]);
    const limits = plainLifetime(octets, original, rcode);
    const reply = orWireError(() =>
      packReply(Uint8Array.from(octets), layout, {
        rcode,
        authenticData: random.chance(0.5),
        extendedErrors: random.chance(0.8) ? [] : [{ code: 0, text: 'x'.repeat(random.pick([0, 1, 600])) }],
      }),
    );
    if (reply === undefined) return;
    same(reply.lifetime, limits.lifetime, 'lifetime');
    checkSections(reply.bytes, { original, limits }, 0);
    this.#checkStripped(reply);
    const flags = random.pick(this.#flags);
    const key = this.#cacheKey(name, type, flags);
    const begun = random.chance(0.5) ? this.#begun : this.#cache.generation;
    this.#cache.put(key, reply, begun);
    if (this.#isOutdated(original, begun)) return;
    this.#held.delete(key);
    const storedAt = Math.floor(this.#time);
    const isExpired = begun < this.#expired.generation;
    const lasts = storedAt + reply.lifetime * 1000;
    const expiresAt = isExpired ? Math.min(lasts, this.#expired.at) : lasts;
    if (reply.lifetime > 0) this.#held.set(key, { original, reply, limits, storedAt, expiresAt });
  }

  /** Whether a name of an answer was forgotten since it was begun: of the question, of a record, or where an alias leads. */
  #isOutdated({ questions, sections }: PlainMessage, begun: number): boolean {
    const names = [...questions, ...sections.flat()].map(({ labels }) => labels);
    for (const { type, rdata } of sections[0]) {
      const target = (type === 5 || type === 39) && rdata ? plainName(rdata, 0, rdata.length) : undefined;
      if (target !== undefined) names.push(target.labels);
    }
    return this.#forgotten.some(
      ({ name, generation }) => generation > begun && names.some((labels) => isWithin(labels, name)),
    );
  }

  #cacheKey(name: readonly string[], type: number, flags: number): string {
    const wire = name.map((label) => String.fromCharCode(label.length) + lowerCase(label)).join('');
    return `${wire}\0${String.fromCharCode(type >>> 8, type & 0xff, flags)}`;
  }

  #forget(): void {
    const name = this.#random.pick([['a'], ['b', 'a'], ['example']]);
    const isFlush = this.#random.chance(0.3);
    const owner = Name.fromLabels(name);
    if (isFlush) this.#cache.flush(owner);
    else this.#cache.forget(owner);
    this.#forgotten.push({ name, generation: this.#cache.generation });
    for (const [key, { original }] of this.#held)
      if (isWithin(original.questions[0]?.labels ?? [], name)) this.#held.delete(key);
  }

  #expireAll(): void {
    this.#cache.expireOrdinary();
    const now = Math.floor(this.#time);
    this.#expired = { generation: this.#cache.generation, at: now };
    for (const held of this.#held.values()) held.expiresAt = Math.min(held.expiresAt, now);
  }

  #ask(): void {
    const random = this.#random;
    const { name, type } = this.#question();
    const shape = {
      id: random.int(0x10000),
      flags: random.pick([0x0100, 0x0120, 0x0110, 0, 0x0030, 0x0130]),
      question: name,
      type,
      class: random.chance(0.97) ? 1 : 3,
      zone: ['a'],
      records: random.chance(0.9) ? 0 : 1,
    };
    const structured = structuredMessage(shape, random);
    const bytes = random.chance(0.7) ? structured.octets : mutateField(structured, random);
    const protocol = random.chance(0.7) ? Protocol.UDP : random.pick([Protocol.TCP, Protocol.TLS]);
    const stream = protocol !== Protocol.UDP;
    const request = readRequest(bytes);
    const expected = plainRequest(bytes);
    same(request.kind, expected.kind, `what becomes of ${Buffer.from(bytes).toString('hex')}`);
    const hot = this.#hot(bytes, protocol);
    // RFC 7828 §3.2.2: never over UDP.
    const path = { client: '127.0.0.1', protocol, ...(stream && { keepalive: 100 }) };
    if (request.kind === 'rejected' && expected.kind === 'rejected') {
      same(request.rcode, expected.rcode, `RCODE of ${Buffer.from(bytes).toString('hex')}`);
      same(request.edns !== undefined, expected.edns !== undefined, 'EDNS of a refused request');
      const error = renderError(request, request.rcode, [], path);
      const limit = stream ? 65_535 : Math.min(request.edns?.udpPayloadSize ?? 512, 1232);
      assert.ok(error.length <= Math.max(limit, 300), 'the size of an error');
      same(u16(error, 0), u16(bytes, 0), 'ID of an error');
      same((error[2] as number) >= 128, true, 'QR of an error');
    }
    if (request.kind !== 'request' || expected.kind !== 'request') {
      same(hot, undefined, 'the hot path answers what is no request');
      return;
    }
    same(request.questionEnd, expected.questionEnd, 'questionEnd');
    same(request.edns?.udpPayloadSize, expected.edns?.size, 'payload size');
    same(request.edns?.dnssecOk, expected.edns?.dnssecOk, 'DO');
    same(request.edns?.keepalive, expected.edns?.keepalive, 'keepalive');
    same(request.edns?.padding, expected.edns?.padding, 'padding');
    const cd = Math.floor(u16(bytes, 2) / 16) % 2;
    const qname = plainName(bytes, 12, bytes.length)?.labels ?? [];
    const flags = (expected.edns?.dnssecOk === true ? 1 : 0) + 2 * cd;
    const key = this.#cacheKey(qname, u16(bytes, expected.questionEnd - 4), flags);
    same(request.cacheKey, key, 'key');
    this.#checkFound(request, hot, path, expected.edns?.padding === true);
  }

  /** What the hot path has, written where something else stands before and behind it. */
  #hot(bytes: Uint8Array, protocol: Protocol): Buffer | undefined {
    const length = this.#hotPath.find(bytes, '127.0.0.1', protocol);
    if (length === 0) return undefined;
    const target = Buffer.alloc(length + 4, 0xaa);
    this.#hotPath.write(target, 2);
    same(target.readUInt16BE(0), 0xaaaa, 'what stands before the reply');
    same(target.readUInt16BE(length + 2), 0xaaaa, 'what stands behind the reply');
    return target.subarray(2, length + 2);
  }

  #checkFound(request: Request, hot: Buffer | undefined, path: ReplyPath, asksForPadding: boolean): void {
    const held = this.#held.get(request.cacheKey);
    const now = this.#time;
    const found = this.#cache.find(request, false);
    const isFresh = held !== undefined && now < held.expiresAt;
    const isStale = held !== undefined && !isFresh && now < held.expiresAt + MAX_STALE * 1000;
    same<string | undefined>(found?.state, isFresh ? 'fresh' : isStale ? 'stale' : undefined, 'found');
    if (hot !== undefined) same(isFresh, true, 'the hot path has what is not fresh');
    if (found === undefined || held === undefined) return;
    const age = Math.ceil((now - held.storedAt) / 1000);
    const reply = renderReply(
      found.answer.unpack(),
      request,
      isFresh ? found.answer.age(now) : 'stale',
      path,
    );
    if (hot !== undefined) sameOctets(hot, reply, 'the hot path and the full one');
    checkReply(reply, request, held, isFresh ? age : 'stale', path.protocol !== Protocol.UDP);
    // RFC 8467 §4.1; RFC 7830 §6 advises against it where everybody on the way can read the rest.
    const isPadded = plainMessage(reply)?.opts.some(({ options }) => options.some(({ code }) => code === 12));
    same(isPadded, path.protocol === Protocol.TLS && asksForPadding, 'padding of a reply');
    if (isPadded) same(reply.length % 468, 0, 'the length of a padded reply');
  }

  /** What the cache says that it holds is not less than the octets that it holds. */
  #checkSize(): void {
    const { bytes, entries } = this.#cache.statistics();
    let least = 0;
    for (const { reply } of this.#held.values()) least += reply.bytes.length;
    assert.ok(bytes >= least, `${bytes} octets are said to be held, and ${least} are`);
    assert.ok(entries >= this.#held.size, `${entries} entries of ${this.#held.size}`);
    if (this.#random.chance(0.98)) return;
    this.#cache.flush(Name.root);
    this.#held.clear();
    this.#forgotten.push({ name: [], generation: this.#cache.generation });
    same(this.#cache.statistics().bytes, 0, 'octets of an empty cache');
  }

  /** Without DO nobody gets signatures, but those who asked for them. */
  #checkStripped(reply: PackedReply): void {
    if (this.#random.chance(0.8)) return;
    const whole = plainMessage(reply.bytes);
    const stripped = withoutDnssec(reply, 1);
    const plain = stripped && plainMessage(stripped.bytes);
    if (whole === undefined || plain === undefined) return;
    const asked = whole.questions[0]?.type;
    for (const [index, section] of whole.sections.entries()) {
      const kept = section.filter(({ type }) => type === asked || ![46, 47, 50].includes(type));
      const left = plain.sections[index] ?? [];
      same(left.length, kept.length, 'records without DNSSEC');
      for (const [at, { type, rawTtl }] of left.entries()) {
        same(type, kept[at]?.type, 'type without DNSSEC');
        assert.ok(rawTtl <= Math.max(0, (kept[at]?.rawTtl ?? 0) - 1), 'TTL without DNSSEC');
      }
    }
  }
}

function isWithin(labels: readonly string[], ancestor: readonly string[]): boolean {
  const end = labels.slice(labels.length - ancestor.length);
  return labels.length >= ancestor.length && lowerCase(end.join('.')) === ancestor.join('.');
}

/** The records are those of the original, each TTL its age less and not above its limit. */
function checkSections(
  bytes: Uint8Array,
  { original, limits }: Pick<Held, 'original' | 'limits'>,
  age: number | 'stale',
  isWithoutAdditionals = false,
): void {
  const plain = plainMessage(bytes);
  assert.ok(plain !== undefined && plain.end === bytes.length, 'a reply is a message');
  for (const [index, section] of plain.sections.entries()) {
    const isLeftOut = isWithoutAdditionals && index === 2;
    const before = isLeftOut ? [] : (original.sections[index] ?? []);
    same(section.length, before.length, `records of a section of ${Buffer.from(bytes).toString('hex')}`);
    for (const [at, { labels, type, rawTtl, rdata, class: rrClass }] of section.entries()) {
      const other = before[at];
      if (other === undefined) continue;
      same(lowerCase(labels.join('.')), lowerCase(other.labels.join('.')), 'owner');
      same(type, other.type, 'type');
      same(rrClass, other.class, 'class');
      const ttl = Math.min(ttlOf(other.rawTtl), limits.most);
      same(rawTtl, age === 'stale' ? Math.min(ttl, 30) : Math.max(0, ttl - age), 'TTL');
      const [own, its] = [rdata, other.rdata].map((octets) => lowerCase(latin1(octets)));
      same(own, its, 'RDATA but for case');
    }
  }
}

function latin1(octets: Uint8Array | undefined): string {
  return octets === undefined ? '' : Buffer.from(octets).toString('latin1');
}

/** A reply is for its request. */
function checkReply(
  reply: Uint8Array,
  request: Request,
  held: Held,
  age: number | 'stale',
  isStream: boolean,
): void {
  const { bytes: asked, questionEnd, edns } = request;
  const limit = isStream ? 65_535 : Math.min(edns?.udpPayloadSize ?? 512, 1232);
  assert.ok(reply.length <= limit, `${reply.length} octets where ${limit} are allowed`);
  same(u16(reply, 0), u16(asked, 0), 'ID');
  sameOctets(reply.subarray(12, questionEnd), asked.subarray(12, questionEnd), 'question');
  const [got, sent] = [u16(reply, 2), u16(asked, 2)];
  same(got & 0xf880, 0x8080, 'QR, OPCODE and RA');
  same(got & 0x0110, sent & 0x0110, 'RD and CD');
  const { reply: packed } = held;
  const wanted = (sent & 0x20) !== 0 || edns?.dnssecOk === true;
  const plain = plainMessage(reply);
  assert.ok(plain !== undefined && plain.end === reply.length, 'a reply is a message');
  same(plain.opts.length, edns === undefined ? 0 : 1, 'OPT');
  const [opt] = plain.opts;
  if (opt !== undefined) same(Math.floor(opt.bits / 2 ** 15) % 2 === 1, edns?.dnssecOk, 'DO of the reply');
  if (packed.rcode > 15 && edns === undefined) {
    same(got & 15, 2, 'an RCODE that has no place');
    return;
  }
  same((got & 15) + (opt === undefined ? 0 : Math.floor(opt.bits / 2 ** 24) * 16), packed.rcode, 'RCODE');
  same((got & 0x20) !== 0, wanted && packed.authenticData, 'AD');
  const optLength = edns === undefined ? 0 : 11;
  const least = packed.bytes.length + optLength;
  const isCut = (got & 0x0200) !== 0;
  // RFC 2181 §9: no TC when only additional records are left out.
  const last = plainMessage(packed.bytes)?.sections.slice(0, 2).flat().at(-1);
  const required = (last === undefined ? packed.questionEnd : last.rdataAt + last.length) + optLength;
  same(isCut, least > limit && required > limit, 'TC');
  if (isCut) same(plain.sections.flat().length, 0, 'records of a truncated reply');
  else checkSections(reply, held, age, least > limit);
  const codes = opt?.options.filter(({ code }) => code === 15) ?? [];
  if (
    age === 'stale' &&
    opt !== undefined &&
    !isCut &&
    least + 100 < limit &&
    packed.extendedErrors.length === 0
  )
    same(codes.length, 1, 'a stale answer says so');
}
