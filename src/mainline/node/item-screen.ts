import { type ItemVerifier, VerifiedItem } from '../../bep44/verified-item.ts';
import { isSame, latin1 } from '../wire/bytes.ts';
import type { Stored } from '../wire/krpc-message.ts';

/**
 * Selects the valid items of one key from what nodes return for its target. Up to twenty nodes return the same bytes, so each
 * distinct (seq, signature, value) is verified once, and all nodes that return it give the same object.
 */
export class ItemScreen {
  readonly #key: Uint8Array;
  readonly #verify: ItemVerifier;
  readonly #verdicts = new Map<string, VerifiedItem | undefined>();

  /** `key` has 32 bytes and must not be changed afterwards. */
  constructor(key: Uint8Array) {
    this.#key = key;
    this.#verify = VerifiedItem.verifierOf(key);
  }

  /**
   * The item, or undefined if it is not a valid item of this key. BEP 44: "the key they get back from a get request MUST be
   * verified to hash to the target ID the lookup was made for, as well as verifying the signature". The target is the hash of
   * our key, so it is enough to compare the keys.
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
