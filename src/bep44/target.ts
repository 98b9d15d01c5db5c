import { createHash } from 'node:crypto';

/**
 * The target of the item of `key`, 20 bytes. BEP 44: "The data MUST be stored under the SHA-1 hash of the public key", or of "the
 * public key concatenated with the salt".
 */
export function targetOf(key: Uint8Array, salt: Uint8Array = NO_SALT): Buffer {
  return createHash('sha1').update(key).update(salt).digest();
}

const NO_SALT = new Uint8Array(0);
