import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { type FoundSecret, SEED_LENGTH } from '../../pkarr/secret/found-secret.ts';

/*
 * A recovery file of Pubky: a line `pubky.org/recovery` (at first `pkarr.org/recovery`), then 24 octets of a nonce and the seed in
 * XSalsa20-Poly1305. Its key is Argon2id of the passphrase with a salt that is the same for all: pubky-common,
 * `recovery_file.rs` and `crypto.rs`.
 */

const SALT = new TextEncoder().encode('recovery');
/** `Argon2::default()` of Rust's argon2: 19 MiB, two passes, one lane. */
const COST = { m: 19 * 1024, t: 2, p: 1, dkLen: 32 };
const NONCE_LENGTH = 24;
const TAG_LENGTH = 16;
const LINE_FEED = 0x0a;

/** Opens a recovery file with its passphrase, which takes half a second. */
export function openRecoveryFile(file: Uint8Array, passphrase: string): FoundSecret {
  const content = file.subarray(file.indexOf(LINE_FEED) + 1);
  if (content.length !== NONCE_LENGTH + SEED_LENGTH + TAG_LENGTH)
    return { kind: 'refused', why: 'This is a recovery file of Pubky that is damaged.' };
  const key = argon2id(new TextEncoder().encode(passphrase), SALT, COST);
  try {
    const seed = xsalsa20poly1305(key, content.subarray(0, NONCE_LENGTH)).decrypt(
      content.subarray(NONCE_LENGTH),
    );
    return { kind: 'seed', seed };
  } catch {
    // The package has no error class; for octets of the right number only the tag can be wrong.
    return { kind: 'refused', why: 'The passphrase does not open it.' };
  }
}
