import { KEY_LENGTH } from '../../bep44/ed25519-rules.ts';
import { equalOctets } from '../../octets/octets.ts';
import { KeyPair } from '../key-pair.ts';
import type { FoundSecret } from './found-secret.ts';

/**
 * The seed of 32 octets that stands beside its public key, as the secret keys of libsodium, OpenSSH and npm's `pkarr` have it. If
 * the public key is that of another seed, one of the two is damaged, or it is something else that is as long.
 */
export function seedWithPublicKey(seed: Uint8Array, publicKey: Uint8Array): FoundSecret {
  if (seed.length === KEY_LENGTH && equalOctets(KeyPair.fromSeed(seed).publicKey.toBytes(), publicKey))
    return { kind: 'seed', seed: new Uint8Array(seed) };
  return {
    kind: 'refused',
    why: 'This is not a secret key of Ed25519: its public half does not belong to its secret half. The file is damaged, or another kind of secret.',
  };
}
