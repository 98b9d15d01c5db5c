import { MAX_NAME_LENGTH, Name } from './name.ts';
import { WireError } from './wire-error.ts';

/**
 * RFC 1035 §2.3.4 allows 255 octets for a name, so at most 127 labels; a useful pointer adds at least one, so a name with
 * more pointers is an attack.
 */
const MAX_POINTERS = 127;

/** The field that errors name where the caller names none. */
const RDATA = 'RDATA';

/** Reads big-endian fields from a DNS message, in order; every read is bounded by the end of the bytes. */
export class WireReader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;

  /** Reads `bytes` from `offset` up to, not including, `end`; names may point anywhere before. */
  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  /** Octets left before the end. */
  get remaining(): number {
    return this.end - this.offset;
  }

  /** One octet. @throws WireError `truncated`. */
  u8(field = RDATA): number {
    return this.#octet(this.#advance(1, field));
  }

  /** Two octets, big endian. @throws WireError `truncated`. */
  u16(field = RDATA): number {
    const at = this.#advance(2, field);
    return (this.#octet(at) << 8) | this.#octet(at + 1);
  }

  /** Four octets, big endian, unsigned. @throws WireError `truncated`. */
  u32(field = RDATA): number {
    const high = this.u16(field);
    return high * 0x10000 + this.u16(field);
  }

  /** A view (no copy) of the next `length` octets. @throws WireError `truncated`. */
  take(length: number, field = RDATA): Uint8Array {
    const at = this.#advance(length, field);
    return this.bytes.subarray(at, at + length);
  }

  /** A domain name, compressed or not (RFC 1035 §4.1.4). @throws WireError. */
  name(field = RDATA): Name {
    const labels: string[] = [];
    this.offset = walkName(this.bytes, this.offset, this.end, field, (start, length) => {
      labels.push(labelAt(this.bytes, start, length));
    });
    return labels.length === 0 ? Name.root : Name.fromLabels(labels);
  }

  #advance(length: number, field: string): number {
    const at = this.offset;
    if (length > this.end - at) throw new WireError('truncated', field, at);
    this.offset = at + length;
    return at;
  }

  #octet(at: number): number {
    return this.bytes[at] as number;
  }
}

/** Octets up to which a loop is faster: it needs no view of the bytes. */
const SHORT_LABEL = 8;

/** A label as a string, one character for each octet. */
function labelAt(bytes: Uint8Array, start: number, length: number): string {
  // Of at most 63 arguments. Spreading them would go through an iterator and take six times as long.
  if (length > SHORT_LABEL)
    return String.fromCharCode.apply(null, bytes.subarray(start, start + length) as unknown as number[]);
  let label = '';
  for (let at = start; at < start + length; at++) label += String.fromCharCode(bytes[at] as number);
  return label;
}

/**
 * Skips the name at `offset` without decoding it; pointers are followed, so that a name accepted here can be read.
 * `checkPointer` may refuse where a pointer leads.
 * @returns the offset after the name's own octets (after its first pointer, if it has one).
 * @throws WireError for a name that RFC 1035 does not allow.
 */
export function skipName(
  bytes: Uint8Array,
  offset: number,
  end: number,
  field: string,
  checkPointer?: PointerCheck,
): number {
  return walkName(bytes, offset, end, field, undefined, checkPointer);
}

/** Looks at the labels from `start` on, up to a pointer, the root or `end`, to which a pointer leads. @throws WireError */
export type PointerCheck = (start: number, end: number, field: string) => void;

function walkName(
  bytes: Uint8Array,
  offset: number,
  end: number,
  field: string,
  visit: ((start: number, length: number) => void) | undefined,
  checkPointer?: PointerCheck,
): number {
  let at = offset;
  let limit = end;
  let segmentStart = offset;
  let after = -1;
  let length = 1;
  let pointers = 0;
  for (;;) {
    if (at >= limit) throw new WireError('truncated', field, at);
    const octet = bytes[at] as number;
    if (octet === 0) return after < 0 ? at + 1 : after;
    if (octet < 0x40) {
      if (at + 1 + octet > limit) throw new WireError('truncated', field, at);
      length += octet + 1;
      if (length > MAX_NAME_LENGTH) throw new WireError('name-too-long', field, offset);
      visit?.(at + 1, octet);
      at += octet + 1;
    } else if (octet >= 0xc0) {
      if (at + 2 > limit) throw new WireError('truncated', field, at);
      const target = ((octet & 0x3f) << 8) | (bytes[at + 1] as number);
      // RFC 1035 §4.1.4: "replaced with a pointer to a prior occurrence of the same name". Demanding that each
      // pointer leads before the part it is in makes every walk end; there is no name in the 12 octets of the header.
      if (target >= segmentStart || target < 12 || ++pointers > MAX_POINTERS)
        throw new WireError('bad-pointer', field, at);
      checkPointer?.(target, segmentStart, field);
      if (after < 0) after = at + 2;
      limit = segmentStart;
      segmentStart = target;
      at = target;
    } else {
      throw new WireError('bad-label-type', field, at);
    }
  }
}
