/** Octets of an Ed25519 public key and of a seed (RFC 8032 §5.1.5). */
export const KEY_LENGTH = 32;

/** Octets of an Ed25519 signature (RFC 8032 §5.1.6). */
export const SIGNATURE_LENGTH = 64;

/** RFC 8410 §7: the octets before the 32 octets of a seed in a PKCS #8 private key. */
export const PKCS8_PREFIX: Uint8Array = /* @__PURE__ */ Uint8Array.from([
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
