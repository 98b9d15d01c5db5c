import { concatOctets, equalOctets } from '../../octets/octets.ts';
import { typeToText } from '../codes.ts';
import { isWellFormed } from '../rdata/check.ts';
import { readRdata } from '../rdata/copy.ts';
import { mayBeEmpty, presentationFields } from '../rdata/form.ts';
import { WireError } from '../wire-error.ts';
import { WireReader } from '../wire-reader.ts';
import { presentationForms } from './forms.ts';
import { EntryError, type Token } from './token.ts';
import { parseHex, parseInteger } from './values.ts';
import { Words } from './words.ts';

/** RFC 1035 §3.2.1: RDLENGTH has 16 bits. */
const MAX_RDATA_LENGTH = 65_535;

/**
 * RDATA of `type` from its words: the type's own form, or for any type RFC 3597's `\# length hex`.
 * `end` is the last word of the entry, where errors about missing words are reported; `nameOf` gives the wire form of the domain
 * name that a word stands for. @throws EntryError.
 */
export function parseRdata(
  type: number,
  tokens: readonly Token[],
  end: Token,
  nameOf: (token: Token) => Uint8Array,
): Uint8Array {
  const mnemonic = typeToText(type);
  const [first = end] = tokens;
  if (first.raw === '\\#' && !first.quoted) return parseGeneric(type, first, tokens.slice(1), end);
  const fields = presentationFields(type);
  if (fields === undefined) {
    const message = `${mnemonic} data must be in the generic form of RFC 3597: \\# LENGTH HEXADECIMAL-DIGITS.`;
    throw new EntryError(first, message);
  }
  const takes = `${mnemonic} takes ${listed(fields.map(({ label }) => label))}`;
  const words = new Words(tokens, { end, takes, nameOf });
  const rdata = concatOctets(
    fields.map(({ kind, label }) => presentationForms[kind].fromWords(words, label)),
  );
  words.requireEnd();
  if (rdata.length > MAX_RDATA_LENGTH)
    throw new EntryError(first, `This ${mnemonic} record is longer than ${MAX_RDATA_LENGTH} octets.`);
  if (!isWellFormed(type, rdata)) throw new EntryError(first, `This is not valid ${mnemonic} data.`);
  return rdata;
}

/** RFC 3597 §5: `\#`, the length in octets, and that many octets in hexadecimal over any number of words. */
function parseGeneric(type: number, marker: Token, tokens: readonly Token[], end: Token): Uint8Array {
  const [lengthToken, ...hexTokens] = tokens;
  if (lengthToken === undefined) throw new EntryError(end, 'The length in octets after \\# is missing.');
  const length = parseInteger(lengthToken, 'length', MAX_RDATA_LENGTH);
  const rdata = parseHex(hexTokens, 'data');
  if (rdata.length !== length)
    throw new EntryError(lengthToken, `The length is ${length} octets, but ${rdata.length} follow.`);
  if (isReadable(type, rdata)) return rdata;
  throw new EntryError(marker, `These octets are not valid ${typeToText(type)} data.`);
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

function listed(labels: readonly string[]): string {
  const last = labels.at(-1) ?? '';
  return labels.length < 2 ? last : `${labels.slice(0, -1).join(', ')} and ${last}`;
}
