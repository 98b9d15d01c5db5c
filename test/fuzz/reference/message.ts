import { forms } from './forms.ts';
import { u16, u32 } from './numbers.ts';
import { rests } from './rests.ts';

/*
 * A second reader of DNS messages, as plain as possible, to compare the program's with. What it finds malformed is undefined.
 */

/** A name: labels of one character for each octet. `next` is the offset after its own octets. */
export interface PlainName {
  readonly labels: readonly string[];
  readonly next: number;
  /** Where pointers led: the first octet of the labels there, and the one behind them. */
  readonly pointed: readonly (readonly [number, number])[];
}

/** A record, and where its parts stand. */
export interface PlainRecord {
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
  readonly ttlAt: number;
  /** As it stands there, 32 bits. */
  readonly rawTtl: number;
  readonly rdataAt: number;
  readonly length: number;
  /** RDATA with its names whole; undefined when it is not of its type's form. */
  readonly rdata: Uint8Array | undefined;
  /** The names, lengths and addresses that are needed to make it whole are valid. */
  readonly isReadable: boolean;
  /** As `PlainName.pointed`, of all its names. */
  readonly pointed: PlainName['pointed'];
}

/** An OPT record. */
export interface PlainOpt {
  readonly start: number;
  readonly end: number;
  /** Its owner is written as one zero octet. */
  readonly isPlainRoot: boolean;
  readonly size: number;
  /** TTL: extended RCODE, version and flags. */
  readonly bits: number;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
}

/** A message. */
export interface PlainMessage {
  readonly questions: readonly {
    readonly labels: readonly string[];
    readonly type: number;
    readonly class: number;
  }[];
  readonly questionEnd: number;
  /** Answers, authorities, additionals without OPT. */
  readonly sections: readonly [PlainRecord[], PlainRecord[], PlainRecord[]];
  readonly opts: readonly PlainOpt[];
  /** An OPT record stands outside of the additional section, or its owner is not the root. */
  readonly isOptMisplaced: boolean;
  /** A pointer leads into a TTL. */
  readonly isLedIntoTtl: boolean;
  /** The offset after the last record. */
  readonly end: number;
}

/** The name at `at`, which must end before `end` unless it is a pointer there. */
export function plainName(bytes: Uint8Array, at: number, end: number): PlainName | undefined {
  const labels: string[] = [];
  let total = 1;
  let next: number | undefined;
  const pointed: [number, number][] = [];
  let [segment, here, limit] = [at, at, end];
  // A pointer leads before the part that it stands in, so there are at most as many parts as octets.
  for (;;) {
    const octet = here < limit ? (bytes[here] as number) : -1;
    if (octet < 0) return undefined;
    if (octet === 0) {
      if (next !== undefined) pointed.push([segment, here + 1]);
      return { labels, next: next ?? here + 1, pointed };
    }
    if (octet >= 192) {
      if (here + 1 >= limit) return undefined;
      const target = (octet - 192) * 256 + (bytes[here + 1] as number);
      if (next !== undefined) pointed.push([segment, here + 2]);
      next ??= here + 2;
      if (target < 12 || target >= segment) return undefined;
      [segment, here, limit] = [target, target, segment];
    } else if (octet < 64) {
      if (here + octet >= limit) return undefined;
      let label = '';
      for (let i = 1; i <= octet; i++) label += String.fromCharCode(bytes[here + i] as number);
      labels.push(label);
      total += octet + 1;
      if (total > 255) return undefined;
      here += octet + 1;
    } else {
      return undefined;
    }
  }
}

