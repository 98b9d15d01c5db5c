import { Type } from './codes.ts';
import { WireError } from './wire-error.ts';
import { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** One piece of RDATA: a number is that many octets; `rest` is what is left. */
type Field = number | 'compressible-name' | 'name' | 'character-string' | 'rest';

/**
 * Where names stand inside RDATA. `compressible-name` only for the types of RFC 1035: RFC 3597 §4, "Receiving
 * servers MUST decompress domain names in RRs of well-known type, and SHOULD also decompress RRs of type RP,
 * AFSDB, RT, SIG, PX, NXT, NAPTR, and SRV", and senders "MUST NOT" compress any but the well-known. Every type
 * that is not listed is octets to us.
 */
const layouts = new Map<number, readonly Field[]>([
  [Type.NS, ['compressible-name']],
  [Type.MD, ['compressible-name']],
  [Type.MF, ['compressible-name']],
  [Type.CNAME, ['compressible-name']],
  [Type.SOA, ['compressible-name', 'compressible-name', 20]],
  [Type.MB, ['compressible-name']],
  [Type.MG, ['compressible-name']],
  [Type.MR, ['compressible-name']],
  [Type.PTR, ['compressible-name']],
  [Type.MINFO, ['compressible-name', 'compressible-name']],
  [Type.MX, [2, 'compressible-name']],
  [Type.RP, ['name', 'name']],
  [Type.AFSDB, [2, 'name']],
  [Type.RT, [2, 'name']],
  [Type.SIG, [18, 'name', 'rest']],
  [Type.PX, [2, 'name', 'name']],
  [Type.NXT, ['name', 'rest']],
  [Type.SRV, [6, 'name']],
  [Type.NAPTR, [4, 'character-string', 'character-string', 'character-string', 'name']],
  [Type.KX, [2, 'name']],
  [Type.DNAME, ['name']],
  [Type.RRSIG, [18, 'name', 'rest']],
  [Type.NSEC, ['name', 'rest']],
  [Type.SVCB, [2, 'name', 'rest']],
  [Type.HTTPS, [2, 'name', 'rest']],
]);

/** Fixed RDATA lengths, in octets, that a reader depends on (RFC 1035 §3.4.1, RFC 3596 §2.2). */
const fixedLengths = new Map<number, number>([
  [Type.A, 4],
  [Type.AAAA, 16],
]);

/**
 * Reads `length` octets of RDATA as they stand in a message and gives them with every name inside expanded, so
 * that they mean the same outside of that message.
 * @throws WireError when a name or a length in them is wrong.
 */
export function readRdata(reader: WireReader, type: number, length: number): Uint8Array {
  const start = reader.offset;
  const raw = reader.take(length, 'RDATA');
  const fixed = fixedLengths.get(type);
  if (fixed !== undefined && length !== fixed) throw new WireError('bad-length', 'RDATA', start);
  const layout = layouts.get(type);
  // Not slice(): a Buffer's gives a view, and a record must outlive the datagram it came in.
  if (layout === undefined) return new Uint8Array(raw);
  const inner = new WireReader(reader.bytes, start, start + length);
  const parts: Uint8Array[] = [];
  for (const field of layout) parts.push(readField(inner, field));
  if (inner.remaining !== 0) throw new WireError('bad-length', 'RDATA', inner.offset);
  return Uint8Array.from(Buffer.concat(parts));
}

/**
 * Writes RDATA whose names are whole, compressing those that may be.
 * @throws WireError when `rdata` is not of its type's form.
 */
export function writeRdata(writer: WireWriter, type: number, rdata: Uint8Array): void {
  const layout = layouts.get(type);
  if (layout === undefined || !layout.includes('compressible-name')) {
    writer.octets(rdata);
    return;
  }
  const reader = new WireReader(rdata);
  for (const field of layout) {
    if (field === 'compressible-name') writer.name(reader.name('RDATA'));
    else writer.octets(readField(reader, field));
  }
}

function readField(reader: WireReader, field: Field): Uint8Array {
  switch (field) {
    case 'compressible-name':
    case 'name':
      return reader.name('RDATA').toWire();
    case 'character-string': {
      const length = reader.u8('RDATA');
      reader.offset -= 1;
      return reader.take(length + 1, 'RDATA');
    }
    case 'rest':
      return reader.take(reader.remaining, 'RDATA');
    default:
      return reader.take(field, 'RDATA');
  }
}
