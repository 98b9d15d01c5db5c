import { isMetaType, Type } from '../../src/dns/codes.ts';
import type { Random } from './random.ts';
import { forms } from './reference/forms.ts';

/** Labels that meet each other in different cases and lengths. */
const LABELS = ['www', 'WWW', 'a', '*', '_dns', 'example', 'Zz', 'zZ', 'lan', 'x'.repeat(63)] as const;

/** What a message is made of. */
export interface MessageShape {
  readonly id: number;
  /** The second and third octet pair of the header. */
  readonly flags: number;
  /** The name of the question, in labels. */
  readonly question: readonly string[];
  readonly type: number;
  /** Default: IN. */
  readonly class?: number;
  /** Owner names of records end with these labels now and then. */
  readonly zone: readonly string[];
  /** Records of each section at most. */
  readonly records: number;
  /** No question. */
  readonly isBare?: boolean;
  /** Whether it may have an OPT record; by default it may. */
  readonly hasOpt?: boolean;
}

/** A number in a message that tells how the rest is read: changing it leads parsers another way. */
export interface Field {
  readonly at: number;
  readonly size: 1 | 2;
}

/** Octets, and where their fields stand. */
export interface Structured {
  readonly octets: Uint8Array;
  readonly fields: readonly Field[];
}

/** A message that is well-formed: names with pointers to what stood before, records of every type, an OPT record. */
export function structuredMessage(shape: MessageShape, random: Random): Structured {
  const writer = new Writer(random, shape.zone);
  const counts = [0, 1, 2].map(() => random.int(shape.records + 1)) as [number, number, number];
  const opt = shape.hasOpt !== false && random.chance(0.4) ? 1 : 0;
  const opts = opt === 1 && random.chance(0.05) ? 2 : opt;
  const questions = shape.isBare === true ? 0 : 1;
  for (const value of [shape.id, shape.flags, questions, counts[0], counts[1], counts[2] + opts])
    writer.field(value);
  if (questions === 1) {
    writer.name(shape.question);
    writer.field(shape.type);
    writer.field(shape.class ?? 1);
  }
  const optAt = counts[0] + counts[1] + (random.chance(0.8) ? counts[2] : random.int(counts[2] + 1));
  const total = counts[0] + counts[1] + counts[2];
  for (let index = 0; index <= total; index++) {
    for (let left = index === optAt ? opts : 0; left > 0; left--) writer.opt();
    if (index < total) writer.record(shape);
  }
  return writer.result();
}

/** Labels of a name, some of them of any octets, some as many or as long as a name can have. */
export function labels(random: Random, zone: readonly string[]): string[] {
  if (random.chance(0.02)) return longName(random, zone);
  const own = random.some(4, () =>
    random.chance(0.9) ? random.pick(LABELS) : latin1(random.octets(1 + random.int(20))),
  );
  return random.chance(0.6) ? [...own, ...zone] : own;
}

/** A name of 253 to 257 octets: some are too long. */
function longName(random: Random, zone: readonly string[]): string[] {
  const result = [...zone];
  let length = zone.reduce((sum, label) => sum + label.length + 1, 1);
  const wanted = 253 + random.int(5);
  const most = random.pick([1, 2, 63]);
  while (length < wanted) {
    const size = Math.min(most, wanted - length - 1);
    if (size < 1) break;
    result.unshift('l'.repeat(size));
    length += size + 1;
  }
  return result;
}

/** Well-formed RDATA of a type, its names whole. */
export function randomRdata(type: number, random: Random, zone: readonly string[]): Uint8Array {
  const writer = new Writer(random, zone, false);
  writer.rdata(type);
  return writer.result().octets;
}

const TYPES = Object.values(Type);
/** Types that are in many messages, and all. */
const COMMON = [1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 46, 47, 64, 65] as const;
const ZONE_TYPES = TYPES.filter((type) => !isMetaType(type));

/** Any type that can stand in a zone, those that are in use more often. */
export function zoneType(random: Random): number {
  if (random.chance(0.5)) return random.pick(COMMON);
  return random.chance(0.9) ? random.pick(ZONE_TYPES) : 65_280 + random.int(4);
}

/** The types whose data is no list of parts: the most of them has a form of its own in text. */
export function specialType(random: Random): number {
  return Number(random.pick(Object.keys(SPECIAL)));
}

class Writer {
  readonly #random: Random;
  readonly #zone: readonly string[];
  readonly #isCompressing: boolean;
  #octets = new Uint8Array(1024);
  #length = 0;
  readonly #names: number[] = [];
  readonly #fields: Field[] = [];

