import { WireError } from '../wire-error.ts';
import { type PointerCheck, skipName } from '../wire-reader.ts';
import { rdataForm, type WireField } from './form.ts';
import { checkServiceParameters } from './service-parameters.ts';

/**
 * Checks that RDATA is of its type's form: `length` octets of `bytes` from `start` on, names possibly compressed. RDATA
 * of unknown types may be anything. `checkPointer` as for `skipName`. Makes no values, because every record of every reply passes here.
 * @throws WireError for what no reader of this type could make sense of.
 */
export function checkRdata(
  bytes: Uint8Array,
  type: number,
  start: number,
  length: number,
  checkPointer?: PointerCheck,
): void {
  const form = rdataForm(type);
  if (form === undefined) return;
  const end = start + length;
  let at = start;
  for (const field of form) {
    // What a record is for decides what its parameters mean.
    if (field === 'service-parameters') at = checkServiceParameters(bytes, at, end, u16(bytes, start, end));
    else at = skipField(bytes, at, end, field, checkPointer);
  }
  if (at !== end) throw new WireError('bad-length', 'RDATA', start);
}

/** Whether RDATA that stands alone, with whole names, is of its type's form. */
export function isWellFormed(type: number, rdata: Uint8Array): boolean {
  try {
    checkRdata(rdata, type, 0, rdata.length);
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

/** The offset after a field. @throws WireError when it does not end at or before `end`. */
function skipField(
  bytes: Uint8Array,
  at: number,
  end: number,
  field: Exclude<WireField, 'service-parameters'>,
  checkPointer: PointerCheck | undefined,
): number {
  switch (field) {
    case 'compressible-name':
    case 'name':
      return skipName(bytes, at, end, 'RDATA', checkPointer);
    case 'whole-name':
      return skipWholeName(bytes, at, end);
    case 'string':
      return skipOctets(at, 1 + u8(bytes, at, end), end);
    case 'tag':
      return skipOctets(at, 1 + atLeast(1, u8(bytes, at, end), at), end);
    case 'strings':
      do at = skipOctets(at, 1 + u8(bytes, at, end), end);
      while (at < end);
      return at;
    case 'location':
      return skipLocation(bytes, at, end);
    case 'ipsec-gateway':
      // The public key, if any, is behind it.
      skipGateway(bytes, skipOctets(at, 2, end), end, u8(bytes, at, end));
      return end;
    case 'multicast-relay':
      // The high bit is the discovery-optional flag (RFC 8777 §4.2.2).
      return skipGateway(bytes, at + 1, end, u8(bytes, at, end) & 0x7f);
    case 'address-prefixes':
      while (at < end) at = skipAddressPrefix(bytes, at, end);
      return at;
    case 'host-identity':
      return skipHostIdentity(bytes, at, end);
    case 'types':
      return skipTypeBitmap(bytes, at, end);
    case 'zone-digest':
      // RFC 8976 §2.2.4: "The Digest field MUST NOT be shorter than 12 octets."
      atLeast(12, end - at, at);
      return end;
    case 'uri':
    case 'octets':
      atLeast(1, end - at, at);
      return end;
    case 'rest':
      return end;
    default:
      return skipOctets(at, field, end);
  }
}

/** A name that stands here whole (RFC 1035 §3.1): a pointer would lose its meaning outside of the message. */
function skipWholeName(bytes: Uint8Array, start: number, end: number): number {
  return skipName(bytes, start, end, 'RDATA', refusePointer);
}

const refusePointer: PointerCheck = (start, _, field) => {
  throw new WireError('bad-pointer', field, start);
};

/** RFC 1876 §2: 90 and 180 degrees in thousandths of a second of arc, from "2^31". */
const EQUATOR = 2 ** 31;
const POLE = 90 * 3_600_000;

/**
 * RFC 1876 §2: "Implementations are required to check [VERSION] and make no assumptions about the format of unrecognized
 * versions." In version 0, size and precisions are "four-bit unsigned integers, each ranging from zero to nine".
 */
function skipLocation(bytes: Uint8Array, at: number, end: number): number {
  if (u8(bytes, at, end) !== 0) return end;
  const next = skipOctets(at, 16, end);
  for (let i = at + 1; i < at + 4; i++) {
    const octet = bytes[i] as number;
    if (octet >>> 4 > 9 || (octet & 15) > 9) throw new WireError('bad-value', 'RDATA', i);
  }
  for (const [offset, maximum] of [[at + 4, POLE] as const, [at + 8, 2 * POLE] as const]) {
    const angle = u16(bytes, offset, end) * 0x10000 + u16(bytes, offset + 2, end);
    if (Math.abs(angle - EQUATOR) > maximum) throw new WireError('bad-value', 'RDATA', offset);
  }
  return next;
}

/** RFC 4025 §2.3: of type 0 nothing, 1 an IPv4 address, 2 an IPv6 address, 3 an uncompressed name. Others may come. */
function skipGateway(bytes: Uint8Array, at: number, end: number, type: number): number {
  switch (type) {
    case 0:
      return at;
    case 1:
      return skipOctets(at, 4, end);
    case 2:
      return skipOctets(at, 16, end);
    case 3:
      return skipWholeName(bytes, at, end);
    default:
      return end;
  }
}

/**
 * RFC 3123 §4: address family, prefix length, and the octets of the address up to the last that is not zero, whose number
 * has the negation flag before it. §4.1 and §4.2: at most 32 bits of IPv4, and 128 of IPv6. Other families may come.
 */
function skipAddressPrefix(bytes: Uint8Array, at: number, end: number): number {
  const family = u16(bytes, at, end);
  const prefix = u8(bytes, at + 2, end);
  const length = u8(bytes, at + 3, end) & 0x7f;
  const size = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (size > 0 && (prefix > size * 8 || length > size)) throw new WireError('bad-value', 'RDATA', at);
  return skipOctets(at, 4 + length, end);
}

/** RFC 8005 §5: lengths of HIT and public key, these two, and rendezvous servers: "The domain names MUST NOT be compressed". */
function skipHostIdentity(bytes: Uint8Array, start: number, end: number): number {
  const tagLength = atLeast(1, u8(bytes, start, end), start);
  const keyLength = atLeast(1, u16(bytes, start + 2, end), start + 2);
  let at = skipOctets(start, 4 + tagLength + keyLength, end);
  while (at < end) at = skipWholeName(bytes, at, end);
  return at;
}

/** RFC 4034 §4.1.2: window blocks in increasing order, each with a bitmap of 1 to 32 octets. */
function skipTypeBitmap(bytes: Uint8Array, at: number, end: number): number {
  let previous = -1;
  while (at < end) {
    const window = u8(bytes, at, end);
    const length = u8(bytes, at + 1, end);
    if (window <= previous || length < 1 || length > 32)
      throw new WireError('bad-value', 'Type Bit Maps', at);
    previous = window;
    at = skipOctets(at, 2 + length, end);
  }
  return at;
}

function atLeast(minimum: number, length: number, at: number): number {
  if (length < minimum) throw new WireError('bad-length', 'RDATA', at);
  return length;
}

function skipOctets(at: number, count: number, end: number): number {
  if (count > end - at) throw new WireError('bad-length', 'RDATA', at);
  return at + count;
}

function u16(bytes: Uint8Array, at: number, end: number): number {
  return (u8(bytes, at, end) << 8) | u8(bytes, at + 1, end);
}

function u8(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw new WireError('bad-length', 'RDATA', at);
  return bytes[at] as number;
}
