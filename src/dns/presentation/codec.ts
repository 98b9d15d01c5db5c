import { octetsFromBase64 } from '../../octets/text.ts';

/**
 * How RDATA, or what is left of it, is written for people where it is not a list of independent words.
 */
export interface PresentationCodec {
  /** The words for these octets. Undefined, or a WireError, for octets that are not of this form. */
  toText(octets: Uint8Array): string | undefined;
  /**
   * The octets that these words stand for. `nameAt` gives the wire form of the domain name that is the word at an index.
   * @throws PresentationError
   */
  fromWords(words: readonly string[], nameAt: (index: number) => Uint8Array): Uint8Array;
}

/** Words that are not valid; the message is one sentence. */
export class PresentationError extends Error {
  override readonly name = 'PresentationError';
  /** The word that is wrong; the number of words if one is missing. */
  readonly index: number;

  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

/** A word for a message: quoted, and cut if it is long. */
export function quoted(word: string): string {
  return `"${word.length > 60 ? `${word.slice(0, 60)}…` : word}"`;
}

/** The word at an index. @throws PresentationError that says that `label` is missing. */
export function wordAt(words: readonly string[], index: number, label: string): string {
  const word = words[index];
  if (word !== undefined) return word;
  throw new PresentationError(words.length, `The ${label} is missing.`);
}

/** The word at an index as a decimal number from 0 to `maximum`. @throws PresentationError */
export function integerAt(words: readonly string[], index: number, label: string, maximum: number): number {
  const word = wordAt(words, index, label);
  if (/^\d{1,10}$/.test(word) && Number(word) <= maximum) return Number(word);
  throw new PresentationError(
    index,
    `The ${label} must be a whole number from 0 to ${maximum}, not ${quoted(word)}.`,
  );
}

/** Refuses words from `index` on. @throws PresentationError */
export function requireEnd(words: readonly string[], index: number, after: string): void {
  if (words.length > index)
    throw new PresentationError(index, `${quoted(words[index] ?? '')} after the ${after} is not expected.`);
}

/** Octets from base64 with padding (RFC 4648 §4) over words from `index` on, at least one. @throws PresentationError */
export function base64From(words: readonly string[], index: number, label: string): Uint8Array {
  const text = words.slice(index).join('');
  if (text === '') wordAt(words, words.length, label);
  const octets = octetsFromBase64(text);
  if (octets !== undefined) return octets;
  throw new PresentationError(index, `The ${label} must be base64 with its padding.`);
}
