import type { MutableItem } from '../dht-node.ts';
import { copyOf, isSame, latin1 } from '../wire/bytes.ts';
import { type SignatureCheck, signatureCheckFor } from '../wire/ed25519.ts';
import type { Stored } from '../wire/krpc-message.ts';
import { signedBytes } from '../wire/mutable-item.ts';

/**
 * Tells the items of one key from everything else that nodes hand out under its target. Up to twenty nodes return the same
 * bytes, so each distinct (seq, signature, value) is verified once.
 */
export class ItemScreen {
  readonly #key: Uint8Array;
  readonly #check: SignatureCheck;
  readonly #verdicts = new Map<string, MutableItem | undefined>();

  /** Takes the key asked for, 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = copyOf(key);
    this.#check = signatureCheckFor(key);
  }

  /**
   * The item, or undefined when it is none of this key. BEP 44: "the key they get back from a get request MUST be verified to
   * hash to the target ID the lookup was made for, as well as verifying the signature". The target was made from the key,
   * so the same key is the same hash.
   */
  screen(stored: Stored & { kind: 'mutable' }): MutableItem | undefined {
    if (!isSame(stored.key, this.#key)) return undefined;
    const { seq, signature, value } = stored;
    const name = `${seq}:${latin1(signature)}${latin1(value)}`;
    if (this.#verdicts.has(name)) return this.#verdicts.get(name);
    const holds = this.#check.holds(signature, signedBytes(seq, value));
    const item = { key: this.#key, seq, signature: copyOf(signature), value: copyOf(value) };
    this.#verdicts.set(name, holds ? item : undefined);
    return holds ? item : undefined;
  }
}
