import { KEY_LENGTH } from '../../bep44/ed25519-rules.ts';

/** Octets of a seed (RFC 8032 §5.1.5). */
export const SEED_LENGTH: number = KEY_LENGTH;

/** What the octets of a file are, as far as they tell. */
export type FoundSecret =
  /** The seed itself, 32 octets. */
  | { readonly kind: 'seed'; readonly seed: Uint8Array }
  /** PKCS #8 in PEM, encrypted with a passphrase, in whatever way. */
  | { readonly kind: 'encrypted'; readonly text: string }
  /** A recovery file of Pubky, which a passphrase opens. */
  | { readonly kind: 'recovery-file'; readonly octets: Uint8Array }
  /** So many words as BIP 39 has, in lower case; whether they are some of its list was not checked. */
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** 52 characters of z-base-32: a public key, or the seed of an old pkdns. */
  | { readonly kind: 'z-base-32'; readonly octets: Uint8Array }
  /** It is something else that is known, or damaged. */
  | Refused
  /** It is nothing that is known. */
  | { readonly kind: 'unknown' };

/** Why there is no seed: one sentence for people, which names what it is instead, and never contains it. */
export interface Refused {
  readonly kind: 'refused';
  readonly why: string;
}

/** @param what with an article: `a public key` */
export function refuse(what: string): Refused {
  return { kind: 'refused', why: `This is ${what}.` };
}

/** A key for another algorithm. @param what with an article: `an RSA key` */
export function refuseKind(what: string): Refused {
  return { kind: 'refused', why: `This is ${what}; Pkarr has Ed25519 keys only.` };
}
