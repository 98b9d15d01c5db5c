import type { SignedValue } from '../../bep44/mutable-item.ts';
import { type ItemVerifier, VerifiedItem } from '../../bep44/verified-item.ts';
import { copyOf, isSame } from '../wire/bytes.ts';
import type { Stored } from '../wire/krpc-message.ts';

/**
 * Selects the valid items of one key from what nodes return for its target. Up to twenty nodes return the same bytes, so each
 * distinct (seq, signature, value) is verified once, and all nodes that return it give the same object.
 */
export class ItemScreen {
  readonly #key: Uint8Array;
  readonly #verify: ItemVerifier;
  readonly #verdicts: Verdict[] = [];

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
    // Nearly always there is one, and a lookup has 256 answers at most.
    for (const { seen, item } of this.#verdicts) if (isSameValue(seen, stored)) return item;
    const item = this.#verify(stored);
    const { seq, signature, value } = stored;
    const seen = item ?? { seq, signature: copyOf(signature), value: copyOf(value) };
    this.#verdicts.push({ seen, item });
    return item;
  }
}

interface Verdict {
  readonly seen: SignedValue;
  /** Undefined if it is not valid. */
  readonly item: VerifiedItem | undefined;
}

function isSameValue(one: SignedValue, other: SignedValue): boolean {
  return isSame(one.signature, other.signature) && one.seq === other.seq && isSame(one.value, other.value);
}
