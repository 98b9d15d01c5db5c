import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { inspect } from 'node:util';
import { KEY_LENGTH } from '../bep44/ed25519.ts';
import { PublicKey } from './public-key.ts';

/** RFC 8410 §7: the octets before the 32 octets of a seed in a PKCS #8 private key. */
const PKCS8_PREFIX = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

/** An Ed25519 key pair. Printing, inspecting or serializing it shows only the public key. */
export class KeyPair {
  readonly publicKey: PublicKey;
  readonly #seed: Uint8Array;
  readonly #privateKey: KeyObject;

  private constructor(seed: Uint8Array) {
    this.#seed = seed;
    const der = Buffer.concat([PKCS8_PREFIX, seed]);
    this.#privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.#privateKey).export({ format: 'der', type: 'spki' });
    this.publicKey = PublicKey.fromBytes(spki.subarray(spki.length - KEY_LENGTH));
  }

  /** The key pair of a seed of 32 octets (RFC 8032 §5.1.5). @throws RangeError for another length. */
  static fromSeed(seed: Uint8Array): KeyPair {
    if (seed.length !== KEY_LENGTH)
      throw new RangeError(`A seed has ${KEY_LENGTH} octets; this has ${seed.length}.`);
    return new KeyPair(new Uint8Array(seed));
  }

  /** A new key pair; `random` returns the given number of unpredictable octets. */
  static generate(random: (size: number) => Uint8Array = randomBytes): KeyPair {
    return KeyPair.fromSeed(random(KEY_LENGTH));
  }

  /** The 64-octet signature of `message` (RFC 8032 §5.1.6). Node signs in constant time, which is not possible in JavaScript. */
  sign(message: Uint8Array): Uint8Array {
    return Uint8Array.from(sign(null, message, this.#privateKey));
  }

  /** The secret seed, 32 octets, as a copy. Only for the key file. */
  exportSeed(): Uint8Array {
    return this.#seed.slice();
  }

  /** The secret key as PKCS #8 in PEM (RFC 8410 §7, RFC 7468 §10). Only for the file of a web server. */
  exportPem(): string {
    return this.#privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  }

  /** The public key alone. */
  toString(): string {
    return `KeyPair(${this.publicKey.text})`;
  }

  /** The public key alone. */
  toJSON(): { readonly publicKey: string } {
    return { publicKey: this.publicKey.text };
  }

  /** The public key alone, for `console.log`. */
  [inspect.custom](): string {
    return this.toString();
  }
}