  constructor(random: Random, zone: readonly string[], isCompressing = true) {
    this.#random = random;
    this.#zone = zone;
    this.#isCompressing = isCompressing;
  }

  result(): Structured {
    return { octets: this.#octets.slice(0, this.#length), fields: this.#fields };
  }

  u8(value: number): void {
    if (this.#length === this.#octets.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#octets);
      this.#octets = grown;
    }
    this.#octets[this.#length++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value & 0xff);
  }

  /** A number of two octets that may be changed. */
  field(value: number): void {
    this.#fields.push({ at: this.#length, size: 2 });
    this.u16(value);
  }

  /** A length of one octet that may be changed, and what it counts. */
  string(octets: Uint8Array): void {
    this.#fields.push({ at: this.#length, size: 1 });
    this.u8(octets.length);
    this.all(octets);
  }

  all(octets: Uint8Array): void {
    for (let at = 0; at < octets.length; at++) this.u8(octets[at] as number);
  }

  /** Labels, or a pointer to an earlier name, or labels that end in one. */
  name(parts: readonly string[]): void {
    const random = this.#random;
    const isPointer = this.#isCompressing && this.#names.length > 0 && random.chance(0.4);
    const kept = isPointer && random.chance(0.5) ? parts.slice(0, 1) : isPointer ? [] : parts;
    const target = isPointer ? random.pick(this.#names) : 0;
    for (const label of kept) {
      // A pointer may lead to any label of a name.
      if (this.#length < 0x3fff && this.#isCompressing) this.#names.push(this.#length);
      this.#fields.push({ at: this.#length, size: 1 });
      this.u8(label.length);
      for (let at = 0; at < label.length; at++) this.u8(label.charCodeAt(at));
    }
    if (isPointer) this.field(0xc000 | target);
    else {
      this.#fields.push({ at: this.#length, size: 1 });
      this.u8(0);
    }
  }

  /** A name without a pointer. */
  wholeName(parts: readonly string[]): void {
    for (const label of parts) this.string(Buffer.from(label, 'latin1'));
    this.u8(0);
  }

  /** Nothing, an address of either family, or a name (RFC 4025 §2.3). */
  gateway(kind: number, zone: readonly string[]): void {
    if (kind === 3) this.wholeName(labels(this.#random, zone));
    else this.all(this.#random.octets([0, 4, 16][kind] ?? 0));
  }

  record({ question, type }: MessageShape): void {
    const random = this.#random;
    this.name(random.chance(0.6) ? question : labels(random, this.#zone));
    const own = random.chance(0.4) && type !== Type.OPT ? type : zoneType(random);
    // An OPT record in the place of another one, now and then.
    this.field(random.chance(0.995) ? own : Type.OPT);
    this.field(random.chance(0.95) ? 1 : random.pick([0, 2, 3, 4, 254, 255, 256]));
    const ttl = random.chance(0.6) ? random.int(100_000) : random.pick(TTLS);
    this.u16(ttl >>> 16);
    this.u16(ttl & 0xffff);
    const lengthAt = this.#length;
    this.field(0);
    this.rdata(own);
    const length = this.#length - lengthAt - 2;
    this.#octets[lengthAt] = length >>> 8;
    this.#octets[lengthAt + 1] = length & 0xff;
  }

  opt(): void {
    const random = this.#random;
    // RFC 6891 §6.1.2: "MUST be 0 (root domain)".
    if (random.chance(0.04)) this.name(labels(random, this.#zone));
    else this.u8(0);
    this.field(Type.OPT);
    this.u16(random.pick([0, 511, 512, 513, 1231, 1232, 1233, 4096, 0xffff]));
    this.u8(random.chance(0.8) ? 0 : random.int(256));
    this.u8(random.chance(0.9) ? 0 : random.int(3));
    this.u16(random.pick([0, 0x8000, 0x8000, 0x4000, 0xffff]));
    const options = random.some(3, () => random.octets(random.int(12)));
    this.field(options.reduce((sum, { length }) => sum + length + 4, 0));
    for (const option of options) {
      this.u16(random.pick([0, 3, 8, 10, 11, 12, 15, 15, 65_001]));
      this.field(option.length);
      this.all(option);
    }
  }

  rdata(type: number): void {
    const random = this.#random;
    const form = forms.get(type);
    const special = SPECIAL[type];
    if (special !== undefined && random.chance(0.9)) {
      special(this, random, this.#zone);
      return;
    }
    if (form === undefined) {
      this.all(random.octets(random.int(60)));
      return;
    }
    for (const part of form) {
      if (part === 'n') this.name(labels(random, this.#zone));
      else if (part === 'w') this.wholeName(labels(random, this.#zone));
      else if (part === '+') this.all(random.octets(random.int(30)));
      else if (part === 'Z') this.all(random.octets(random.pick([11, 12, 20, 48])));
      else if (/[GHLPR]/.test(part)) this.all(random.octets(random.int(20)));
      else if (part === '*') this.all(random.octets(random.int(30)));
      else if (part === 's' || part === 't') this.string(this.#text());
      else if (part === 'S') for (let left = 1 + random.int(3); left > 0; left--) this.string(this.#text());
      else if (part === 'p') this.#parameters();
      else if (part === 'b') this.#bitmap();
      else this.all(random.octets(Number(part)));
    }
  }

  #text(): Uint8Array {
    return this.#random.octets(
      this.#random.chance(0.95) ? this.#random.int(20) : this.#random.pick([63, 64, 254, 255]),
    );
  }

  #parameters(): void {
    const random = this.#random;
    const keys = [...new Set(random.some(4, () => random.int(12)))].sort((a, b) => a - b);
    for (const key of keys) {
      this.field(key);
      const value = parameterValue(key, random);
      this.field(value.length);
      this.all(value);
    }
  }

  #bitmap(): void {
    const random = this.#random;
    const windows = [...new Set(random.some(2, () => random.int(256)))].sort((a, b) => a - b);
    for (const window of windows) {
      this.u8(window);
      const bitmap = random.octets(random.pick([1, 2, 6, 31, 32, 32, random.pick([32, 33])]));
      // RFC 4034 §4.1.2: no trailing zero octets.
      bitmap[bitmap.length - 1] = 1 + random.int(255);
      this.string(bitmap);
    }
  }
}

/** Types that are no list of parts: what they hold depends on what stands before. */
const SPECIAL: Readonly<Record<number, (writer: Writer, random: Random, zone: readonly string[]) => void>> = {
  [Type.LOC]: (writer, random) => {
    writer.u8(random.chance(0.95) ? 0 : 1);
    for (let left = 3; left > 0; left--) writer.u8(16 * random.int(11) + random.int(11));
    // Thousandths of a second of arc around 2^31.
    for (const most of [324_000_000, 648_000_000]) {
      const angle =
        2 ** 31 + (random.chance(0.8) ? random.int(2 * most + 1) - most : most * random.pick([-1, 0, 1]));
      writer.u16(Math.floor(angle / 65_536));
      writer.u16(angle % 65_536);
    }
    writer.all(random.octets(4));
  },
  [Type.APL]: (writer, random) => {
    for (let left = random.int(4); left > 0; left--) {
      const family = random.pick([1, 2]);
      const size = family === 1 ? 4 : 16;
      const part = random.octets(random.int(size + 1));
      // RFC 3123 §4: no trailing zero octets.
      if (part.length > 0) part[part.length - 1] = 1 + random.int(255);
      writer.u16(family);
      writer.u8(random.int(8 * size + 1));
      writer.u8(part.length + random.pick([0, 128]));
      writer.all(part);
    }
  },
  [Type.IPSECKEY]: (writer, random, zone) => {
    const kind = random.int(4);
    for (const octet of [random.int(256), kind, random.int(4)]) writer.u8(octet);
    writer.gateway(kind, zone);
    writer.all(random.octets(random.int(30)));
  },
  [Type.AMTRELAY]: (writer, random, zone) => {
    const kind = random.int(4);
    for (const octet of [random.int(256), kind + random.pick([0, 128])]) writer.u8(octet);
    writer.gateway(kind, zone);
  },
  [Type.HIP]: (writer, random, zone) => {
    const [tag, key] = [random.octets(1 + random.int(20)), random.octets(1 + random.int(30))];
    writer.u8(tag.length);
    writer.u8(random.int(4));
    writer.u16(key.length);
    writer.all(tag);
    writer.all(key);
    for (let left = random.int(3); left > 0; left--) writer.wholeName(labels(random, zone));
  },
};

const TTLS = [
  0, 1, 86_399, 86_400, 86_401, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff,
] as const;

/** A SvcParam's value, mostly of its key's form. */
function parameterValue(key: number, random: Random): Uint8Array {
  if (random.chance(0.2)) return random.octets(random.int(6));
  if (key === 3) return random.octets(2);
  if (key === 4) return random.octets(4 * (1 + random.int(2)));
  if (key === 6) return random.octets(16);
  if (key === 2 || key === 8) return new Uint8Array(0);
  if (key === 1) return Uint8Array.of(2, 0x68, 0x32, 3, 0x61, 0x2c, 0x5c);
  return random.octets(random.int(20));
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}
