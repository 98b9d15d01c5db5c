import { HEADER_LENGTH } from '../../dns/message.ts';

/**
 * Minimum number of letters in a name for its case to identify a query: with 10 letters in random case, a query of another
 * program equals ours once in a thousand times, and only while ours for the same name is in flight.
 */
const MIN_LETTERS = 10;

/**
 * The questions in flight, in the random case in which they were sent. An incoming query with exactly such a question is our
 * own: a forwarding loop.
 */
export class SentQuestions {
  readonly #sent = new Map<string, { readonly upstream: string; count: number }>();

  /**
   * Adds a query to `upstream` whose question ends at `questionEnd`.
   * @returns a function that removes it.
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

  /** The label of the upstream to which the query at the start of `bytes` was sent by us; undefined if it was not. */
  cameBackFrom(bytes: Uint8Array, questionEnd: number): string | undefined {
    // Usually nothing is in flight, and nothing needs to be compared.
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
 * Whether the name of the question that ends at `questionEnd` has enough letters and some in upper case: few other programs
 * send such names.
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
