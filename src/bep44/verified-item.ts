import { signatureCheck } from './ed25519.ts';
import { isStorable, type MutableItem, type SignedValue, signedBytes } from './mutable-item.ts';

/** Verifies an item of one key. Undefined if it is not valid. */
export type ItemVerifier = (claimed: SignedValue) => VerifiedItem | undefined;

/**
 * A mutable item with a valid signature. It has its own copy of the bytes, which must not be written to.
 *
 * It can be created in two ways only, which a test checks: {@link VerifiedItem.verifierOf}, which verifies, and
 * {@link VerifiedItem.fromOwnThread}, for an item that was verified in another thread of this process. So each item is
 * verified once, when it is received, and never again.
 */
export class VerifiedItem implements MutableItem {
  readonly key: Uint8Array;
  readonly seq: bigint;
  readonly signature: Uint8Array;
  readonly value: Uint8Array;
  /** Makes the type nominal: another object of the same shape is not assignable to it. */
  readonly #isVerified = true;

  private constructor(key: Uint8Array, { seq, signature, value }: SignedValue) {
    this.key = key;
    this.seq = seq;
    this.signature = signature;
    this.value = value;
  }

  /** The verifier for a key of any length. The key is prepared once for any number of items. */
  static verifierOf(key: Uint8Array): ItemVerifier {
    const holds = signatureCheck(key);
    const ownKey = new Uint8Array(key);
    return (claimed) => {
      const { seq, signature, value } = claimed;
      if (!isStorable(claimed) || !holds(signedBytes(seq, value), signature)) return undefined;
      // Not slice(), which returns a view of a Buffer: what was verified must not change.
      const copy = { seq, signature: new Uint8Array(signature), value: new Uint8Array(value) };
      return new VerifiedItem(ownKey, copy);
    };
  }

  /**
   * An item that arrived as a plain object on the port of a thread of this process, where it was verified. The port makes a
   * copy that nobody else can write to. Only the two ends of such a port may call this (`mainline/thread`).
   */
  static fromOwnThread(item: MutableItem): VerifiedItem {
    return new VerifiedItem(item.key, item);
  }

  /** Whether a value is a VerifiedItem, for tests of messages between threads. */
  static isVerified(value: object): value is VerifiedItem {
    return #isVerified in value;
  }
}
