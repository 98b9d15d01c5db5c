import { randomInt } from 'node:crypto';
import { HEADER_LENGTH } from '../dns/message.ts';

/** Octets with the letters A to Z in lower case. */
export const lowerCaseOctets: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet,
);

/** Rounds that finish: one for the last octets, and three. */
const FINAL_ROUNDS = 4;

/** Words of four octets in a name and a type. */
const MAX_WORDS = Math.ceil((255 + 2) / 4);

/**
 * HalfSipHash-1-3 of a question: a hash with a secret key, which Linux uses for its hash tables too, so that nobody outside
 * can choose names that collide.
 */
export class QuestionHash {
  /** What was last hashed, but for its last one to three octets: four octets in each word, the first one lowest. */
  readonly words = new Int32Array(MAX_WORDS);
  readonly #key0: number;
  readonly #key1: number;

  /** The key is two integers of 32 bits, by default random. */
  constructor(key0: number = randomInt(2 ** 32), key1: number = randomInt(2 ** 32)) {
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
  }

  /**
   * The hash, an integer of 32 bits, of the name without case and the type of the question in `message`. `nameEnd` is the
   * offset after the QNAME. Octets of the type that look like letters have no case either: questions that differ in that
   * alone collide.
   */
  of(message: Uint8Array, nameEnd: number): number {
    const { words } = this;
    const length = nameEnd + 2 - HEADER_LENGTH;
    let v0 = this.#key0;
    let v1 = this.#key1;
    let v2 = 0x6c796765 ^ v0;
    let v3 = 0x74656462 ^ v1;
    let at = HEADER_LENGTH;
    const count = length >>> 2;
    for (let i = 0; i < count; i++) {
      const word = lowerCaseWord(
        (message[at] as number) |
          ((message[at + 1] as number) << 8) |
          ((message[at + 2] as number) << 16) |
          ((message[at + 3] as number) << 24),
      );
      at += 4;
      words[i] = word;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    let last = 0;
    for (let shift = 0; at < nameEnd + 2; shift += 8) last |= (message[at++] as number) << shift;
    last = lowerCaseWord(last) | (length << 24);
    v3 ^= last;
    for (let round = 0; round < FINAL_ROUNDS; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 0) {
        v0 ^= last;
        v2 ^= 0xff;
      }
    }
    return v1 ^ v3;
  }
}

/** Four octets with the letters A to Z in lower case. */
function lowerCaseWord(word: number): number {
  const low = word & 0x7f7f7f7f;
  // The highest bit of each octet: it is at least A; it is above Z; it is no ASCII.
  const letters = (low + 0x3f3f3f3f) & ~(low + 0x25252525) & ~word & 0x80808080;
  return word | (letters >>> 2);
}
