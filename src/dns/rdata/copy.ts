import { concatOctets } from '../../octets/octets.ts';
import { Type } from '../codes.ts';
import { WireError } from '../wire-error.ts';
import { WireReader } from '../wire-reader.ts';
import type { WireWriter } from '../wire-writer.ts';
import { namedForm, type WireField } from './form.ts';

/**
 * Reads `length` octets of RDATA and expands every name in them, so that they mean the same outside of the message. RDATA
 * without names and addresses is not looked into: `checkRdata` does that.
 * @throws WireError when a name or a length in them is wrong.
 */
export function readRdata(reader: WireReader, type: number, length: number): Uint8Array {
  const start = reader.offset;
  const raw = reader.take(length);
  const isAddress = type === Type.A || type === Type.AAAA;
  if (isAddress && length !== (type === Type.A ? 4 : 16)) throw new WireError('bad-length', 'RDATA', start);
  const form = namedForm(type);
  // Not slice(): a Buffer's gives a view, and a record must outlive the datagram it came in.
  if (form === undefined) return new Uint8Array(raw);
  const inner = new WireReader(reader.bytes, start, start + length);
  const parts: Uint8Array[] = [];
  for (const field of form) parts.push(readField(inner, field));
  if (inner.remaining !== 0) throw new WireError('bad-length', 'RDATA', inner.offset);
  return concatOctets(parts);
}

/**
 * Writes RDATA whose names are whole, compressing those that may be.
 * @throws WireError when `rdata` is not of its type's form.
 */
export function writeRdata(writer: WireWriter, type: number, rdata: Uint8Array): void {
  const form = namedForm(type);
  if (form === undefined || !form.includes('compressible-name')) {
    writer.octets(rdata);
    return;
  }
  const reader = new WireReader(rdata);
  for (const field of form) {
    if (field === 'compressible-name') writer.name(reader.name());
    else writer.octets(readField(reader, field));
  }
}

function readField(reader: WireReader, field: WireField): Uint8Array {
  if (field === 'compressible-name' || field === 'name') return reader.name().toWire();
  if (typeof field === 'number') return reader.take(field);
  if (field !== 'string') return reader.take(reader.remaining);
  const length = reader.u8();
  reader.offset -= 1;
  return reader.take(length + 1);
}
