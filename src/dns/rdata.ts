import { Type } from './codes.ts';
import { WireError } from './wire-error.ts';
import { skipName, WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/**
 * One piece of RDATA: a number is that many octets, `character-string` is one of RFC 1035 §3.3. The others take what is
 * left: `character-strings` one or more, `service-parameters` (RFC 9460 §2.2) and `type-bitmap` (RFC 4034 §4.1.2)
 * possibly none, `rest` any octets.
 */
type Field =
  | number
  | 'compressible-name'
  | 'name'
  | 'character-string'
  | 'character-strings'
  | 'service-parameters'
  | 'type-bitmap'
  | 'rest';

/**
 * The form of RDATA by type. `compressible-name` only for the types of RFC 1035: RFC 3597 §4, "Receiving servers MUST
 * decompress domain names in RRs of well-known type, and SHOULD also decompress RRs of type RP, AFSDB, RT, SIG, PX, NXT,
 * NAPTR, and SRV", and senders "MUST NOT" compress any but the well-known. A type that is not listed is opaque, as RFC
 * 3597 §3 wants of unknown types.
 */
const forms = new Map<number, readonly Field[]>([
  [Type.A, [4]],
  [Type.NS, ['compressible-name']],
  [Type.MD, ['compressible-name']],
  [Type.MF, ['compressible-name']],
  [Type.CNAME, ['compressible-name']],
  [Type.SOA, ['compressible-name', 'compressible-name', 20]],
  [Type.MB, ['compressible-name']],
  [Type.MG, ['compressible-name']],
  [Type.MR, ['compressible-name']],
  [Type.WKS, [5, 'rest']],
  [Type.PTR, ['compressible-name']],
  [Type.HINFO, ['character-string', 'character-string']],
  [Type.MINFO, ['compressible-name', 'compressible-name']],
  [Type.MX, [2, 'compressible-name']],
  [Type.TXT, ['character-strings']],
  [Type.RP, ['name', 'name']],
  [Type.AFSDB, [2, 'name']],
  [Type.RT, [2, 'name']],
  [Type.SIG, [18, 'name', 'rest']],
  [Type.KEY, [4, 'rest']],
  [Type.PX, [2, 'name', 'name']],
  [Type.AAAA, [16]],
  [Type.NXT, ['name', 'rest']],
  [Type.SRV, [6, 'name']],
  [Type.NAPTR, [4, 'character-string', 'character-string', 'character-string', 'name']],
  [Type.KX, [2, 'name']],
  [Type.CERT, [5, 'rest']],
  [Type.DNAME, ['name']],
  [Type.DS, [4, 'rest']],
  [Type.SSHFP, [2, 'rest']],
  [Type.RRSIG, [18, 'name', 'rest']],
  [Type.NSEC, ['name', 'type-bitmap']],
  [Type.DNSKEY, [4, 'rest']],
  [Type.NSEC3, [4, 'character-string', 'character-string', 'type-bitmap']],
  [Type.NSEC3PARAM, [4, 'character-string']],
  [Type.TLSA, [3, 'rest']],
  [Type.SMIMEA, [3, 'rest']],
  [Type.CDS, [4, 'rest']],
  [Type.CDNSKEY, [4, 'rest']],
  [Type.CSYNC, [6, 'type-bitmap']],
  [Type.ZONEMD, [6, 'rest']],
  [Type.SVCB, [2, 'name', 'service-parameters']],
  [Type.HTTPS, [2, 'name', 'service-parameters']],
  [Type.SPF, ['character-strings']],
  [Type.EUI48, [6]],
  [Type.EUI64, [8]],
  [Type.URI, [4, 'rest']],
  [Type.CAA, [1, 'character-string', 'rest']],
]);

/** The types whose RDATA has names, which must be expanded. */
const named = new Map([...forms].filter(([, form]) => form.some(isName)));

function isName(field: Field): boolean {
  return field === 'name' || field === 'compressible-name';
}

/**
 * Checks that RDATA is of its type's form: `length` octets of `bytes` from `start` on, names possibly compressed. RDATA
 * of unknown types may be anything. Makes no values, because every record of every reply passes here.
 * @throws WireError for what no reader of this type could make sense of.
 */
export function checkRdata(bytes: Uint8Array, type: number, start: number, length: number): void {
  const form = forms.get(type);
  if (form === undefined) return;
  const end = start + length;
  let at = start;
  for (const field of form) at = skipField(bytes, at, end, field);
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

/**
 * Reads `length` octets of RDATA and expands every name in them, so that they mean the same outside of the message. RDATA
 * without names and addresses is not looked into: `checkRdata` does that.
 * @throws WireError when a name or a length in them is wrong.
 */
export function readRdata(reader: WireReader, type: number, length: number): Uint8Array {
  const start = reader.offset;
  const raw = reader.take(length, 'RDATA');
  const isAddress = type === Type.A || type === Type.AAAA;
  if (isAddress && length !== (type === Type.A ? 4 : 16)) throw new WireError('bad-length', 'RDATA', start);
  const form = named.get(type);
  // Not slice(): a Buffer's gives a view, and a record must outlive the datagram it came in.
  if (form === undefined) return new Uint8Array(raw);
  const inner = new WireReader(reader.bytes, start, start + length);
  const parts: Uint8Array[] = [];
  for (const field of form) parts.push(readField(inner, field));
  if (inner.remaining !== 0) throw new WireError('bad-length', 'RDATA', inner.offset);
  return Uint8Array.from(Buffer.concat(parts));
}

/**
 * Writes RDATA whose names are whole, compressing those that may be.
 * @throws WireError when `rdata` is not of its type's form.
 */
export function writeRdata(writer: WireWriter, type: number, rdata: Uint8Array): void {
  const form = named.get(type);
  if (form === undefined || !form.includes('compressible-name')) {
    writer.octets(rdata);
    return;
  }
  const reader = new WireReader(rdata);
  for (const field of form) {
    if (field === 'compressible-name') writer.name(reader.name('RDATA'));
    else writer.octets(readField(reader, field));
  }
}

function readField(reader: WireReader, field: Field): Uint8Array {
  if (field === 'compressible-name' || field === 'name') return reader.name('RDATA').toWire();
  if (typeof field === 'number') return reader.take(field, 'RDATA');
  if (field !== 'character-string') return reader.take(reader.remaining, 'RDATA');
  const length = reader.u8('RDATA');
  reader.offset -= 1;
  return reader.take(length + 1, 'RDATA');
}

/** The offset after a field. @throws WireError when it does not end at or before `end`. */
function skipField(bytes: Uint8Array, at: number, end: number, field: Field): number {
  switch (field) {
    case 'compressible-name':
    case 'name':
      return skipName(bytes, at, end, 'RDATA');
    case 'character-string':
      return skipOctets(at, 1 + octetAt(bytes, at, end), end);
    case 'character-strings':
      do at = skipOctets(at, 1 + octetAt(bytes, at, end), end);
      while (at < end);
      return at;
    case 'service-parameters':
      return skipServiceParameters(bytes, at, end);
    case 'type-bitmap':
      return skipTypeBitmap(bytes, at, end);
    case 'rest':
      return end;
    default:
      return skipOctets(at, field, end);
  }
}

/**
 * RFC 9460 §2.2: "Clients MUST consider an RR malformed if ... SvcParamKeys are not in strictly increasing numeric
 * order". Values are not looked into: §4.3 warns of it for those "whose interpretation might differ between implementations".
 */
function skipServiceParameters(bytes: Uint8Array, at: number, end: number): number {
  let previous = -1;
  while (at < end) {
    const key = (octetAt(bytes, at, end) << 8) | octetAt(bytes, at + 1, end);
    const length = (octetAt(bytes, at + 2, end) << 8) | octetAt(bytes, at + 3, end);
    if (key <= previous) throw new WireError('bad-value', 'SvcParamKey', at);
    previous = key;
    at = skipOctets(at, 4 + length, end);
  }
  return at;
}

/** RFC 4034 §4.1.2: window blocks in increasing order, each with a bitmap of 1 to 32 octets. */
function skipTypeBitmap(bytes: Uint8Array, at: number, end: number): number {
  let previous = -1;
  while (at < end) {
    const window = octetAt(bytes, at, end);
    const length = octetAt(bytes, at + 1, end);
    if (window <= previous || length < 1 || length > 32)
      throw new WireError('bad-value', 'Type Bit Maps', at);
    previous = window;
    at = skipOctets(at, 2 + length, end);
  }
  return at;
}

function skipOctets(at: number, count: number, end: number): number {
  if (count > end - at) throw new WireError('bad-length', 'RDATA', at);
  return at + count;
}

function octetAt(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw new WireError('bad-length', 'RDATA', at);
  return bytes[at] as number;
}
