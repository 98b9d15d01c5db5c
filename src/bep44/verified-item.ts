import { signatureCheck } from './ed25519.ts';
import { isStorable, type MutableItem, type SignedValue, signedBytes } from './mutable-item.ts';

/** Verifies what claims to be an item of one key. Undefined when it is none. */
export type ItemVerifier = (claimed: SignedValue) => VerifiedItem | undefined;

/**
 * A mutable item whose signature holds. It has bytes of its own, not to be written to, and it never changes.
 *
 * There are two ways to one, and a test holds that there are no others: {@link VerifiedItem.verifierOf}, which verifies,
 * and {@link VerifiedItem.fromOwnThread}, for an item that was verified in another thread of this process. So each item
 * is verified once, where it comes in, and whoever has one need not ask again.
 */
export class VerifiedItem implements MutableItem {
  readonly key: Uint8Array;
  readonly seq: bigint;
  readonly signature: Uint8Array;
  readonly value: Uint8Array;
  /** Makes the type nominal: no object of the same shape is one. */
  readonly #isVerified = true;

  private constructor(key: Uint8Array, { seq, signature, value }: SignedValue) {
    this.key = key;
    this.seq = seq;
    this.signature = signature;
    this.value = value;
  }

  /** The verifier of a key of any length. The key is prepared once, for any number of items. */
  static verifierOf(key: Uint8Array): ItemVerifier {
    const holds = signatureCheck(key);
    const ownKey = new Uint8Array(key);
    return (claimed) => {
      const { seq, signature, value } = claimed;
      if (!isStorable(claimed) || !holds(signedBytes(seq, value), signature)) return undefined;
      // Not slice(): a Buffer's gives a view, and what was verified must not change.
      const copy = { seq, signature: new Uint8Array(signature), value: new Uint8Array(value) };
      return new VerifiedItem(ownKey, copy);
    };
  }

  /**
   * The same item again, after it came as a plain object over the port of a thread that this process started and that
   * had verified it. The port hands over a copy, and nobody else can write to it. Only the two ends of such a port may
   * call this (`mainline/thread`).
   */
  static fromOwnThread(item: MutableItem): VerifiedItem {
    return new VerifiedItem(item.key, item);
  }

  /** Whether a value is one, for tests of what crosses between threads. */
  static isVerified(value: object): value is VerifiedItem {
    return #isVerified in value;
  }
}
