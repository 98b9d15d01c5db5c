import { hexOf } from '../../octets/text.ts';
import { Class, typeToText } from '../codes.ts';
import { isWellFormed } from '../rdata/check.ts';
import { presentationFields } from '../rdata/form.ts';
import type { ResourceRecord } from '../record.ts';
import { WireReader } from '../wire-reader.ts';
import { presentationForms } from './forms.ts';

/** A record as a line of a zone file (RFC 1035 §5.1): absolute name, TTL, class, type, RDATA. Never throws. */
export function recordToText(record: ResourceRecord): string {
  const { name, ttl, type, rdata } = record;
  return `${name} ${ttl} ${classToText(record.class)} ${typeToText(type)} ${rdataToText(type, rdata)}`;
}

/**
 * RDATA as a zone file writes it. Types without a form of their own, and RDATA that is not of its type's form, are
 * written as RFC 3597 §5 says: `\# 4 c0000201`. Never throws. A zone-file parser gets the same octets back.
 */
export function rdataToText(type: number, rdata: Uint8Array): string {
  // RFC 3597 §5: "The special token \# ..., an unsigned decimal integer specifying the RDATA length in octets", and hex.
  return fieldsToText(type, rdata) || `\\# ${rdata.length} ${hexOf(rdata)}`.trimEnd();
}

/** The mnemonic of a CLASS, or `CLASS7` (RFC 3597 §5). */
function classToText(rrClass: number): string {
  if (rrClass === Class.IN) return 'IN';
  if (rrClass === Class.CH) return 'CH';
  return rrClass === Class.HS ? 'HS' : `CLASS${rrClass}`;
}

/** The words for well-formed RDATA; undefined if there are none. */
function fieldsToText(type: number, rdata: Uint8Array): string | undefined {
  const fields = presentationFields(type);
  if (fields === undefined || !isWellFormed(type, rdata)) return undefined;
  const reader = new WireReader(rdata);
  const texts: string[] = [];
  for (const { kind } of fields) {
    const text = presentationForms[kind].toText(reader);
    if (text === undefined) return undefined;
    if (text !== '') texts.push(text);
  }
  return texts.join(' ');
}
