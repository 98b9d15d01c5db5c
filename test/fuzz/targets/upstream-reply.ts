import assert from 'node:assert/strict';
import { lowerCase, Name } from '../../../src/dns/name.ts';
import { WireError } from '../../../src/dns/wire-error.ts';
import { iterativeRequest } from '../../../src/forward/authority.ts';
import { withAge } from '../../../src/forward/https/with-age.ts';
import { readReply, replyInCase, type UpstreamReply } from '../../../src/forward/reply.ts';
import { matchReply } from '../../../src/forward/reply-match.ts';
import { buildRequest, formQuery, type UpstreamRequest } from '../../../src/forward/request.ts';
import { orWireError, same, sameOctets, ttlOf } from '../check.ts';
import { labels, structuredMessage } from '../dns-bytes.ts';
import { mutateField } from '../mutate.ts';
import type { Random } from '../random.ts';
import { type PlainMessage, plainMessage, wireOf } from '../reference/message.ts';
import { u16 } from '../reference/numbers.ts';
import { isWellFormed } from '../reference/request.ts';
import { keptOf, scrub } from '../reference/scrub.ts';
import type { FuzzTarget } from '../target.ts';

/**
 * A query says no more than its question; a reply is taken for it exactly when it repeats it; what is made of a reply has the
 * records that belong to the question, as another reader finds them, and no other.
 */
export const upstreamReplies: FuzzTarget = {
  name: 'upstream-reply',
  run(random) {
    const parts = random.chance(0.7) ? [random.pick(['a', 'b', 'Z']), 'x'] : labels(random, ['x']);
    const name = orWireError(() => Name.fromLabels(parts));
    if (name === undefined) return;
    const type = random.pick([1, 1, 28, 5, 39, 65, 97, 255]);
    const question = { name, type, class: 1 };
    const [dnssecOk, checkingDisabled] = [random.chance(0.5), random.chance(0.3)];
    const isIterative = random.chance(0.2);
    const request = isIterative
      ? iterativeRequest(question, dnssecOk)
      : buildRequest(question, dnssecOk, checkingDisabled);
    const query = checkQuery(request, parts, { dnssecOk, checkingDisabled, isIterative }, random);
    const reply = replyTo(query, request, random);
    const match = matchReply(query, request.questionEnd, reply);
    same(match, plainMatch(query, request.questionEnd, reply), 'match');
    if (match === 'match' || match === 'case') checkReply(reply, request, isIterative, random);
  },
};

/** A query has its ID, its bits, its question in any case, an OPT record without options but padding, and nothing else. */
function checkQuery(
  request: UpstreamRequest,
  parts: readonly string[],
  bits: { readonly dnssecOk: boolean; readonly checkingDisabled: boolean; readonly isIterative: boolean },
  random: Random,
): Buffer {
  const id = random.int(0x10000);
  const edns = random.chance(0.8);
  const padTo = random.chance(0.3) ? 128 : undefined;
  const isMixed = random.chance(0.6);
  const mixer = { u16: () => random.int(0x10000) };
  const query = formQuery(request, {
    id,
    edns,
    padTo,
    ...(isMixed && { mixCase: mixer as NonNullable<Parameters<typeof formQuery>[1]['mixCase']> }),
  });
  const plain = plainMessage(query);
  assert.ok(plain !== undefined && plain.end === query.length, 'a query is a message');
  same(u16(query, 0), id, 'ID');
  const flags = bits.isIterative ? 0 : 0x0120 + (bits.checkingDisabled ? 0x10 : 0);
  same(u16(query, 2), flags, 'flags of a query');
  same(plain.questions.length, 1, 'questions');
  const [question] = plain.questions;
  const wire = wireOf(question?.labels ?? []);
  const lower = wireOf(parts.map(lowerCase));
  sameOctets(isMixed ? wireOf((question?.labels ?? []).map(lowerCase)) : wire, lower, 'name of a query');
  same(question?.type, request.question.type, 'QTYPE');
  same(question?.class, 1, 'QCLASS');
  same(plain.sections.flat().length, 0, 'records of a query');
  same(plain.opts.length, edns ? 1 : 0, 'OPT of a query');
  const [opt] = plain.opts;
  if (opt !== undefined) {
    same(opt.bits, bits.dnssecOk ? 2 ** 15 : 0, 'DO of a query');
    same(
      opt.options.every(({ code, data }) => code === 12 && data.every((octet) => octet === 0)),
      true,
      'options of a query',
    );
    if (padTo !== undefined) same(query.length % padTo, 0, 'padding');
  }
  return query;
}

