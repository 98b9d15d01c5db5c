import { typeToText } from '../../../dns/codes.ts';
import { PresentationError } from '../../../dns/presentation/codec.ts';
import {
  type CodecKind,
  codecs,
  fixedFields,
  mayBeEmpty,
  type PresentationField,
  type PresentationKind,
  presentationFields,
} from '../../../dns/presentation/fields.ts';
import { mnemonicFields } from '../../../dns/presentation/mnemonics.ts';
import { readRdata } from '../../../dns/rdata.ts';
import { isWellFormed } from '../../../dns/rdata-check.ts';
import { WireError } from '../../../dns/wire-error.ts';
import { WireReader } from '../../../dns/wire-reader.ts';
import { ipv4FromText, ipv6FromText } from '../../../ip/text.ts';
import { concatOctets, equalOctets } from '../../../octets/octets.ts';
import { EntryError } from './error.ts';
import type { Token } from './lexer.ts';
import type { NameScope } from './names.ts';
import { parseServiceParameters } from './service-parameters.ts';
import { parseBase64, parseDuration, parseHex, parseInteger, parseOctets, shown } from './values.ts';

/** RFC 1035 §3.3: "a single length octet followed by that number of characters". */
const MAX_STRING_LENGTH = 255;

/** RFC 1035 §3.2.1: RDLENGTH has 16 bits. */
const MAX_RDATA_LENGTH = 65_535;

/**
 * RDATA of `type` from its words: the type's own form, or for any type RFC 3597's `\# length hex`.
 * `end` is the last word of the entry; errors about missing words are reported there. @throws EntryError.
 */
export function parseRdata(type: number, tokens: readonly Token[], end: Token, scope: NameScope): Uint8Array {
  const [first, ...others] = tokens;
  if (first?.raw === '\\#' && !first.quoted) return parseGeneric(type, first, others, end);
  const fields = presentationFields(type);
  if (fields === undefined) {
    throw new EntryError(
      first ?? end,
      `${typeToText(type)} data must be in the generic form of RFC 3597: \\# LENGTH HEXADECIMAL-DIGITS.`,
    );
  }
  const rdata = concatOctets(fieldOctets(fields, type, tokens, end, scope));
  if (rdata.length > MAX_RDATA_LENGTH) {
    throw new EntryError(
      first ?? end,
      `This ${typeToText(type)} record is longer than ${MAX_RDATA_LENGTH} octets.`,
    );
  }
  if (!isWellFormed(type, rdata)) {
    throw new EntryError(first ?? end, `This is not valid ${typeToText(type)} data.`);
  }
  return rdata;
}

function fieldOctets(
  fields: readonly PresentationField[],
  type: number,
  tokens: readonly Token[],
  end: Token,
  scope: NameScope,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let used = 0;
  for (const [label, kind] of fields) {
    if (kind === 'service-parameters') return [...parts, parseServiceParameters(tokens.slice(used), end)];
    if (isCodecKind(kind)) return [...parts, codecOctets(kind, tokens.slice(used), end, scope)];
    const token = tokens[used];
    if (token === undefined) {
      throw new EntryError(end, `The ${label} is missing: ${typeToText(type)} takes ${listed(fields)}.`);
    }
    if (kind === 'strings' || kind === 'hex' || kind === 'base64') {
      return [...parts, restOctets(kind, label, [token, ...tokens.slice(used + 1)])];
    }
    parts.push(wordOctets(kind, label, token, scope));
    used++;
  }
  const extra = tokens[used];
  if (extra === undefined) return parts;
  throw new EntryError(
    extra,
    `${shown(extra)} is not expected: ${typeToText(type)} takes ${listed(fields)}.`,
  );
}

/** The kinds that take the rest of an entry's words. */
type RestKind = 'strings' | 'hex' | 'base64';

function isCodecKind(kind: PresentationKind): kind is CodecKind {
  return Object.hasOwn(codecs, kind);
}

function codecOctets(kind: CodecKind, tokens: readonly Token[], end: Token, scope: NameScope): Uint8Array {
  const words = tokens.map(({ raw }) => raw);
  try {
    return codecs[kind].fromWords(words, (index) => scope.target(tokens[index] ?? end).toWire());
  } catch (error) {
    if (!(error instanceof PresentationError)) throw error;
    throw new EntryError(tokens[error.index] ?? end, error.message);
  }
}

