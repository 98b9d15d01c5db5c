import { KEY_LENGTH } from '../../bep44/ed25519-rules.ts';
import { latin1Of, octetsFromBase64, octetsFromHex } from '../../octets/text.ts';
import { KEY_TEXT_LENGTH } from '../public-key.ts';
import { fromZBase32, toZBase32 } from '../z-base32.ts';
import { readSequence } from './der.ts';
import { type FoundSecret, type Refused, refuse, refuseKind } from './found-secret.ts';
import { readPem } from './pem.ts';
import { readPkcs8 } from './pkcs8.ts';
import { seedWithPublicKey } from './seed-with-public-key.ts';

/** Octets of a file that is looked at, at most; an RSA key of 8192 bits has 6,500 in PEM. */
export const MAX_SECRET_FILE = 16_384;

/**
 * Recognises the secret in a file of at most `MAX_SECRET_FILE` octets: 64 hexadecimal digits (pkarrd, pkdns), 32 octets, 64 octets
 * or 128 digits with the public key in their second half, PKCS #8 as PEM or DER (OpenSSL), a key of OpenSSH, a JWK. What can be
 * read in several ways is told as it is. Never throws, whatever the octets are.
 */
export function findSecret(octets: Uint8Array): FoundSecret {
  const start = latin1Of(octets.subarray(0, 32));
  if (/^(?:pubky|pkarr)\.org\/recovery/.test(start)) return { kind: 'recovery-file', octets };
  const text = latin1Of(octets);
  // Text of 32 or 64 characters is looked at as text: 32 random octets are text once in 10^13 times.
  if (!/^[\t\n\r -~]*$/.test(text)) return findInBinary(octets) ?? readPem(text) ?? nothing;
  return readPem(text) ?? findInText(text.trim());
}

function findInBinary(octets: Uint8Array): FoundSecret | undefined {
  if (octets.length === KEY_LENGTH) return { kind: 'seed', seed: new Uint8Array(octets) };
  if (octets.length === 2 * KEY_LENGTH) return readHalves(octets);
  return readSequence(octets) === undefined ? undefined : readPkcs8(octets);
}

function readHalves(octets: Uint8Array): FoundSecret {
  return seedWithPublicKey(octets.subarray(0, KEY_LENGTH), octets.subarray(KEY_LENGTH));
}

function findInText(text: string): FoundSecret {
  const digits = text.replace(/^0x/i, '');
  if (/^[0-9a-f]+$/i.test(digits)) {
    if (digits.length === 2 * KEY_LENGTH) return { kind: 'seed', seed: octetsFromHex(digits) };
    if (digits.length === 4 * KEY_LENGTH) return readHalves(octetsFromHex(digits));
  }
  if (/^[ybndrfg8ejkmcpqxot1uwisza345h769]+$/.test(text) && text.length === KEY_TEXT_LENGTH) {
    const octets = fromZBase32(text);
    if (toZBase32(octets) === text) return { kind: 'z-base-32', octets };
  }
  const words = wordsIn(text);
  if (words !== undefined) return { kind: 'words', words };
  if (text.startsWith('{')) return readJwk(text);
  const [, what] = strangers.find(([pattern]) => pattern.test(text)) ?? [];
  if (what !== undefined) return refuse(what);
  if (/^[0-9a-f]+$/i.test(digits)) return hexadecimal(digits.length);
  return nothing;
}

/** The words of a backup, also with numbers in front of them; undefined if it is not the number of words that BIP 39 has. */
function wordsIn(text: string): readonly string[] | undefined {
  const words = text
    .toLowerCase()
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^\d{1,2}[.):]?/, ''))
    .filter((word) => word !== '');
  const isMnemonic =
    [12, 15, 18, 21, 24].includes(words.length) && words.every((word) => /^[a-z]{3,8}$/.test(word));
  return isMnemonic ? words : undefined;
}

/** RFC 8037 §2: a key of Ed25519 has "OKP" and "Ed25519", its public key in `x` and its seed in `d`. */
function readJwk(text: string): FoundSecret {
  let jwk: unknown;
  try {
    jwk = JSON.parse(text);
  } catch {
    return nothing;
  }
  const { kty, crv, x, d } = jwk as Readonly<Record<string, unknown>>;
  if (kty === 'RSA') return refuseKind('an RSA key');
  if (kty === 'EC') return refuseKind('an ECDSA key');
  if (kty !== 'OKP' || typeof x !== 'string') return nothing;
  if (crv !== 'Ed25519') return refuseKind('a key of another curve');
  if (typeof d !== 'string') return refuse('a public key');
  return seedWithPublicKey(fromBase64Url(d), fromBase64Url(x));
}

function fromBase64Url(text: string): Uint8Array {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return octetsFromBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')) ?? new Uint8Array(0);
}

/** Texts that people take for such a secret, and what they are. */
const strangers: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^pk:/i, 'a public key, and not its secret'],
  [
    /^(?:ssh-|ecdsa-|sk-)\S+ AAAA/,
    'a public key of OpenSSH; its secret is in the file of this name without .pub',
  ],
  [/^PuTTY-User-Key-File/, 'a key in the form of PuTTY: export it as an OpenSSH key in PuTTYgen'],
  [/^age-encryption\.org\//, 'a file that age has encrypted: age --decrypt FILE | pkarrd keygen --from -'],
  [/AGE-SECRET-KEY-/, 'an X25519 key of age, and Pkarr has Ed25519 keys only'],
  [/^nsec1/, 'a secp256k1 key of Nostr, and Pkarr has Ed25519 keys only'],
  [/^[xyz]prv/, 'a secp256k1 key of a Bitcoin wallet, and Pkarr has Ed25519 keys only'],
];

function hexadecimal(length: number): Refused {
  return {
    kind: 'refused',
    why: `It has ${length} hexadecimal digits; a seed has ${2 * KEY_LENGTH}, and with its public key ${4 * KEY_LENGTH}.`,
  };
}

const nothing: FoundSecret = { kind: 'unknown' };
