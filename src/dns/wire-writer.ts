import type { Name } from './name.ts';
import { WireError } from './wire-error.ts';

/** RFC 1035 §4.2.2: the two-octet length field of TCP bounds every message. */
export const MAX_MESSAGE_LENGTH = 65_535;

/** RFC 1035 §4.1.4: the OFFSET of a pointer has 14 bits. */
const MAX_POINTER_TARGET = 0x3fff;

/** Writes big-endian fields and names into a buffer that grows up to `MAX_MESSAGE_LENGTH`. */
export class WireWriter {
  #bytes: Uint8Array;
  #length = 0;
  readonly #compress: boolean;
  readonly #targets = new Map<string, number>();

  /** `compress: false` writes every name uncompressed. */
  constructor(options: { readonly compress?: boolean; readonly initialSize?: number } = {}) {
    this.#compress = options.compress ?? true;
    this.#bytes = new Uint8Array(options.initialSize ?? 512);
  }

  /** Octets written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written: a view, valid until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** One octet. @throws WireError `message-too-long`. */
  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Two octets, big endian. @throws WireError `message-too-long`. */
  u16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  /** Four octets, big endian. @throws WireError `message-too-long`. */
  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  /** Octets as they are. @throws WireError `message-too-long`. */
  octets(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Overwrites two octets that were written before, at `offset`. */
  patchU16(offset: number, value: number): void {
    this.#bytes[offset] = value >>> 8;
    this.#bytes[offset + 1] = value;
  }

  /**
   * A name, with its longest suffix that was written before replaced by a pointer (RFC 1035 §4.1.4). Suffixes are
   * compared case-sensitively, so that each name keeps its case.
   * `compressible: false` writes it uncompressed; later names may still point to it (RFC 3597 §4).
   * @throws WireError `message-too-long`.
   */
  name(name: Name, compressible = true): void {
    const { labels } = name;
    let suffix = '';
    const suffixes: string[] = new Array(labels.length);
    for (let i = labels.length - 1; i >= 0; i--) {
      const label = labels[i] as string;
      suffix = String.fromCharCode(label.length) + label + suffix;
      suffixes[i] = suffix;
    }
    for (let i = 0; i < labels.length; i++) {
      const key = suffixes[i] as string;
      const target = this.#targets.get(key);
      if (target !== undefined && compressible && this.#compress) {
        this.u16(0xc000 | target);
        return;
      }
      if (target === undefined && this.#length <= MAX_POINTER_TARGET) this.#targets.set(key, this.#length);
      const label = labels[i] as string;
      this.u8(label.length);
      this.#reserve(label.length);
      for (let j = 0; j < label.length; j++) this.#bytes[this.#length + j] = label.charCodeAt(j);
      this.#length += label.length;
    }
    this.u8(0);
  }

  /** Discards everything from `length` on, compression targets included. */
  rewind(length: number): void {
    this.#length = length;
    for (const [key, target] of this.#targets) {
      if (target >= length) this.#targets.delete(key);
    }
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed > MAX_MESSAGE_LENGTH) throw new WireError('message-too-long', 'message', this.#length);
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.min(Math.max(needed, this.#bytes.length * 2), MAX_MESSAGE_LENGTH));
    grown.set(this.written);
    this.#bytes = grown;
  }
}