/** The message that the octets begin with. In a packet an OPT record is a record like others: `hasEdns` is false. */
export function plainMessage(bytes: Uint8Array, hasEdns = true): PlainMessage | undefined {
  if (bytes.length < 12) return undefined;
  let at = 12;
  const questions: PlainMessage['questions'][number][] = [];
  for (let left = u16(bytes, 4); left > 0; left--) {
    const name = plainName(bytes, at, bytes.length);
    if (name === undefined || name.next + 4 > bytes.length) return undefined;
    questions.push({
      labels: name.labels,
      type: u16(bytes, name.next),
      class: u16(bytes, name.next + 2),
    });
    at = name.next + 4;
  }
  const questionEnd = at;
  const sections: [PlainRecord[], PlainRecord[], PlainRecord[]] = [[], [], []];
  const opts: PlainOpt[] = [];
  let isOptMisplaced = false;
  for (const index of [0, 1, 2] as const) {
    for (let left = u16(bytes, 6 + 2 * index); left > 0; left--) {
      const start = at;
      const name = plainName(bytes, at, bytes.length);
      if (name === undefined) return undefined;
      const type = u16(bytes, name.next);
      const length = u16(bytes, name.next + 8);
      const rdataAt = name.next + 10;
      at = rdataAt + length;
      if (!(at <= bytes.length)) return undefined;
      if (type === 41 && hasEdns) {
        const options = plainOptions(bytes, rdataAt, at);
        if (options === undefined) return undefined;
        if (index !== 2 || name.labels.length > 0) isOptMisplaced = true;
        const isPlainRoot = bytes[start] === 0;
        const [size, bits] = [u16(bytes, name.next + 2), u32(bytes, name.next + 4)];
        opts.push({ start, end: at, isPlainRoot, size, bits, options });
        continue;
      }
      const { rdata, isReadable, pointed } = plainRdata(bytes, type, rdataAt, length);
      sections[index].push({
        labels: name.labels,
        type,
        class: u16(bytes, name.next + 2),
        ttlAt: name.next + 4,
        rawTtl: u32(bytes, name.next + 4),
        rdataAt,
        length,
        rdata,
        isReadable,
        pointed: [...name.pointed, ...pointed],
      });
    }
  }
  const all = sections.flat();
  const isLedIntoTtl = all.some(({ pointed }) =>
    pointed.some(([from, until]) => all.some(({ ttlAt }) => from < ttlAt + 4 && until > ttlAt)),
  );
  return { questions, questionEnd, sections, opts, isOptMisplaced, isLedIntoTtl, end: at };
}

function plainOptions(bytes: Uint8Array, start: number, end: number): PlainOpt['options'] | undefined {
  const options: { code: number; data: Uint8Array }[] = [];
  for (let at = start; at < end; ) {
    if (at + 4 > end) return undefined;
    const next = at + 4 + u16(bytes, at + 2);
    if (next > end) return undefined;
    options.push({ code: u16(bytes, at), data: bytes.subarray(at + 4, next) });
    at = next;
  }
  return options;
}

/** The wire form of a name. */
export function wireOf(labels: readonly string[]): Uint8Array {
  const text = labels.map((label) => String.fromCharCode(label.length) + label).join('');
  return Uint8Array.from(Buffer.from(`${text}\0`, 'latin1'));
}

/** RDATA with its names whole, and whether it can be read at all. */
export function plainRdata(
  bytes: Uint8Array,
  type: number,
  start: number,
  length: number,
): Pick<PlainRecord, 'rdata' | 'isReadable' | 'pointed'> {
  const end = start + length;
  const form = forms.get(type);
  if (form === undefined) return { rdata: bytes.subarray(start, end), isReadable: true, pointed: [] };
  const hasNames = form.includes('n');
  // What stands behind the names is looked into only by those who check the form.
  let isReadable = hasNames || !(type === 1 || type === 28) || length === (type === 1 ? 4 : 16);
  let isValid = true;
  const parts: Uint8Array[] = [];
  const pointed: (readonly [number, number])[] = [];
  let at = start;
  for (const part of form) {
    const from = at;
    if (part === 'n') {
      const name = plainName(bytes, at, end);
      if (name === undefined) return { rdata: undefined, isReadable: false, pointed };
      pointed.push(...name.pointed);
      parts.push(wireOf(name.labels));
      at = name.next;
      continue;
    }
    const rest = rests[part];
    if (rest !== undefined) {
      isValid &&= rest(bytes, at, end, start);
      at = end;
    } else if (part === 's' || part === 't') {
      const size = at < end ? (bytes[at] as number) : Number.NaN;
      if (part === 't' && size === 0) isValid = false;
      at += 1 + size;
    } else at += Number(part);
    if (!(at <= end)) return { rdata: undefined, isReadable: isReadable && !hasNames, pointed };
    parts.push(bytes.subarray(from, at));
  }
  if (at !== end) {
    isValid = false;
    if (hasNames) isReadable = false;
  }
  return { rdata: isValid ? Uint8Array.from(Buffer.concat(parts)) : undefined, isReadable, pointed };
}