/** A reply to the query that is right, or wrong in one place. */
function replyTo(query: Buffer, { question, questionEnd }: UpstreamRequest, random: Random): Uint8Array {
  const owner = random.chance(0.9) ? ['b', 'x'] : ['x'];
  const shape = {
    id: 0,
    flags: random.pick([
      0x8180, 0x8580, 0x8000, 0x8400, 0x8020, 0x81a0, 0x8183, 0x8182, 0x8185, 0x0180, 0x8980,
    ]),
    question: random.chance(0.5) ? ['a', 'x'] : owner,
    type: random.chance(0.5) ? question.type : random.pick([1, 5, 39, 46]),
    zone: ['x'],
    records: random.chance(0.9) ? 3 : 8,
    class: 1,
    isBare: random.chance(0.06),
  };
  const { octets, fields } = structuredMessage(shape, random);
  const at = shape.isBare ? 12 : (plainMessage(octets)?.questionEnd ?? 12);
  // The question of the query is put in place of the one that it was made with, and pointers behind it move with it.
  const moved = questionEnd - at;
  if (shape.isBare || (moved !== 0 && random.chance(0.1))) {
    octets.set(query.subarray(0, 2));
    return mutateField({ octets, fields }, random);
  }
  const reply = Buffer.concat([
    query.subarray(0, 2),
    octets.subarray(2, 12),
    query.subarray(12, questionEnd),
    octets.subarray(at),
  ]);
  const later = fields.filter((field) => field.at >= at);
  for (const field of later) {
    const value = u16(octets, field.at);
    if (field.size === 2 && value >= 0xc000 + at && value + moved <= 0xffff)
      reply.writeUInt16BE(value + moved, field.at + moved);
  }
  const all = later.map((field) => ({ ...field, at: field.at + moved }));
  // ID, flags, counts and the question too.
  const head = [0, 1, 2, 3, 4, 6, 8, 10, questionEnd - 4, questionEnd - 2, 13].map(
    (place) => ({ at: place, size: place % 2 === 0 ? 2 : 1 }) as const,
  );
  if (random.chance(0.15)) {
    // The bit that makes lower case of a letter, in the question.
    const place = 12 + random.int(questionEnd - 12);
    reply[place] = (reply[place] as number) ^ 0x20;
    return reply;
  }
  return mutateField({ octets: reply, fields: random.chance(0.3) ? head : all }, random);
}

/** RFC 5452 §9.1, and that a failure may come without a question. */
function plainMatch(query: Uint8Array, questionEnd: number, reply: Uint8Array): string {
  if (reply.length < 12) return 'short';
  const flags = u16(reply, 2);
  if (flags < 0x8000 || Math.floor(flags / 2048) % 16 !== 0) return 'not-a-reply';
  if (u16(reply, 0) !== u16(query, 0)) return 'id';
  const counts = [4, 6, 8, 10].map((at) => u16(reply, at));
  if (counts[0] === 0) {
    const extended = counts[3] === 1 && reply.length >= 23 && reply[12] === 0 && u16(reply, 13) === 41;
    const isFailure = flags % 16 !== 0 && flags % 16 !== 3;
    const hasRecords = counts[1] !== 0 || counts[2] !== 0;
    return !hasRecords && (isFailure || (extended && reply[17] !== 0)) ? 'match' : 'question';
  }
  if (counts[0] !== 1 || reply.length < questionEnd) return 'question';
  const [sent, got] = [query, reply].map((octets) => Buffer.from(octets.subarray(12, questionEnd)));
  if (sent === undefined || got === undefined) return 'question';
  const sameType = Buffer.compare(sent.subarray(-4), got.subarray(-4)) === 0;
  const [name, other] = [sent, got].map((octets) => octets.subarray(0, -4).toString('latin1'));
  if (!sameType || lowerCase(name ?? '') !== lowerCase(other ?? '')) return 'question';
  return name === other ? 'match' : 'case';
}

