import { HEADER_LENGTH } from '../dns/message.ts';

/** The bits of the last octet of a key. */
export const KEY_DO = 1;
export const KEY_CD = 2;

/** Room for a name of 255 octets, TYPE and flags; the class is always IN. */
const scratch = Buffer.alloc(255 + 2 + 1);

/**
 * The key of the cache, which equal requests share: QNAME in lower-case wire form, QTYPE, and an octet of `KEY_DO` and
 * `KEY_CD`, one octet in each character. `nameEnd` is the offset after an uncompressed QNAME.
 */
export function questionKey(bytes: Uint8Array, nameEnd: number, flags: number): string {
  let length = 0;
  // Length octets are at most 63, below the letters, so one loop lower-cases the labels and leaves them alone.
  for (let i = HEADER_LENGTH; i < nameEnd; i++) {
    const octet = bytes[i] as number;
    scratch[length++] = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
  }
  scratch[length++] = bytes[nameEnd] as number;
  scratch[length++] = bytes[nameEnd + 1] as number;
  scratch[length++] = flags;
  return scratch.toString('latin1', 0, length);
}

/** The key of the same question with the opposite DO bit. */
export function otherDnssecKey(key: string): string {
  const flags = key.charCodeAt(key.length - 1);
  return key.slice(0, -1) + String.fromCharCode(flags ^ KEY_DO);
}

/** The name in a key, as a `Name.key`. */
export function nameOfKey(key: string): string {
  return key.slice(0, -3);
}
