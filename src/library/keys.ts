import { KeyPair as OwnKeyPair } from '../pkarr/key-pair.ts';
import { parsePastedKey } from '../pkarr/pasted-key.ts';
import { PublicKey as OwnPublicKey, PublicKeyError } from '../pkarr/public-key.ts';
import { PkarrError } from './error.ts';

/**
 * A public key, which is the name of its zone. Only valid keys exist: points of the curve that are not of small order.
 */
export class PublicKey {
  readonly #own: OwnPublicKey;

  private constructor(own: OwnPublicKey) {
    this.#own = own;
  }

  /**
   * The key in what people paste: `KEY`, `pk:KEY`, `pk://KEY/path`, `https://www.KEY:8443/x`, `sub.KEY.tld`, in upper or lower
   * case. @throws PkarrError
   */
  static parse(text: string): PublicKey {
    return new PublicKey(rethrown(() => parsePastedKey(text)));
  }

  /** The key of 32 octets. @throws PkarrError */
  static fromBytes(bytes: Uint8Array): PublicKey {
    return new PublicKey(rethrown(() => OwnPublicKey.fromBytes(bytes)));
  }

  /** @internal */
  static wrap(own: OwnPublicKey): PublicKey {
    return new PublicKey(own);
  }

  /** @internal */
  get own(): OwnPublicKey {
    return this.#own;
  }

  /** 52 characters of lower-case z-base32, the one spelling of the key: its top-level domain. */
  get text(): string {
    return this.#own.text;
  }

  /** The 32 octets, as a copy. */
  toBytes(): Uint8Array {
    return this.#own.toBytes();
  }

  /** Whether it is the same key. */
  equals(other: PublicKey): boolean {
    return this.#own.equals(other.own);
  }

  /** `text`. */
  toString(): string {
    return this.text;
  }

  /** `text`. */
  toJSON(): string {
    return this.text;
  }
}

/**
 * A public key with its secret. Printing, inspecting or serializing it shows only the public key.
 *
 * On Node and Bun the runtime signs, in constant time. In browsers JavaScript does, which cannot promise that: sign there
 * what its user made, and nothing on request of others.
 */
export class KeyPair {
  readonly publicKey: PublicKey;
  readonly #own: OwnKeyPair;

  private constructor(own: OwnKeyPair) {
    this.#own = own;
    this.publicKey = PublicKey.wrap(own.publicKey);
  }

  /** A new key pair, from the random numbers of the system. */
  static generate(): KeyPair {
    return new KeyPair(OwnKeyPair.generate());
  }

  /** The key pair of a secret seed of 32 octets (RFC 8032 §5.1.5). @throws RangeError for another length */
  static fromSeed(seed: Uint8Array): KeyPair {
    return new KeyPair(OwnKeyPair.fromSeed(seed));
  }

  /** @internal */
  get own(): OwnKeyPair {
    return this.#own;
  }

  /** The secret seed, 32 octets, as a copy. A key file of pkarrd has them as 64 hexadecimal digits. */
  exportSeed(): Uint8Array {
    return this.#own.exportSeed();
  }

  /** The public key alone. */
  toString(): string {
    return this.#own.toString();
  }

  /** The public key alone. */
  toJSON(): { readonly publicKey: string } {
    return this.#own.toJSON();
  }
}

function rethrown(parse: () => OwnPublicKey): OwnPublicKey {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PublicKeyError) throw new PkarrError(error.reason, error.message);
    throw error;
  }
}
