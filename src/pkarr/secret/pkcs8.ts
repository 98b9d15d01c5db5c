import { KEY_LENGTH } from '../../bep44/ed25519-rules.ts';
import { hexOf } from '../../octets/text.ts';
import { DerTag, elementsOf, readDer, readSequence } from './der.ts';
import { type FoundSecret, refuseKind } from './found-secret.ts';
import { seedWithPublicKey } from './seed-with-public-key.ts';

/** The seed in a private key of PKCS #8 (RFC 5958 §2, RFC 8410 §7), or the name of what else it is. */
export function readPkcs8(der: Uint8Array): FoundSecret {
  // OneAsymmetricKey: version, algorithm, privateKey, [0] attributes, [1] publicKey.
  const [, algorithm, privateKey, ...more] = readSequence(der) ?? [];
  const [identifier] = elementsOf(algorithm?.content ?? new Uint8Array(0)) ?? [];
  if (identifier?.tag !== DerTag.OBJECT_IDENTIFIER || privateKey?.tag !== DerTag.OCTET_STRING) return damaged;
  const name = names.get(hexOf(identifier.content));
  if (name !== undefined) return refuseKind(name);
  if (hexOf(identifier.content) !== ED25519) return refuseKind('a key of another algorithm');
  // RFC 8410 §7: "the octet string is the DER encoding of a CurvePrivateKey", which is an octet string again.
  const seed = readDer(privateKey.content);
  if (seed?.tag !== DerTag.OCTET_STRING || seed.content.length !== KEY_LENGTH) return damaged;
  const publicKey = more.find(({ tag }) => tag === DerTag.CONTEXT_1);
  // A bit string: the first octet is the number of bits that are left over.
  if (publicKey !== undefined) return seedWithPublicKey(seed.content, publicKey.content.subarray(1));
  return { kind: 'seed', seed: new Uint8Array(seed.content) };
}

const damaged: FoundSecret = { kind: 'refused', why: 'This is a damaged private key.' };

/** RFC 8410 §3: 1.3.101.112. */
const ED25519 = '2b6570';

/** Other algorithms that keys in PKCS #8 have, by the content of their object identifier. */
const names: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010101', 'an RSA key'],
  ['2a864886f70d01010a', 'an RSA key'],
  ['2a8648ce3d0201', 'an ECDSA key'],
  ['2a8648ce380401', 'a DSA key'],
  ['2a864886f70d010301', 'a Diffie-Hellman key'],
  ['2b656e', 'an X25519 key'],
  ['2b656f', 'an X448 key'],
  ['2b6571', 'an Ed448 key'],
  ['608648016503040311', 'an ML-DSA key'],
  ['608648016503040312', 'an ML-DSA key'],
  ['608648016503040313', 'an ML-DSA key'],
]);
