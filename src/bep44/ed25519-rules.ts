import { latin1Of, octetsFromHex } from '../octets/text.ts';

/** Octets of an Ed25519 public key and of a seed (RFC 8032 §5.1.5). */
export const KEY_LENGTH = 32;

/** Octets of an Ed25519 signature (RFC 8032 §5.1.6). */
export const SIGNATURE_LENGTH = 64;

/** RFC 8410 §7: the octets before the 32 octets of a seed in a PKCS #8 private key. */
export const PKCS8_PREFIX: Uint8Array = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

/** Whether `signature`, of any length, is a valid signature of `message` by the key. Never throws. */
export type SignatureCheck = (message: Uint8Array, signature: Uint8Array) => boolean;

/** What a seed makes. The seed stays inside. */
export interface Signer {
  /** 32 octets. */
  readonly publicKey: Uint8Array;
  /** The 64-octet signature of `message` (RFC 8032 §5.1.6). */
  sign(message: Uint8Array): Uint8Array;
}

/**
 * Whether 32 octets are any encoding of a point of order 1, 2, 4 or 8. Anybody can sign for such a key, so its signatures
 * prove nothing.
 */
export function isSmallOrder(point: Uint8Array): boolean {
  const y = new Uint8Array(point);
  y[KEY_LENGTH - 1] = (y[KEY_LENGTH - 1] ?? 0) & 0x7f;
  return SMALL_ORDER_Y.has(latin1Of(y));
}

/** All y-coordinates of such points, without the sign of x. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set(
  [
    '0000000000000000000000000000000000000000000000000000000000000000', // 0, order 4
    '0100000000000000000000000000000000000000000000000000000000000000', // 1, order 1
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p - 1, order 2
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p, that is 0 again
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p + 1, that is 1 again
  ].map((hex) => latin1Of(octetsFromHex(hex))),
);
