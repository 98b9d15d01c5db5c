import { HEADER_LENGTH } from '../dns/message.ts';

/** The bits of the last octet of a key. */
export const KEY_DO = 1;
export const KEY_CD = 2;

/** Holds a name of 255 octets, two of TYPE and one of flags; the class is always IN. */
const scratch = Buffer.alloc(255 + 2 + 1);

/**
 * What equal requests share, and the cache's key: QNAME in wire form and lower case, QTYPE, and an octet of `KEY_DO`
 * and `KEY_CD`, one octet in each character. `nameEnd` is the offset after a QNAME that is whole and uncompressed.
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

/** The key of the same question with DO the other way. */
export function otherDnssecKey(key: string): string {
  const flags = key.charCodeAt(key.length - 1);
  return key.slice(0, -1) + String.fromCharCode(flags ^ KEY_DO);
}

/** The name in a key, as `Name.key` has it. */
export function nameOfKey(key: string): string {
  return key.slice(0, -3);
}
