import { ipv4ToText, ipv6ToText } from '../../ip/text.ts';
import { equalOctets } from '../../octets/octets.ts';
import { base64Of, hexOf, latin1Of } from '../../octets/text.ts';
import { Class, typeToText } from '../codes.ts';
import { Name } from '../name.ts';
import type { ResourceRecord } from '../record.ts';
import { missingServiceParameter, readServiceParameters } from '../service-parameters.ts';
import { quoteOctets } from '../text-octets.ts';
import { WireError } from '../wire-error.ts';
import { WireReader } from '../wire-reader.ts';
import { PresentationError } from './codec.ts';
import { type CodecKind, codecs, fixedFields, type PresentationKind, presentationFields } from './fields.ts';
import { mnemonicFields } from './mnemonics.ts';
import { serviceParameterValueToText } from './service-parameters.ts';

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
  const text = fieldsToText(type, rdata);
  return text === undefined || text === '' ? genericRdataToText(rdata) : text;
}

/** The mnemonic of a CLASS, or `CLASS7` (RFC 3597 §5). */
function classToText(rrClass: number): string {
  if (rrClass === Class.IN) return 'IN';
  if (rrClass === Class.CH) return 'CH';
  return rrClass === Class.HS ? 'HS' : `CLASS${rrClass}`;
}

/** RFC 3597 §5: "The special token \# ..., an unsigned decimal integer specifying the RDATA length in octets", and hex. */
function genericRdataToText(rdata: Uint8Array): string {
  const hex = hexOf(rdata);
  return hex === '' ? '\\# 0' : `\\# ${rdata.length} ${hex}`;
}

function fieldsToText(type: number, rdata: Uint8Array): string | undefined {
  const fields = presentationFields(type);
  if (fields === undefined) return undefined;
  const reader = new WireReader(rdata);
  const words: string[] = [];
  try {
    for (const [, kind] of fields) {
      const text = fieldToText(reader, kind);
      if (text === undefined) return undefined;
      if (text !== '') words.push(text);
    }
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
  return reader.remaining === 0 ? words.join(' ') : undefined;
}

/** The text of the field at the reader; undefined when its octets have none. @throws WireError. */
function fieldToText(reader: WireReader, kind: PresentationKind): string | undefined {
  switch (kind) {
    case 'u8':
      return String(reader.u8('RDATA'));
    case 'u16':
      return String(reader.u16('RDATA'));
    case 'u32':
    case 'seconds':
      return String(reader.u32('RDATA'));
    case 'name':
      return wholeName(reader)?.toString();
    case 'algorithm':
    case 'certificate-type':
    case 'scheme':
    case 'type': {
      const field = mnemonicFields[kind];
      return field.toText(field.size === 1 ? reader.u8('RDATA') : reader.u16('RDATA'));
    }
    case 'eui48':
    case 'eui64':
    case 'locator':
      return fixedFields[kind].toText(reader.take(fixedFields[kind].size, 'RDATA'));
    case 'ipv4':
      return ipv4ToText(reader.take(4, 'RDATA'));
    case 'ipv6':
      return ipv6ToText(reader.take(16, 'RDATA'));
    case 'string':
      return quoteOctets(characterString(reader));
    case 'tag': {
      const tag = latin1Of(characterString(reader));
      return /^[0-9A-Za-z]+$/.test(tag) ? tag : undefined;
    }
    case 'strings': {
      const strings: string[] = [];
      while (reader.remaining > 0) strings.push(quoteOctets(characterString(reader)));
      return strings.length === 0 ? undefined : strings.join(' ');
    }
    case 'text':
      return quoteOctets(rest(reader));
    case 'uri':
      return reader.remaining === 0 ? undefined : quoteOctets(rest(reader));
    case 'hex':
      return hexOf(rest(reader)) || undefined;
    case 'base64':
      return base64Of(rest(reader)) || undefined;
    case 'service-parameters': {
      const parameters = readServiceParameters(reader);
      if (parameters === undefined || missingServiceParameter(parameters) !== undefined) return undefined;
      const texts = parameters.map(serviceParameterValueToText);
      return texts.every((text) => text !== undefined) ? texts.join(' ') : undefined;
    }
    default:
      return codecText(kind, rest(reader));
  }
}

/** A name that stands here whole: a pointer would be lost in the text. */
function wholeName(reader: WireReader): Name | undefined {
  const start = reader.offset;
  const name = reader.name('RDATA');
  return reader.offset - start === name.wireLength ? name : undefined;
}

/** What a codec writes, if it gives the same octets back: some have several spellings on the wire and one as text. */
function codecText(kind: CodecKind, octets: Uint8Array): string | undefined {
  const text = codecs[kind].toText(octets);
  if (text === undefined) return undefined;
  const words = text === '' ? [] : text.split(' ');
  try {
    const again = codecs[kind].fromWords(words, (index) => Name.parse(words[index] ?? '').toWire());
    return equalOctets(again, octets) ? text : undefined;
  } catch (error) {
    if (error instanceof PresentationError) return undefined;
    throw error;
  }
}

function characterString(reader: WireReader): Uint8Array {
  return reader.take(reader.u8('RDATA'), 'RDATA');
}

function rest(reader: WireReader): Uint8Array {
  return reader.take(reader.remaining, 'RDATA');
}
