import { HEADER_LENGTH } from '../dns/message.ts';
import { lowerCaseOctets } from './question-hash.ts';

/** The bits of the flags of a question. */
export const KEY_DO = 1;
export const KEY_CD = 2;

/** A question of class IN in a message, for which the cache is asked; equal ones share an answer. */
export interface AskedQuestion {
  /** The message; its question is uncompressed. */
  readonly bytes: Uint8Array;
  /** Offset after the question. */
  readonly questionEnd: number;
  /** `KEY_DO` and `KEY_CD`. */
  readonly keyFlags: number;
}

/** Room for a name of 255 octets, TYPE and flags; the class is always IN. */
const scratch = Buffer.alloc(255 + 2 + 1);

/**
 * A question as a string, which equal requests share: QNAME in lower-case wire form, QTYPE, and an octet of `KEY_DO` and
 * `KEY_CD`, one octet in each character. `nameEnd` is the offset after an uncompressed QNAME.
 */
export function questionKey(bytes: Uint8Array, nameEnd: number, flags: number): string {
  let length = 0;
  // Length octets are at most 63, below the letters, so one loop lower-cases the labels and leaves them alone.
  for (let i = HEADER_LENGTH; i < nameEnd; i++)
    scratch[length++] = lowerCaseOctets[bytes[i] as number] as number;
  scratch[length++] = bytes[nameEnd] as number;
  scratch[length++] = bytes[nameEnd + 1] as number;
  scratch[length++] = flags;
  return scratch.toString('latin1', 0, length);
}

/** The flags in a key. */
export function flagsOfKey(key: string): number {
  return key.charCodeAt(key.length - 1);
}

/** The name in a key, as a `Name.key`. */
export function nameOfKey(key: string): string {
  return key.slice(0, -3);
}
