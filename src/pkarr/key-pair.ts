import { signerOf } from '../bep44/ed25519.ts';
import { KEY_LENGTH, type Signer } from '../bep44/ed25519-rules.ts';
import { PublicKey } from './public-key.ts';

/** An Ed25519 key pair. Printing, inspecting or serializing it shows only the public key. */
export class KeyPair {
  readonly publicKey: PublicKey;
  readonly #seed: Uint8Array;
  readonly #signer: Signer;

  private constructor(seed: Uint8Array) {
    this.#seed = seed;
    this.#signer = signerOf(seed);
    this.publicKey = PublicKey.fromBytes(this.#signer.publicKey);
  }

  /** The key pair of a seed of 32 octets (RFC 8032 §5.1.5). @throws RangeError for another length. */
  static fromSeed(seed: Uint8Array): KeyPair {
    if (seed.length !== KEY_LENGTH)
      throw new RangeError(`A seed has ${KEY_LENGTH} octets; this has ${seed.length}.`);
    return new KeyPair(new Uint8Array(seed));
  }

  /** A new key pair; `random` returns the given number of unpredictable octets. */
  static generate(random: (size: number) => Uint8Array = randomOctets): KeyPair {
    return KeyPair.fromSeed(random(KEY_LENGTH));
  }

  /** The 64-octet signature of `message` (RFC 8032 §5.1.6). */
  sign(message: Uint8Array): Uint8Array {
    return this.#signer.sign(message);
  }

  /** The secret seed, 32 octets, as a copy. Only for files of keys. */
  exportSeed(): Uint8Array {
    return this.#seed.slice();
  }

  /** The public key alone. */
  toString(): string {
    return `KeyPair(${this.publicKey.text})`;
  }

  /** The public key alone. */
  toJSON(): { readonly publicKey: string } {
    return { publicKey: this.publicKey.text };
  }

  /** The public key alone, for `console.log` of Node, which looks for a method of this name. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function randomOctets(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}