function wordOctets(
  kind: Exclude<PresentationKind, RestKind | CodecKind | 'service-parameters'>,
  label: string,
  token: Token,
  scope: NameScope,
): Uint8Array {
  switch (kind) {
    case 'u8':
      return integerOctets(parseInteger(token, label, 0xff), 1);
    case 'u16':
      return integerOctets(parseInteger(token, label, 0xffff), 2);
    case 'u32':
      return integerOctets(parseInteger(token, label, 0xffff_ffff), 4);
    case 'seconds':
      return integerOctets(parseDuration(token, label, 0xffff_ffff), 4);
    case 'algorithm':
    case 'certificate-type':
    case 'scheme':
    case 'type': {
      const { size, expected, fromText } = mnemonicFields[kind];
      const code = token.quoted ? undefined : fromText(token.raw);
      if (code !== undefined) return integerOctets(code, size);
      throw new EntryError(token, `${shown(token)} is not a ${expected}.`);
    }
    case 'eui48':
    case 'eui64':
    case 'locator': {
      const { fromText, example } = fixedFields[kind];
      const octets = fromText(token.raw);
      if (octets !== undefined) return octets;
      throw new EntryError(token, `The ${label} must be written like ${example}, not ${shown(token)}.`);
    }
    case 'name':
      return scope.target(token).toWire();
    case 'ipv4':
      return parseAddress(token, ipv4FromText, 'an IPv4 address such as 192.0.2.1');
    case 'ipv6':
      return parseAddress(token, ipv6FromText, 'an IPv6 address such as 2001:db8::1');
    case 'string':
      return stringOctets(token, label, parseOctets(token));
    case 'tag':
      // RFC 8659 §4.1.1: a property tag is made of ASCII letters and digits.
      if (!/^[0-9a-z]+$/i.test(token.raw)) {
        throw new EntryError(token, `The ${label} must be ASCII letters and digits, not ${shown(token)}.`);
      }
      return stringOctets(token, label, parseOctets(token));
    case 'text':
      return parseOctets(token);
    case 'uri':
      if (token.raw === '') throw new EntryError(token, `The ${label} must not be empty.`);
      return parseOctets(token);
  }
}

function restOctets(kind: RestKind, label: string, tokens: readonly [Token, ...Token[]]): Uint8Array {
  if (kind === 'hex') return parseHex(tokens, label);
  if (kind === 'base64') return parseBase64(tokens, label);
  return concatOctets(
    tokens.flatMap((token) =>
      cutIntoStrings(parseOctets(token)).map((part) => stringOctets(token, label, part)),
    ),
  );
}

/** RFC 7208 §3.3 and others: the strings of a record are concatenated, so a long text is split into several. */
function cutIntoStrings(octets: Uint8Array): Uint8Array[] {
  const parts = [octets.subarray(0, MAX_STRING_LENGTH)];
  for (let at = MAX_STRING_LENGTH; at < octets.length; at += MAX_STRING_LENGTH) {
    parts.push(octets.subarray(at, at + MAX_STRING_LENGTH));
  }
  return parts;
}

function stringOctets(token: Token, label: string, octets: Uint8Array): Uint8Array {
  if (octets.length <= MAX_STRING_LENGTH) return Uint8Array.of(octets.length, ...octets);
  const message = `The ${label} is ${octets.length} octets long; at most ${MAX_STRING_LENGTH} are allowed.`;
  throw new EntryError(token, message);
}

function integerOctets(value: number, size: 1 | 2 | 4): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => value >>> (8 * (size - 1 - at)));
}

function parseAddress(
  token: Token,
  parse: (text: string) => Uint8Array | undefined,
  expected: string,
): Uint8Array {
  const octets = parse(token.raw);
  if (octets === undefined) throw new EntryError(token, `${shown(token)} is not ${expected}.`);
  return octets;
}

/** RFC 3597 §5: `\#`, the length in octets, and that many octets in hexadecimal over any number of words. */
function parseGeneric(type: number, marker: Token, tokens: readonly Token[], end: Token): Uint8Array {
  const [lengthToken, ...hexTokens] = tokens;
  if (lengthToken === undefined) {
    throw new EntryError(end, 'The length in octets after \\# is missing.');
  }
  const length = parseInteger(lengthToken, 'length', 0xffff);
  const rdata = parseHex(hexTokens, 'data');
  if (rdata.length !== length) {
    throw new EntryError(lengthToken, `The length is ${length} octets, but ${rdata.length} follow.`);
  }
  if (!isReadable(type, rdata)) {
    throw new EntryError(marker, `These octets are not valid ${typeToText(type)} data.`);
  }
  return rdata;
}

/** RFC 3597 §5: RDATA of a known type in this form must still be of that type's form, names whole. */
function isReadable(type: number, rdata: Uint8Array): boolean {
  if (rdata.length === 0) return mayBeEmpty(type);
  if (!isWellFormed(type, rdata)) return false;
  try {
    return equalOctets(readRdata(new WireReader(rdata), type, rdata.length), rdata);
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

function listed(fields: readonly PresentationField[]): string {
  const labels = fields.map(([label]) => label);
  return labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`;
}
