import { concatOctets } from '../../octets/octets.ts';
import { octetsFromBase64, octetsFromHex } from '../../octets/text.ts';
import { ESCAPE_RULE } from '../name-fault.ts';
import { EntryError, shown, type Token } from './token.ts';

/** RFC 2181 §8: "a maximum value of 2147483647". */
export const MAX_TTL = 2 ** 31 - 1;

/** A decimal number from 0 to `maximum`; `label` names it in the error. @throws EntryError. */
export function parseInteger(token: Token, label: string, maximum: number): number {
  const value = /^\d{1,10}$/.test(token.raw) ? Number(token.raw) : Number.NaN;
  if (value <= maximum) return value;
  throw notA(token, label, `a whole number from 0 to ${maximum}`);
}

/** Whether the word can only be a time: it begins with a digit. */
export function looksLikeDuration(token: Token): boolean {
  return !token.quoted && /^\d/.test(token.raw);
}

/** Seconds, from `3600`, `1h`, `1w2d` or `1h30m`, 0 to `maximum`. @throws EntryError. */
export function parseDuration(token: Token, label: string, maximum: number): number {
  if (/^(?:\d{1,10}[wdhms])*(?:\d{1,10})?$/i.test(token.raw) && token.raw !== '') {
    let seconds = 0;
    for (const [, digits, unit = 's'] of token.raw.matchAll(/(\d+)([wdhms])?/gi)) {
      seconds += Number(digits) * (unitSeconds.get(unit.toLowerCase()) ?? 1);
    }
    if (seconds <= maximum) return seconds;
  }
  throw notA(token, label, `seconds from 0 to ${maximum}, or a time such as 1h30m`);
}

/** The octets of a word: text as UTF-8, `\DDD` as the octet, `\X` as X (RFC 1035 §5.1). @throws EntryError. */
export function parseOctets(token: Token): Uint8Array {
  const parts: ArrayLike<number>[] = [];
  for (const [piece, digits, text] of token.raw.matchAll(/\\(?:(\d{3})|(\D))|\\|[^\\]+/gsu)) {
    if (digits === undefined && piece !== '\\') parts.push(utf8.encode(text ?? piece));
    else if (Number(digits) <= 255) parts.push([Number(digits)]);
    else throw new EntryError(token, `In ${shown(token)} ${ESCAPE_RULE}.`);
  }
  return concatOctets(parts);
}

const utf8 = new TextEncoder();

/** Octets in hexadecimal over any number of words. @throws EntryError. */
export function parseHex(tokens: readonly Token[], label: string): Uint8Array {
  for (const token of tokens)
    if (!/^[0-9a-f]+$/i.test(token.raw)) throw notA(token, label, 'hexadecimal digits');
  const digits = rawOf(tokens);
  const [first] = tokens;
  if (digits.length % 2 !== 0 && first !== undefined)
    throw new EntryError(first, `The ${label} has an odd number of hexadecimal digits.`);
  return octetsFromHex(digits);
}

/** Octets in base64 with padding (RFC 4648 §4) over any number of words, not none. @throws EntryError. */
export function parseBase64(tokens: readonly [Token, ...Token[]], label: string): Uint8Array {
  const text = rawOf(tokens);
  const octets = octetsFromBase64(text);
  if (text !== '' && octets !== undefined) return octets;
  throw new EntryError(tokens[0], `The ${label} must be base64 with its padding.`);
}

/** The error for a word that is not what is expected of `label`. */
export function notA(token: Token, label: string, expected: string): EntryError {
  return new EntryError(token, `The ${label} must be ${expected}, not ${shown(token)}.`);
}

/** A number in `size` octets. */
export function integerOctets(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => value >>> (8 * (size - 1 - at)));
}

function rawOf(tokens: readonly Token[]): string {
  return tokens.map(({ raw }) => raw).join('');
}

const unitSeconds = new Map([
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]);
