import { createHash, createPublicKey } from 'node:crypto';
import type { KeyPair } from '../pkarr/key-pair.ts';
import { secretPem } from '../pkarr/key-pem.ts';
import type { CertificateName } from './certificate-name.ts';
import { serverExtensions } from './extensions.ts';
import { signatureAlgorithms, signCertificate } from './x509.ts';

/** No clock is before it. With a fixed date the certificate of a key is always the same. */
const NOT_BEFORE = new Date(0);
/**
 * RFC 5280 §4.1.2.5: "To indicate that a certificate has no well-defined expiration date, the notAfter SHOULD be assigned
 * the GeneralizedTime value of 99991231235959Z."
 */
const NOT_AFTER = new Date(Date.UTC(9999, 11, 31, 23, 59, 59));

/**
 * The names in the certificate of a key. A server that chooses among certificates by name, as Caddy does, needs the wildcard;
 * most clients take none before a single label, and have to compare the key itself below it.
 */
export function keyCertificateNames({ publicKey }: KeyPair): readonly CertificateName[] {
  const { text } = publicKey;
  return [
    { kind: 'dns', text },
    { kind: 'dns', text: `*.${text}` },
  ];
}

/**
 * The certificate of a key, PEM, signed by the key itself: who knows the name of the key needs no authority to check it. Nothing
 * in it is random, so that it is the same whenever it is made.
 */
export function makeKeyCertificate(keyPair: KeyPair): string {
  const { text } = keyPair.publicKey;
  const publicKey = createPublicKey(secretPem(keyPair));
  return signCertificate(
    {
      subject: text,
      issuer: text,
      publicKey,
      serial: createHash('sha256').update(text).digest(),
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      extensions: serverExtensions(publicKey, keyCertificateNames(keyPair), publicKey),
    },
    { algorithm: signatureAlgorithms.ed25519, sign: (octets) => keyPair.sign(octets) },
  );
}
