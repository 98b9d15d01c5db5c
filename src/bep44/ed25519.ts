import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { concatOctets } from '../octets/octets.ts';
import {
  KEY_LENGTH,
  PKCS8_PREFIX,
  SIGNATURE_LENGTH,
  type SignatureCheck,
  type Signer,
} from './ed25519-rules.ts';
import { isSmallOrder } from './small-order.ts';

/**
 * The check for a key of any length, by the strict rules of RFC 8032 §5.1.7, not those of ZIP 215. Points of small order are
 * refused as key and as R, as in `verify_strict` of Rust's ed25519-dalek. The result is the same on every runtime. A check
 * takes 0.15 ms; the strict check of `@noble/ed25519` takes 1.5 to 5. In browsers, `ed25519-noble.ts` is in the place of
 * this file.
 *
 * The check of the runtime does the arithmetic. It requires S < L, a key that is a point, and an R whose bytes equal the
 * encoding of SB - kA. So R is a point in its canonical encoding, and R + kA = SB holds without the cofactor, and therefore
 * also with it. Small order is checked here, because Node 24 refuses it and Node 22 does not. A non-canonical encoding of a
 * key, with y from p to p + 18, is accepted here; but nobody knows a secret for such a point unless it has small order, and
 * `PublicKey` refuses it. A test checks that nothing is accepted that the strict check of noble refuses.
 */
export function signatureCheck(key: Uint8Array): SignatureCheck {
  if (key.length !== KEY_LENGTH || isSmallOrder(key)) return () => false;
  // Not as DER, whose decoders OpenSSL 3 tries one after another: that takes seven times as long, half as long as a check.
  const x = Buffer.from(key.buffer, key.byteOffset, key.length).toString('base64url');
  const imported = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return (message, signature) =>
    signature.length === SIGNATURE_LENGTH &&
    !isSmallOrder(signature.subarray(0, KEY_LENGTH)) &&
    verify(null, message, imported, signature);
}

/** The signer of a seed of 32 octets (RFC 8032 §5.1.5). The runtime signs in constant time. */
export function signerOf(seed: Uint8Array): Signer {
  const der = Buffer.from(concatOctets([PKCS8_PREFIX, seed]).buffer);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(spki.length - KEY_LENGTH)),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
