import { concatOctets } from '../../octets/octets.ts';
import { base64Of, hexOf, latin1Of, octetsFromHex } from '../../octets/text.ts';
import { typeFromText, typeToText } from '../codes.ts';
import type { FieldKind } from '../rdata/form.ts';
import { quoteOctets } from '../text-octets.ts';
import type { WireReader } from '../wire-reader.ts';
import { addressPrefixes } from './address-prefixes.ts';
import { type FixedText, ipv4, ipv6 } from './fixed-text.ts';
import { ipsecGateway, multicastRelay } from './gateway.ts';
import { hostIdentity } from './host-identity.ts';
import { location } from './location.ts';
import { algorithms, certificateTypes, type Mnemonics, schemes } from './mnemonics.ts';
import { type PresentationForm, restOf, reversible } from './presentation-form.ts';
import { serviceParameters } from './service-parameters.ts';
import { EntryError, type Token, unexpected } from './token.ts';
import { typeBitmap } from './type-bitmap.ts';
import {
  integerOctets,
  notA,
  parseBase64,
  parseDuration,
  parseHex,
  parseInteger,
  parseOctets,
} from './values.ts';

/** RFC 1035 §3.3: "a single length octet followed by that number of characters". */
const MAX_STRING_LENGTH = 255;

const name: PresentationForm = {
  // A pointer would be lost in the text.
  toText: (reader) => {
    const start = reader.offset;
    const found = reader.name();
    return reader.offset - start === found.wireLength ? found.toString() : undefined;
  },
  fromWords: (words, label) => words.name(label),
};

const hex: PresentationForm = {
  toText: (reader) => hexOf(restOf(reader)) || undefined,
  fromWords: (words, label) => parseHex([words.next(label), ...words.rest()], label),
};

const base64: PresentationForm = {
  toText: (reader) => base64Of(restOf(reader)) || undefined,
  fromWords: (words, label) => parseBase64([words.next(label), ...words.rest()], label),
};

/** How each kind of field is written for people. */
export const presentationForms: Readonly<Record<FieldKind, PresentationForm>> = {
  u8: integer(1, parseInteger),
  u16: integer(2, parseInteger),
  u32: integer(4, parseInteger),
  seconds: integer(4, parseDuration),
  algorithm: mnemonic(1, 'a DNSSEC algorithm, such as 13 or ECDSAP256SHA256', {
    ...algorithms,
    toText: String,
  }),
  'certificate-type': mnemonic(2, 'a certificate type, such as 1 or PKIX', certificateTypes),
  scheme: mnemonic(1, 'a scheme, such as 1 or NOTIFY', schemes),
  type: mnemonic(2, 'a record type, such as A or TYPE65400', { toText: typeToText, fromText: typeFromText }),
  'compressible-name': name,
  name,
  'whole-name': name,
  ipv4: oneWord(ipv4),
  ipv6: oneWord(ipv6),
  eui48: hexGroups(6, 2, '-', 'an EUI-48 address such as 00-00-5e-00-53-2a'),
  eui64: hexGroups(8, 2, '-', 'an EUI-64 address such as 00-00-5e-ef-10-00-00-2a'),
  // RFC 6742 §2.1.2: leading zeros of a group may be left out.
  locator: hexGroups(4, 4, ':', 'a locator such as 0014:4fff:ff20:ee64'),
  string: {
    toText: (reader) => quoteOctets(characterString(reader)),
    fromWords: (words, label) => stringFrom(words.next(label), label),
  },
  tag: {
    toText: (reader) => {
      const tag = latin1Of(characterString(reader));
      return isTag(tag) ? tag : undefined;
    },
    fromWords: (words, label) => {
      const token = words.next(label);
      if (!isTag(token.raw)) throw notA(token, label, 'ASCII letters and digits');
      return stringFrom(token, label);
    },
  },
  strings: {
    toText: (reader) => {
      const strings: string[] = [];
      while (reader.remaining > 0) strings.push(quoteOctets(characterString(reader)));
      return strings.join(' ');
    },
    fromWords: (words, label) => concatOctets([words.next(label), ...words.rest()].flatMap(stringsFrom)),
  },
  text: {
    toText: (reader) => quoteOctets(restOf(reader)),
    fromWords: (words, label) => parseOctets(words.next(label)),
  },
  uri: {
    toText: (reader) => quoteOctets(restOf(reader)),
    fromWords: (words, label) => {
      const token = words.next(label);
      if (token.raw === '') throw new EntryError(token, `The ${label} must not be empty.`);
      return parseOctets(token);
    },
  },
  hex,
  'zone-digest': hex,
  base64,
  octets: base64,
  'service-parameters': serviceParameters,
  types: reversible(typeBitmap),
  location: reversible(location),
  'address-prefixes': reversible(addressPrefixes),
  'host-identity': reversible(hostIdentity),
  'ipsec-gateway': reversible(ipsecGateway),
  'multicast-relay': reversible(multicastRelay),
};

