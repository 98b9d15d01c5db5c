import { HEADER_LENGTH } from '../../dns/message.ts';

/** Bits for each name: one in 32 names that are not there seems to be. */
const BITS_A_NAME = 32;

/** Fewest bits, so that the word index is never empty. */
const MIN_BITS = 1_024;

/** The offset basis and the prime of FNV-1a for 32 bits. */
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Tells names that are surely not in a set, out of the octets of a query and without making a value of them: a Bloom
 * filter with one hash.
 */
export class NameFilter {
  readonly #words: Uint32Array;
  readonly #mask: number;

  /** @param keys names as `Name.key` has them. */
  constructor(keys: readonly string[]) {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(MIN_BITS, keys.length * BITS_A_NAME)));
    this.#words = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
    for (const key of keys) {
      let hash = FNV_BASIS;
      for (let i = 0; i < key.length; i++) hash = step(hash, key.charCodeAt(i));
      const bit = this.#bitOf(hash);
      this.#words[bit >>> 5] = (this.#words[bit >>> 5] as number) | (1 << (bit & 31));
    }
  }

  /** False when the QNAME of `request`, whole and uncompressed, which ends before `nameEnd`, is surely not in the set. */
  mayHold(request: Uint8Array, nameEnd: number): boolean {
    let hash = FNV_BASIS;
    for (let i = HEADER_LENGTH; i < nameEnd; i++) hash = step(hash, request[i] as number);
    const bit = this.#bitOf(hash);
    return ((this.#words[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
  }

  #bitOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & this.#mask;
  }
}

/** Letters of both cases give the same, and so do a few other octets, which then only seem to be there. */
function step(hash: number, octet: number): number {
  return Math.imul(hash ^ (octet | 0x20), FNV_PRIME);
}