function checkReply(
  octets: Uint8Array,
  request: UpstreamRequest,
  isIterative: boolean,
  random: Random,
): void {
  const plain = plainMessage(octets);
  const isValid = plain !== undefined && isWellFormed(plain);
  let reply: UpstreamReply | undefined;
  try {
    reply = readReply(Uint8Array.from(octets), request, 'upstream');
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  if (!isValid || plain === undefined) {
    same(reply, undefined, 'a malformed reply is read');
    return;
  }
  const [opt] = plain.opts;
  const rcode = (u16(octets, 2) % 16) + (opt === undefined ? 0 : Math.floor(opt.bits / 2 ** 24) * 16);
  const isBare = u16(octets, 4) === 0;
  const hasSoa = plain.sections[1].some(({ type }) => type === 6);
  const isAlone = (u16(octets, 2) & 0x0480) === 0 && plain.sections[0].length === 0 && !hasSoa;
  const isLame = !isIterative && !isBare && rcode === 0 && isAlone;
  const { kept, isWhole } = isIterative ? { kept: undefined, isWhole: true } : scrub(plain);
  if (reply === undefined) {
    assert.ok(kept?.length === 0 && !isWhole && rcode === 0 && !isLame, 'a valid reply is refused');
    return;
  }
  same(reply.rcode, isLame ? 2 : rcode, 'RCODE');
  const errors = (opt?.options ?? []).filter(({ code, data }) => code === 15 && data.length >= 2);
  same(reply.extendedErrors.length, Math.min(8, errors.length) + (isLame ? 1 : 0), 'extended errors');
  const said = plainMessage(reply.bytes);
  assert.ok(said !== undefined && said.end === reply.bytes.length, 'what is made of a reply is a message');
  same(said.opts.length, 0, 'OPT of what is kept');
  same(u16(reply.bytes, 0), 0, 'ID of what is kept');
  sameOctets(reply.bytes.subarray(12, request.questionEnd), request.asked, 'question of what is kept');
  if (isBare || isLame) {
    same(said.sections.flat().length, 0, 'records of a failure');
    return;
  }
  const isAuthentic = (u16(octets, 2) & 0x20) !== 0;
  if (kept !== undefined && !isWhole) same(reply.authenticData, false, 'AD of a part');
  else if (isWhole) same(reply.authenticData, isAuthentic, 'AD');
  const answers = kept ?? plain.sections[0].map(keptOf);
  same(said.sections[0].length, answers.length, 'answers that belong to the question');
  for (const [index, record] of said.sections[0].entries()) {
    const [own, its] = [keptOf(record), answers[index]];
    same(own.owner, its?.owner, 'owner of an answer');
    same(own.type, its?.type, 'type of an answer');
    same(own.data, its?.data, 'data of an answer');
  }
  for (const index of [1, 2] as const) {
    same(said.sections[index].length, plain.sections[index].length, 'records beside the answer');
    for (const [at, record] of said.sections[index].entries())
      same(ttlOf(record.rawTtl), ttlOf(plain.sections[index][at]?.rawTtl ?? -1), 'TTL beside the answer');
  }
  checkLater(reply, said, request, random);
}

/** The reply for another client, and after a time in HTTP caches. */
function checkLater(
  reply: UpstreamReply,
  said: PlainMessage,
  request: UpstreamRequest,
  random: Random,
): void {
  const asked = Uint8Array.from(request.asked, (octet, at) =>
    at < request.asked.length - 4 && octet >= 0x61 && octet <= 0x7a && random.chance(0.5)
      ? octet - 32
      : octet,
  );
  const other = replyInCase(reply, asked);
  sameOctets(other.bytes.subarray(12, request.questionEnd), asked, 'question in another case');
  sameOctets(reply.bytes.subarray(12, request.questionEnd), request.asked, 'question of the first');
  const age = random.pick([0, 1, 600, 86_400, 604_800]);
  const aged = withAge({ ...reply, bytes: Uint8Array.from(reply.bytes) }, age);
  const later = plainMessage(aged.bytes)?.sections.flat() ?? [];
  const ttls: number[] = [];
  for (const [at, { rawTtl }] of said.sections.flat().entries()) {
    const ttl = age === 0 ? rawTtl : Math.max(0, ttlOf(rawTtl) - age);
    same(later[at]?.rawTtl, ttl, 'TTL after a time in caches');
    ttls.push(ttlOf(ttl));
  }
  same(
    aged.layout.minimumTtl,
    ttls.length === 0 ? undefined : Math.min(...ttls),
    'smallest TTL after a time',
  );
}
