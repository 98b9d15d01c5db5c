import { concatOctets, equalOctets } from '../../octets/octets.ts';
import { Name } from '../name.ts';
import { WireReader } from '../wire-reader.ts';
import { EntryError } from './token.ts';
import { Words } from './words.ts';

/** How a piece of RDATA is written for people. */
export interface PresentationForm {
  /**
   * The words for the octets at the reader, of RDATA that is well-formed. Empty for none; undefined for octets that have no text.
   */
  toText(reader: WireReader): string | undefined;
  /** The octets that the next words stand for. `label` names them in errors. @throws EntryError */
  fromWords(words: Words, label: string): ArrayLike<number>;
}

/** What is left of RDATA. */
export function restOf(reader: WireReader): Uint8Array {
  return reader.take(reader.remaining);
}

/** A form that has no text for octets of which the text would give others: some have several spellings on the wire. */
export function reversible({ toText, fromWords }: PresentationForm): PresentationForm {
  return {
    fromWords,
    toText(reader) {
      const octets = restOf(reader);
      const text = toText(new WireReader(octets));
      if (text === undefined) return undefined;
      const tokens = text.split(' ').filter(Boolean).map(tokenOf);
      const nameOf = ({ raw = '' }) => Name.parse(raw).toWire();
      try {
        const words = new Words(tokens, { end: tokenOf(''), takes: '', nameOf });
        return equalOctets(concatOctets([fromWords(words, '')]), octets) ? text : undefined;
      } catch (error) {
        if (error instanceof EntryError) return undefined;
        throw error;
      }
    },
  };
}

function tokenOf(raw: string) {
  return { raw, quoted: false, line: 0, column: 0, path: undefined };
}
