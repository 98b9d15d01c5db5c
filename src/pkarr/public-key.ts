import { KEY_LENGTH } from '../bep44/ed25519-rules.ts';
import type { SignedValue } from '../bep44/mutable-item.ts';
import { type ItemVerifier, VerifiedItem } from '../bep44/verified-item.ts';
import { lowerCase, Name } from '../dns/name.ts';
import { equalOctets } from '../octets/octets.ts';
import { type PointFault, pointFault } from './curve-point.ts';
import { RecentMap } from './recent-map.ts';
import { fromZBase32, toZBase32 } from './z-base32.ts';

/** Characters of a key as text: 256 bits at five each. */
export const KEY_TEXT_LENGTH = 52;

/** Characters that are lost or doubled when a key is copied by hand. */
const MISCOUNTED = 2;

/** Shorter labels are neither a key nor what `almostKey` takes for one. */
export const SHORTEST_KEY_LIKE_TEXT: number = KEY_TEXT_LENGTH - MISCOUNTED;

/**
 * Why something that looks like a key is not valid. `non-canonical`: 52 characters hold 260 bits, so the last 4 must be
 * zero and the 52nd character `y` or `o`; any other is a second spelling.
 */
export type KeyRefusal = 'non-canonical' | PointFault;

/**
 * What a DNS label is to Pkarr. Unless it is `not-a-key`, it must never be sent to an ordinary name server, which would learn
 * the key.
 */
export type LabelClass =
  | { readonly kind: 'not-a-key' }
  | { readonly kind: 'refused'; readonly reason: KeyRefusal /** In lower case. */; readonly text: string }
  | { readonly kind: 'key'; readonly key: PublicKey };

/** Octets or text are not a valid key. */
export class PublicKeyError extends Error {
  override readonly name = 'PublicKeyError';
  /** `no-key`: it does not even have the form of a key. */
  readonly reason: KeyRefusal | 'no-key';

  constructor(reason: KeyRefusal | 'no-key', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** An Ed25519 public key: a point of the curve, and not of small order. */
export class PublicKey {
  /** 52 characters of lower-case z-base32, the canonical form. */
  readonly text: string;
  /** The key as a top-level name: the apex of its zone. */
  readonly name: Name;
  readonly #bytes: Uint8Array;
  #verifier: ItemVerifier | undefined;

  private constructor(bytes: Uint8Array, text: string) {
    this.#bytes = bytes;
    this.text = text;
    this.name = Name.fromLabels([text]);
  }

  /** The key of 32 octets. @throws PublicKeyError. */
  static fromBytes(bytes: Uint8Array): PublicKey {
    if (bytes.length !== KEY_LENGTH) {
      throw new PublicKeyError('no-key', `A public key has ${KEY_LENGTH} octets; this has ${bytes.length}.`);
    }
    return PublicKey.fromLabel(toZBase32(bytes));
  }

  /** The key of a DNS label, in upper or lower case. @throws PublicKeyError. */
  static fromLabel(label: string): PublicKey {
    const found = PublicKey.classify(label);
    if (found.kind === 'key') return found.key;
    if (found.kind === 'not-a-key') {
      throw new PublicKeyError('no-key', `A key is ${KEY_TEXT_LENGTH} characters of z-base32.`);
    }
    throw new PublicKeyError(
      found.reason,
      `${found.text} is not a public key: ${refusalToText(found.reason)}.`,
    );
  }

  /** As `classifyLabel`. */
  static classify(label: string): LabelClass {
    if (label.length !== KEY_TEXT_LENGTH) return notAKey;
    const text = lowerCase(label);
    if (!keyShape.test(text)) return notAKey;
    const known = verdicts.get(text);
    if (known !== undefined) return known;
    const verdict = PublicKey.#judge(text);
    verdicts.set(text, verdict);
    return verdict;
  }

  static #judge(text: string): LabelClass {
    // The last of 52 characters has one bit of the key, and in the one canonical form four that are zero.
    if (!/[yo]$/.test(text)) return { kind: 'refused', reason: 'non-canonical', text };
    const bytes = fromZBase32(text).subarray(0, KEY_LENGTH);
    const fault = pointFault(bytes);
    if (fault !== undefined) return { kind: 'refused', reason: fault, text };
    return { kind: 'key', key: new PublicKey(bytes, text) };
  }

  /** The 32 octets, as a copy. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** The item of this key with this signature, or undefined if the signature is not valid (RFC 8032 §5.1.7). */
  verify(signed: SignedValue): VerifiedItem | undefined {
    this.#verifier ??= VerifiedItem.verifierOf(this.#bytes);
    return this.#verifier(signed);
  }

  /** Whether these are the octets of this key. */
  hasBytes(bytes: Uint8Array): boolean {
    return equalOctets(bytes, this.#bytes);
  }

  /** The same key. */
  equals(other: PublicKey): boolean {
    return this.text === other.text;
  }

  /** `text`. */
  toString(): string {
    return this.text;
  }
}

/**
 * Whether `label` is a key, is refused although it has the form of one, or is something else. The form is 52 characters of
 * z-base32 in upper or lower case. Results are cached, since a check takes about 0.12 ms.
 */
export function classifyLabel(label: string): LabelClass {
  return PublicKey.classify(label);
}

/**
 * Whether `label` contains the text of a key, valid or not, with or without other characters (`pk:KEY`, `KEY:8080`). As a
 * top-level label it must be meant as a key, because no top-level domain is as long.
 */
export function hasKeyText(label: string): boolean {
  return label.length >= KEY_TEXT_LENGTH && keyInside.test(label);
}

/**
 * Why a label is no key although it must be meant as one: a character too few or too many, or one that z-base32 does not have; a
 * clause without a final period. Undefined for all others. No top-level domain is half as long.
 */
export function almostKey(label: string): string | undefined {
  const { length } = label;
  if (Math.abs(length - KEY_TEXT_LENGTH) > MISCOUNTED || !/^[a-z0-9]+$/i.test(label) || hasKeyText(label))
    return undefined;
  if (length !== KEY_TEXT_LENGTH) return `it has ${length} characters, and a key has ${KEY_TEXT_LENGTH}`;
  return `z-base32 has no character "${/[lv02]/i.exec(label)?.[0]}"`;
}

/** The reason for people, without a final period. */
export function refusalToText(reason: KeyRefusal): string {
  switch (reason) {
    case 'non-canonical':
      return 'its last character must be y or o';
    case 'not-on-curve':
      return 'it is not a point of the curve';
    case 'small-order':
      return 'it is a point of small order, for which anybody can sign';
  }
}

const keyShape = /^[ybndrfg8ejkmcpqxot1uwisza345h769]{52}$/;
const keyInside = /[ybndrfg8ejkmcpqxot1uwisza345h769]{52}/i;
const notAKey: LabelClass = { kind: 'not-a-key' };

/** Results of the 4096 labels that were asked for last are kept; each takes about half a kilobyte. */
const verdicts = new RecentMap<string, LabelClass>(4096);
