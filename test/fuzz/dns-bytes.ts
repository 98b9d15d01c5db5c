import { Type } from '../../src/dns/codes.ts';
import type { Random } from './random.ts';

/** Labels that meet each other in different cases and lengths. */
const LABELS = ['www', 'WWW', 'a', '*', '_dns', 'example', 'com', 'local', 'lan', 'x'.repeat(63)] as const;

/** What a message is made of. */
export interface MessageShape {
  readonly id: number;
  /** The second and third octet pair of the header. */
  readonly flags: number;
  /** The name of the question, in labels. */
  readonly question: readonly string[];
  readonly type: number;
  /** Owner names of records end with these labels now and then. */
  readonly zone: readonly string[];
  /** Records of each section at most. */
  readonly records: number;
}

/**
 * A DNS message that is mostly well-formed: names with pointers to what stood before, records of every type with RDATA of
 * roughly its form, an OPT record.
 */
export function dnsMessage(shape: MessageShape, random: Random): Uint8Array {
  const writer = new Writer(random, shape.zone);
  const [answers, authorities, additionals] = [0, 1, 2].map(() => random.int(shape.records + 1));
  const opt = random.chance(0.5) ? 1 : 0;
  for (const value of [shape.id, shape.flags, 1, answers, authorities, (additionals ?? 0) + opt])
    writer.u16(value ?? 0);
  writer.name(shape.question);
  writer.u16(shape.type);
  writer.u16(random.chance(0.95) ? 1 : random.int(0x10000));
  for (let count = (answers ?? 0) + (authorities ?? 0) + (additionals ?? 0); count > 0; count--)
    writer.record(shape);
  if (opt === 1) writer.opt();
  return writer.bytes();
}

/** Labels of a name, some of them of any octets. */
export function labels(random: Random, zone: readonly string[]): string[] {
  const own = random.some(4, () =>
    random.chance(0.9)
      ? random.pick(LABELS)
      : Buffer.from(random.octets(1 + random.int(20))).toString('latin1'),
  );
  return random.chance(0.6) ? [...own, ...zone] : own;
}

const TYPES = Object.values(Type);

class Writer {
  readonly #random: Random;
  readonly #zone: readonly string[];
  readonly #octets: number[] = [];
  readonly #names: number[] = [];

  constructor(random: Random, zone: readonly string[]) {
    this.#random = random;
    this.#zone = zone;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#octets);
  }

  u16(value: number): void {
    this.#octets.push((value >>> 8) & 0xff, value & 0xff);
  }

  /** Labels, or a pointer to an earlier name, or labels that end in one. */
  name(parts: readonly string[]): void {
    const start = this.#octets.length;
    const target = this.#names.length > 0 ? this.#random.pick(this.#names) : undefined;
    const isPointer = target !== undefined && this.#random.chance(0.4);
    const kept = isPointer && this.#random.chance(0.5) ? parts.slice(0, 1) : isPointer ? [] : parts;
    for (const label of kept) this.#octets.push(label.length, ...Buffer.from(label, 'latin1'));
    if (isPointer) this.u16(0xc000 | target);
    else this.#octets.push(0);
    if (start < 0x3fff) this.#names.push(start);
  }

  record({ question, type }: MessageShape): void {
    const random = this.#random;
    this.name(random.chance(0.6) ? question : labels(random, this.#zone));
    const own = random.chance(0.6) ? type : random.pick(TYPES);
    this.u16(own);
    this.u16(random.chance(0.97) ? 1 : random.int(5));
    this.u16(random.pick([0, 0, 0, 1, 0x7fff, 0xffff]));
    this.u16(random.int(0x10000));
    const lengthAt = this.#octets.length;
    this.u16(0);
    this.#rdata(own);
    const length = this.#octets.length - lengthAt - 2 + (random.chance(0.97) ? 0 : random.int(5) - 2);
    this.#octets[lengthAt] = (length >>> 8) & 0xff;
    this.#octets[lengthAt + 1] = length & 0xff;
  }

  opt(): void {
    this.#octets.push(0);
    this.u16(Type.OPT);
    this.u16(this.#random.pick([0, 512, 1232, 0xffff]));
    this.#octets.push(this.#random.int(2), this.#random.int(2), this.#random.pick([0, 0x80]), 0);
    const options = this.#random.some(3, () => this.#random.octets(this.#random.int(12)));
    this.u16(options.reduce((sum, { length }) => sum + length + 4, 0));
    for (const option of options) {
      this.u16(this.#random.int(20));
      this.u16(option.length);
      this.#octets.push(...option);
    }
  }

  #rdata(type: number): void {
    const random = this.#random;
    const any = (length: number) => this.#octets.push(...random.octets(length));
    const parts = FORMS.get(type) ?? (random.chance(0.5) ? [random.int(60)] : ['strings']);
    for (const part of parts) {
      if (typeof part === 'number') any(part);
      else if (part === 'name') this.name(labels(random, this.#zone));
      else if (part === 'parameters') {
        for (const key of random.some(3, () => random.int(12)).sort((a, b) => a - b)) {
          const length = random.int(20);
          this.u16(key);
          this.u16(length);
          any(length);
        }
      } else {
        for (const length of random.some(4, () => random.int(30))) {
          this.#octets.push(length);
          any(length);
        }
      }
    }
  }
}

/** RDATA of some types: a number is that many octets. All others have octets or strings. */
const FORMS: ReadonlyMap<number, readonly (number | 'name' | 'parameters' | 'strings')[]> = new Map([
  [Type.A, [4]],
  [Type.AAAA, [16]],
  [Type.NS, ['name']],
  [Type.CNAME, ['name']],
  [Type.PTR, ['name']],
  [Type.DNAME, ['name']],
  [Type.MX, [2, 'name']],
  [Type.SRV, [6, 'name']],
  [Type.SOA, ['name', 'name', 20]],
  [Type.HTTPS, [2, 'name', 'parameters']],
  [Type.SVCB, [2, 'name', 'parameters']],
]);
