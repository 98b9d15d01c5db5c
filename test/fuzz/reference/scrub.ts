import { lowerCase } from '../../../src/dns/name.ts';
import { type PlainMessage, type PlainRecord, plainName } from './message.ts';
import { u16 } from './numbers.ts';

/** A record that belongs to an answer: names in lower case. A synthesized CNAME has its target alone. */
export interface Kept {
  readonly owner: string;
  readonly type: number;
  readonly data: string;
}

/** What of an answer section belongs to its question. */
export interface Scrubbed {
  readonly kept: readonly Kept[];
  /** Nothing is left out, and nothing is missing. */
  readonly isWhole: boolean;
}

/** Aliases that are followed in one reply of an upstream. */
const MAX_ALIASES = 16;

/**
 * Follows aliases from the question by the records of an answer section, and keeps what is on the way (RFC 6672 §3.1): a
 * missing CNAME of a DNAME is synthesized. An answer to a client can be made of several replies, so it may have more aliases.
 */
export function scrub(message: PlainMessage, isSynthesizing = true, maxAliases = MAX_ALIASES): Scrubbed {
  const {
    questions: [question],
    sections: [answers],
  } = message;
  if (question === undefined) return { kept: [], isWhole: true };
  const own = answers.filter((record) => record.class === question.class);
  const chain = [lower(question.labels)];
  const synthesized: { readonly dname: PlainRecord; readonly cname: Kept }[] = [];
  let isMissing = false;
  for (let steps = 0; steps < maxAliases && question.type !== 5 && question.type !== 255; steps++) {
    const name = chain.at(-1) as readonly string[];
    const at = (type: number) =>
      own.find((record) => record.type === type && isSame(lower(record.labels), name));
    const cname = at(5);
    let target = cname && targetOf(cname);
    if (cname === undefined && at(question.type) === undefined) {
      const dname = own.find((record) => record.type === 39 && isBelow(name, lower(record.labels)));
      if (dname === undefined || !isSynthesizing) break;
      isMissing = true;
      target = [...name.slice(0, name.length - dname.labels.length), ...targetOf(dname)];
      if (target.reduce((sum, label) => sum + label.length + 1, 1) > 255) break;
      synthesized.push({ dname, cname: { owner: text(name), type: 5, data: text(target) } });
    }
    if (target === undefined || chain.some((known) => isSame(known, target))) break;
    chain.push(target);
  }
  const kept = own.flatMap((record) => {
    const owner = lower(record.labels);
    const covered = record.type === 46 ? u16(record.rdata ?? new Uint8Array(2), 0) : record.type;
    const isAbove = covered === 39 && chain.some((name) => isBelow(name, owner));
    if (!isAbove && !chain.some((name) => isSame(name, owner))) return [];
    const cnames = synthesized.filter(({ dname }) => dname === record);
    return [keptOf(record), ...cnames.map(({ cname }) => cname)];
  });
  return { kept, isWhole: !isMissing && kept.length === answers.length };
}

/** A record in a form that can be compared. */
export function keptOf(record: PlainRecord): Kept {
  const owner = text(lower(record.labels));
  const { type, rdata = new Uint8Array(0) } = record;
  if (type === 5) return { owner, type, data: text(targetOf(record)) };
  return { owner, type, data: lowerCase(Buffer.from(rdata).toString('latin1')) };
}

function targetOf({ rdata = new Uint8Array(1) }: PlainRecord): readonly string[] {
  return lower(plainName(rdata, 0, rdata.length)?.labels ?? []);
}

function lower(labels: readonly string[]): readonly string[] {
  return labels.map(lowerCase);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return text(one) === text(other);
}

function isBelow(name: readonly string[], ancestor: readonly string[]): boolean {
  return name.length > ancestor.length && isSame(name.slice(name.length - ancestor.length), ancestor);
}

function text(labels: readonly string[]): string {
  return JSON.stringify(labels);
}