function integer(size: 1 | 2 | 4, parse: typeof parseInteger): PresentationForm {
  return {
    toText: (reader) => String(numberAt(reader, size)),
    fromWords: (words, label) => integerOctets(parse(words.next(label), label, 2 ** (8 * size) - 1), size),
  };
}

function oneWord({ size, expected, toText, fromText }: FixedText): PresentationForm {
  return {
    toText: (reader) => toText(reader.take(size)),
    fromWords: (words, label) => {
      const token = words.next(label);
      const octets = fromText(token.raw);
      if (octets !== undefined) return octets;
      throw unexpected(token, `is not ${expected}.`);
    },
  };
}

/** A number of `size` octets as a number or one of its words. */
function mnemonic(size: 1 | 2, expected: string, { toText, fromText }: Mnemonics): PresentationForm {
  return oneWord({
    size,
    expected,
    toText: (octets) => toText(octets.reduce((sum, octet) => sum * 256 + octet, 0)),
    fromText: (text) => {
      const code = fromText(text);
      return code === undefined || code >= 256 ** size ? undefined : integerOctets(code, size);
    },
  });
}

/** Groups of `digits` hexadecimal digits, 2 or 4. */
function hexGroups(groups: number, digits: 2 | 4, separator: string, expected: string): PresentationForm {
  const group = digits === 2 ? /^[0-9a-f]{2}$/i : /^[0-9a-f]{1,4}$/i;
  return oneWord({
    size: (groups * digits) / 2,
    expected,
    toText: (octets) =>
      hexOf(octets)
        .match(RegExp(`.{${digits}}`, 'g'))
        ?.join(separator) ?? '',
    fromText: (text) => {
      const parts = text.split(separator);
      if (parts.length !== groups || !parts.every((part) => group.test(part))) return undefined;
      return octetsFromHex(parts.map((part) => part.padStart(digits, '0')).join(''));
    },
  });
}

function numberAt(reader: WireReader, size: 1 | 2 | 4): number {
  if (size === 1) return reader.u8();
  return size === 2 ? reader.u16() : reader.u32();
}

/** RFC 8659 §4.1.1: a property tag is made of ASCII letters and digits. */
function isTag(text: string): boolean {
  return /^[0-9A-Za-z]+$/.test(text);
}

function characterString(reader: WireReader): Uint8Array {
  return reader.take(reader.u8());
}

function stringFrom(token: Token, label: string): ArrayLike<number> {
  const octets = parseOctets(token);
  if (octets.length <= MAX_STRING_LENGTH) return [octets.length, ...octets];
  throw new EntryError(
    token,
    `The ${label} is ${octets.length} octets long; at most ${MAX_STRING_LENGTH} are allowed.`,
  );
}

/** RFC 7208 §3.3 and others: the strings of a record are concatenated, so a long text is split into several. */
function stringsFrom(token: Token): ArrayLike<number>[] {
  const octets = parseOctets(token);
  const strings: ArrayLike<number>[] = [];
  let at = 0;
  do {
    const part = octets.subarray(at, at + MAX_STRING_LENGTH);
    strings.push([part.length], part);
    at += MAX_STRING_LENGTH;
  } while (at < octets.length);
  return strings;
}
