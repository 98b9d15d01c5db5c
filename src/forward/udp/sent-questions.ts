import { HEADER_LENGTH } from '../../dns/message.ts';

/**
 * Letters that a name must have before its case tells whose query it is: with 10 letters in random case another
 * program's query looks like ours once in a thousand times, and only while ours for the same name is in flight.
 */
const MIN_LETTERS = 10;

/**
 * The questions that are in flight upstream, in the random case in which each was sent. A query that comes to us with
 * just that question is our own: somebody whom we ask asks us.
 */
export class SentQuestions {
  readonly #sent = new Map<string, { readonly upstream: string; count: number }>();

  /**
   * Notes that `query`, whose question ends at `questionEnd`, is on its way to `upstream`.
   * @returns what to call when its wait is over.
   */
  note(query: Uint8Array, questionEnd: number, upstream: string): () => void {
    if (!isTellingCase(query, questionEnd)) return () => {};
    const key = keyOf(query, questionEnd);
    const entry = this.#sent.get(key) ?? { upstream, count: 0 };
    entry.count++;
    this.#sent.set(key, entry);
    return () => {
      if (--entry.count === 0) this.#sent.delete(key);
    };
  }

  /** The label of the upstream through which the query that starts `bytes` came back to us; undefined for others. */
  cameBackFrom(bytes: Uint8Array, questionEnd: number): string | undefined {
    // On a quiet machine nothing is in flight, and nothing needs to be compared.
    if (this.#sent.size === 0 || !isTellingCase(bytes, questionEnd)) return undefined;
    return this.#sent.get(keyOf(bytes, questionEnd))?.upstream;
  }
}

function keyOf(bytes: Uint8Array, questionEnd: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + HEADER_LENGTH, questionEnd - HEADER_LENGTH).toString(
    'latin1',
  );
}

/**
 * True when the name of the question that ends at `questionEnd` has enough letters, and some of them in upper case: few
 * programs but us write such names.
 */
export function isTellingCase(bytes: Uint8Array, questionEnd: number): boolean {
  let letters = 0;
  let upper = 0;
  for (let i = HEADER_LENGTH; i < questionEnd - 4; i++) {
    const octet = bytes[i] as number;
    if (octet >= 0x41 && octet <= 0x5a) upper++;
    else if (octet >= 0x61 && octet <= 0x7a) letters++;
  }
  return upper > 0 && letters + upper >= MIN_LETTERS;
}
