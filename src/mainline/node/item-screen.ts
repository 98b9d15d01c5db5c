import { type ItemVerifier, VerifiedItem } from '../../bep44/verified-item.ts';
import { isSame, latin1 } from '../wire/bytes.ts';
import type { Stored } from '../wire/krpc-message.ts';

/**
 * Tells the items of one key from everything else that nodes hand out under its target. Up to twenty nodes return the same
 * bytes, so each distinct (seq, signature, value) is verified once, and is one object however many nodes return it.
 */
export class ItemScreen {
  readonly #key: Uint8Array;
  readonly #verify: ItemVerifier;
  readonly #verdicts = new Map<string, VerifiedItem | undefined>();

  /** Takes the key asked for, 32 bytes, which nobody writes to any more. */
  constructor(key: Uint8Array) {
    this.#key = key;
    this.#verify = VerifiedItem.verifierOf(key);
  }

  /**
   * The item, or undefined when it is none of this key. BEP 44: "the key they get back from a get request MUST be verified to
   * hash to the target ID the lookup was made for, as well as verifying the signature". The target was made from the key,
   * so the same key is the same hash.
   */
  screen(stored: Stored & { kind: 'mutable' }): VerifiedItem | undefined {
    if (!isSame(stored.key, this.#key)) return undefined;
    const name = `${stored.seq}:${latin1(stored.signature)}${latin1(stored.value)}`;
    if (this.#verdicts.has(name)) return this.#verdicts.get(name);
    const verdict = this.#verify(stored);
    this.#verdicts.set(name, verdict);
    return verdict;
  }
}
