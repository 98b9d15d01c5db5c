import { Type } from './codes.ts';
import { HEADER_LENGTH } from './message.ts';
import { MAX_NAME_LENGTH } from './name.ts';
import { checkRdata } from './rdata/check.ts';
import { readTtl } from './ttl.ts';
import { WireError } from './wire-error.ts';
import { type PointerCheck, skipName, WireReader } from './wire-reader.ts';

/** The position and contents of a message's OPT record, without its options. */
export interface OptLayout {
  /** Offset of its NAME and the offset after its RDATA. */
  readonly start: number;
  readonly end: number;
  /** CLASS: the sender's UDP payload size. */
  readonly udpPayloadSize: number;
  /** The upper 8 bits of the RCODE. */
  readonly extendedRcode: number;
  readonly version: number;
  readonly dnssecOk: boolean;
}

/**
 * The layout of a message: what a forwarder and a cache need to know of bytes that they pass on undecoded. Offsets are octets
 * from the start of the message, TTLs are seconds.
 */
export interface MessageLayout {
  /** Offset after the question section. */
  readonly questionEnd: number;
  /** Offset of the TTL field of each record except OPT, in order. */
  readonly ttlOffsets: readonly number[];
  /** The smallest TTL of those records; undefined when there are none. */
  readonly minimumTtl: number | undefined;
  /**
   * How long a negative answer may be cached: the smaller of the TTL and the MINIMUM of the first SOA in the
   * authority section (RFC 2308 §5); undefined without one.
   */
  readonly negativeTtl: number | undefined;
  readonly opt: OptLayout | undefined;
  /** Offset after the last record. Octets after it are not part of the message. */
  readonly end: number;
}

/**
 * Walks a whole message without making values of it. What it accepts has exactly the records its counts promise, each
 * with a valid name and RDATA of its type's form, and at most one OPT: cut off at `end` it can be decoded, also with other TTLs.
 * @throws WireError
 */
export function readLayout(bytes: Uint8Array): MessageLayout {
  const reader = new WireReader(bytes, 4);
  const questionCount = reader.u16('QDCOUNT');
  const answerCount = reader.u16('ANCOUNT');
  const authorityCount = reader.u16('NSCOUNT');
  const additionalCount = reader.u16('ARCOUNT');
  reader.offset = HEADER_LENGTH;
  for (let i = 0; i < questionCount; i++) {
    reader.offset = skipName(bytes, reader.offset, reader.end, 'QNAME');
    reader.take(4, 'QTYPE');
  }
  const questionEnd = reader.offset;
  const ttlOffsets: number[] = [];
  const checkPointer = ttlGuard(bytes, ttlOffsets);
  let minimumTtl: number | undefined;
  let negativeTtl: number | undefined;
  let opt: OptLayout | undefined;
  const recordCount = answerCount + authorityCount + additionalCount;
  for (let i = 0; i < recordCount; i++) {
    const start = reader.offset;
    reader.offset = skipName(bytes, start, reader.end, 'NAME', checkPointer);
    const type = reader.u16('TYPE');
    const udpPayloadSize = reader.u16('CLASS');
    const ttlAt = reader.offset;
    const ttlBits = reader.u32('TTL');
    const length = reader.u16('RDLENGTH');
    const rdataAt = reader.offset;
    reader.take(length, 'RDATA');
    if (type === Type.OPT) {
      const misplaced = i < answerCount + authorityCount || bytes[start] !== 0;
      if (opt !== undefined || misplaced) throw new WireError('duplicate-opt', 'OPT', start);
      checkOptions(bytes, rdataAt, reader.offset);
      opt = {
        start,
        end: reader.offset,
        udpPayloadSize,
        extendedRcode: ttlBits >>> 24,
        version: (ttlBits >>> 16) & 0xff,
        dnssecOk: (ttlBits & 0x8000) !== 0,
      };
      continue;
    }
    ttlOffsets.push(ttlAt);
    checkRdata(bytes, type, rdataAt, length, checkPointer);
    const ttl = readTtl(ttlBits);
    minimumTtl = minimumTtl === undefined ? ttl : Math.min(minimumTtl, ttl);
    const inAuthority = i >= answerCount && i < answerCount + authorityCount;
    if (type === Type.SOA && inAuthority && negativeTtl === undefined) {
      negativeTtl = Math.min(ttl, soaMinimum(bytes, rdataAt, length));
    }
  }
  return { questionEnd, ttlOffsets, minimumTtl, negativeTtl, opt, end: reader.offset };
}

/** RFC 6891 §6.1.2: the RDATA of OPT is options, each a code and a length before its data. */
function checkOptions(bytes: Uint8Array, start: number, end: number): void {
  const reader = new WireReader(bytes, start, end);
  // An option has at least 4 octets, so RDLENGTH bounds this loop at 16,383 turns.
  while (reader.remaining > 0) {
    reader.u16('OPTION-CODE');
    const length = reader.u16('OPTION-LENGTH');
    if (length > reader.remaining) throw new WireError('bad-length', 'OPTION-LENGTH', reader.offset);
    reader.take(length, 'OPTION-DATA');
  }
}

function soaMinimum(bytes: Uint8Array, start: number, length: number): number {
  // MINIMUM is the last field (RFC 1035 §3.3.13).
  return readTtl(new WireReader(bytes, start + length - 4).u32('MINIMUM'));
}

/**
 * Refuses names with octets of a TTL in them: a TTL changes with time, and the name would with it. `ttlOffsets` are those of the
 * records so far, ascending.
 */
function ttlGuard(bytes: Uint8Array, ttlOffsets: readonly number[]): PointerCheck {
  return (start, end, field) => {
    // The first names, which nearly all pointers lead to, stand before every TTL.
    if (ttlOffsets.length === 0 || start <= (ttlOffsets[0] as number) - MAX_NAME_LENGTH) return;
    let after = start;
    while (after < end && (bytes[after] as number) > 0 && (bytes[after] as number) < 0x40)
      after += 1 + (bytes[after] as number);
    after += (bytes[after] as number) >= 0xc0 ? 2 : 1;
    // The first TTL that ends behind the start.
    let [low, high] = [0, ttlOffsets.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ttlOffsets[middle] as number) + 4 > start) high = middle;
      else low = middle + 1;
    }
    const ttlAt = ttlOffsets[low];
    if (ttlAt !== undefined && ttlAt < after) throw new WireError('bad-pointer', field, start);
  };
}
