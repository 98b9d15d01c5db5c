import type { ResourceRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import { KEY_LENGTH, SIGNATURE_LENGTH } from './ed25519.ts';
import type { KeyPair } from './key-pair.ts';
import {
  decodePacketMessage,
  encodePacketMessage,
  MAX_PUBLISH_BYTES,
  MAX_READ_BYTES,
  PacketTooLargeError,
} from './packet-message.ts';
import { PublicKey, PublicKeyError } from './public-key.ts';
import { MAX_TIMESTAMP, type Timestamp } from './timestamp.ts';

/** Octets of signature and timestamp, which stand before the message in a relay payload. */
const PAYLOAD_HEADER_LENGTH = SIGNATURE_LENGTH + 8;

/**
 * Why bytes are no signed packet. A closed list.
 *
 * - `too-short`: no room for key, signature and timestamp. `too-large`: a message over 1000 octets.
 * - `bad-key`: the octets of the key are no usable public key.
 * - `bad-timestamp`: outside 0 to 2^63 − 1.
 * - `bad-signature`: not signed by the key, or not these bytes.
 * - `bad-dns-message`: rightly signed, but something else than DNS records.
 */
export type PacketRefusal =
  | 'too-short'
  | 'too-large'
  | 'bad-key'
  | 'bad-timestamp'
  | 'bad-signature'
  | 'bad-dns-message';

/** What became of bytes that claim to be a signed packet. */
export type PacketVerdict =
  | { readonly ok: true; readonly packet: SignedPacket }
  | { readonly ok: false; readonly reason: PacketRefusal };

/** A mutable item of BEP 44 without salt: what a signed packet is in the DHT. */
export interface PacketParts {
  /** `k`: the key that was asked for. */
  readonly key: PublicKey;
  /** `seq`: any integer. */
  readonly seq: bigint;
  /** `sig`: any octets; 64 are right. */
  readonly signature: Uint8Array;
  /** `v`: any octets; a DNS message of up to 1000 is right. */
  readonly value: Uint8Array;
}

/** DNS records signed by a key. It exists only verified, and never changes. */
export class SignedPacket {
  readonly key: PublicKey;
  readonly timestamp: Timestamp;
  /** 64 octets; not to be written to. */
  readonly signature: Uint8Array;
  /** The DNS message as it was signed, 12 to 1000 octets; not to be written to. */
  readonly message: Uint8Array;
  /**
   * The records under the key's own name, in the order of the packet. Records of other names, of other classes than
   * IN, and of types that no zone holds were dropped before anything could read them.
   */
  readonly records: readonly ResourceRecord[];

  private constructor(parts: PacketParts, records: readonly ResourceRecord[]) {
    this.key = parts.key;
    this.timestamp = parts.seq;
    this.signature = parts.signature;
    this.message = parts.value;
    this.records = records;
  }

  /** The packet that the parts make, or why they make none. Never throws, whatever the bytes are; copies them. */
  static verify(parts: PacketParts): PacketVerdict {
    const { key, seq, value } = parts;
    if (value.length > MAX_READ_BYTES) return refused('too-large');
    if (seq < 0n || seq > MAX_TIMESTAMP) return refused('bad-timestamp');
    if (!key.verifies(signable(seq, value), parts.signature)) return refused('bad-signature');
    // Not slice(): a Buffer's gives a view, and what was verified must not change.
    const copy = { key, seq, signature: new Uint8Array(parts.signature), value: new Uint8Array(value) };
    const records = recordsOf(copy);
    return records === undefined
      ? refused('bad-dns-message')
      : { ok: true, packet: new SignedPacket(copy, records) };
  }

  /** The packet in key ‖ signature ‖ timestamp ‖ message, 104 to 1104 octets, or why there is none. Never throws. */
  static fromBytes(bytes: Uint8Array): PacketVerdict {
    if (bytes.length < KEY_LENGTH + PAYLOAD_HEADER_LENGTH) return refused('too-short');
    let key: PublicKey;
    try {
      key = PublicKey.fromBytes(bytes.subarray(0, KEY_LENGTH));
    } catch (error) {
      if (error instanceof PublicKeyError) return refused('bad-key');
      throw error;
    }
    return SignedPacket.fromRelayPayload(key, bytes.subarray(KEY_LENGTH));
  }

  /** The packet in signature ‖ timestamp ‖ message, the body of a relay's answer, or why there is none. Never throws. */
  static fromRelayPayload(key: PublicKey, payload: Uint8Array): PacketVerdict {
    if (payload.length < PAYLOAD_HEADER_LENGTH) return refused('too-short');
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    return SignedPacket.verify({
      key,
      seq: view.getBigUint64(SIGNATURE_LENGTH),
      signature: payload.subarray(0, SIGNATURE_LENGTH),
      value: payload.subarray(PAYLOAD_HEADER_LENGTH),
    });
  }

  /**
   * Signs records, or a DNS message that is encoded already.
   * @throws PacketTooLargeError over 995 octets, WireError for what has no wire form or is no DNS message, and
   * RangeError for a timestamp outside 0 to 2^63 − 1.
   */
  static sign(
    keyPair: KeyPair,
    content: readonly ResourceRecord[] | Uint8Array,
    timestamp: Timestamp,
  ): SignedPacket {
    if (timestamp < 0n || timestamp > MAX_TIMESTAMP) throw new RangeError(`${timestamp} is not a timestamp.`);
    const key = keyPair.publicKey;
    const value = content instanceof Uint8Array ? new Uint8Array(content) : encodePacketMessage(content);
    if (value.length > MAX_PUBLISH_BYTES) throw new PacketTooLargeError(value.length);
    const records = decodePacketMessage(value, key);
    const signature = keyPair.sign(signable(timestamp, value));
    return new SignedPacket({ key, seq: timestamp, signature, value }, records);
  }

  /** Octets of the DNS message: what the limit of 1000 counts. */
  get size(): number {
    return this.message.length;
  }

  /** Key ‖ signature ‖ timestamp ‖ message. */
  toBytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat([this.key.toBytes(), this.toRelayPayload()]));
  }

  /** Signature ‖ timestamp (8 octets, big endian) ‖ message. */
  toRelayPayload(): Uint8Array {
    const payload = new Uint8Array(PAYLOAD_HEADER_LENGTH + this.message.length);
    payload.set(this.signature);
    new DataView(payload.buffer).setBigUint64(SIGNATURE_LENGTH, this.timestamp);
    payload.set(this.message, PAYLOAD_HEADER_LENGTH);
    return payload;
  }
}

/**
 * Which of two packets of one key is the newer: positive when `a` is, negative when `b` is, 0 when they say the
 * same. The larger timestamp, on a tie the larger message, octets compared from left to right.
 */
export function compareRecency(a: SignedPacket, b: SignedPacket): number {
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp ? 1 : -1;
  return Buffer.compare(a.message, b.message);
}

/** The octets that BEP 44 signs for an item without salt. */
export function signable(seq: bigint, value: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`3:seqi${seq}e1:v${value.length}:`, 'latin1'), value]);
}

function recordsOf({ key, value }: PacketParts): readonly ResourceRecord[] | undefined {
  try {
    return decodePacketMessage(value, key);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function refused(reason: PacketRefusal): PacketVerdict {
  return { ok: false, reason };
}
