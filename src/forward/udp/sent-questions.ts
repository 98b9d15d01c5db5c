import { HEADER_LENGTH } from '../../dns/message.ts';
import { isTellingCase } from '../request.ts';

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
