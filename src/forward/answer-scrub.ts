import { Type } from '../dns/codes.ts';
import { redirect } from '../dns/dname.ts';
import type { MessageLayout } from '../dns/layout.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import type { Name } from '../dns/name.ts';
import type { Question } from '../dns/question.ts';
import { type ResourceRecord, rdataName } from '../dns/record.ts';
import { isSignatureOver } from '../dns/rrsig.ts';
import { isBelowName, isSameName } from '../dns/wire-names.ts';

/** Aliases that are followed in one reply; resolvers follow 11 (Unbound) to 16 (BIND). */
const MAX_ALIASES = 16;

/**
 * Whether every record of the answer section belongs to the question: its owner is the question's name or where aliases
 * lead from it, or it is a DNAME above one of these, and an alias by DNAME has its CNAME. `bytes` is a message with one
 * question, and `layout` its layout. Makes no values, because every reply passes here.
 */
export function isScrubbed(bytes: Uint8Array, layout: MessageLayout): boolean {
  const { questionEnd } = layout;
  if (isPlain(bytes, layout)) return true;
  const type = u16(bytes, questionEnd - 4);
  const rrClass = u16(bytes, questionEnd - 2);
  const answers = readAnswers(bytes, layout);
  const chain = followAliases(bytes, answers, type, rrClass);
  if (chain === 'incomplete') return false;
  return answers.every((record) => {
    if (record.class !== rrClass) return false;
    if (chain.some((name) => isSameName(bytes, record.owner, name))) return true;
    // RFC 4034 §3.1: an RRSIG begins with the type that it covers.
    const covered = record.type === Type.RRSIG ? u16(bytes, record.rdata) : record.type;
    return covered === Type.DNAME && chain.some((name) => isBelowName(bytes, name, record.owner));
  });
}

/**
 * The records of an answer section that belong to `question`, in their order. RFC 6672 §3.1 has a CNAME beside each DNAME;
 * where it is missing it is synthesized.
 */
export function scrubbed(answers: readonly ResourceRecord[], question: Question): readonly ResourceRecord[] {
  const inClass = answers.filter((record) => record.class === question.class);
  // One DNAME may apply more than once, when its target is below its owner.
  const synthesized = new Map<ResourceRecord, readonly ResourceRecord[]>();
  const chain: Name[] = [question.name];
  for (let steps = 0; steps < MAX_ALIASES && isFollowed(question.type); steps++) {
    const name = chain.at(-1) as Name;
    const at = (type: number) => inClass.find((record) => record.type === type && record.name.equals(name));
    const cname = at(Type.CNAME);
    let target = cname && rdataName(cname.rdata);
    if (cname === undefined && at(question.type) === undefined) {
      const dname = inClass.find((record) => record.type === Type.DNAME && isBelow(name, record.name));
      const redirected = dname === undefined ? 'too-long' : redirect(name, dname);
      if (dname === undefined || redirected === 'too-long') break;
      synthesized.set(dname, [...(synthesized.get(dname) ?? []), redirected.cname]);
      target = redirected.target;
    }
    if (target === undefined || chain.some((known) => known.equals(target))) break;
    chain.push(target);
  }
  return inClass.flatMap((record) => {
    const isOnChain = chain.some((name) => name.equals(record.name));
    const isAbove = record.type === Type.DNAME || isSignatureOver(record, Type.DNAME);
    if (!isOnChain && !(isAbove && chain.some((name) => isBelow(name, record.name)))) return [];
    return [record, ...(synthesized.get(record) ?? [])];
  });
}

/** Whether all answers are of the type and class of the question and point at its name, as nearly always. */
function isPlain(bytes: Uint8Array, { questionEnd, ttlOffsets }: MessageLayout): boolean {
  const count = u16(bytes, 6);
  let owner = questionEnd;
  for (let i = 0; i < count; i++) {
    const ttlAt = ttlOffsets[i] as number;
    // NAME, TYPE and CLASS stand before the TTL.
    if (ttlAt !== owner + 6 || u16(bytes, owner) !== POINTER_TO_QUESTION) return false;
    if (u16(bytes, owner + 2) !== u16(bytes, questionEnd - 4)) return false;
    if (u16(bytes, owner + 4) !== u16(bytes, questionEnd - 2)) return false;
    owner = ttlAt + 6 + u16(bytes, ttlAt + 4);
  }
  return true;
}

/** A record of the answer section where it stands. */
interface WireAnswer {
  /** Offset of its name. */
  readonly owner: number;
  readonly type: number;
  readonly class: number;
  /** Offset of its RDATA. */
  readonly rdata: number;
}

/** RFC 1035 §4.1.4: the question's name stands right after the header. */
const POINTER_TO_QUESTION = 0xc000 | HEADER_LENGTH;

function readAnswers(bytes: Uint8Array, { questionEnd, ttlOffsets }: MessageLayout): readonly WireAnswer[] {
  const answers: WireAnswer[] = [];
  let owner = questionEnd;
  // OPT records, which have no TTL, are never in the answer section.
  for (const ttlAt of ttlOffsets.slice(0, u16(bytes, 6))) {
    const rdata = ttlAt + 6;
    answers.push({ owner, type: u16(bytes, ttlAt - 4), class: u16(bytes, ttlAt - 2), rdata });
    owner = rdata + u16(bytes, ttlAt + 4);
  }
  return answers;
}

/** The offsets of the question's name and of those that aliases lead to; `incomplete` where a CNAME is missing. */
function followAliases(
  bytes: Uint8Array,
  answers: readonly WireAnswer[],
  type: number,
  rrClass: number,
): readonly number[] | 'incomplete' {
  const chain = [HEADER_LENGTH];
  const inClass = answers.filter((answer) => answer.class === rrClass);
  for (let steps = 0; steps < MAX_ALIASES && isFollowed(type); steps++) {
    const name = chain.at(-1) as number;
    const at = (wanted: number) =>
      inClass.find((answer) => answer.type === wanted && isSameName(bytes, answer.owner, name));
    const cname = at(Type.CNAME);
    if (cname === undefined) {
      const isAbove = (answer: WireAnswer) =>
        answer.type === Type.DNAME && isBelowName(bytes, name, answer.owner);
      return at(type) === undefined && inClass.some(isAbove) ? 'incomplete' : chain;
    }
    if (chain.some((known) => isSameName(bytes, known, cname.rdata))) return chain;
    chain.push(cname.rdata);
  }
  return chain;
}

/** RFC 1034 §3.6.2: a question for the CNAME itself is answered by it. */
function isFollowed(type: number): boolean {
  return type !== Type.CNAME && type !== Type.ANY;
}

function isBelow(name: Name, ancestor: Name): boolean {
  return name.labels.length > ancestor.labels.length && name.isWithin(ancestor);
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
