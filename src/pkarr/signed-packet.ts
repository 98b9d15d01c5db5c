import { KEY_LENGTH, SIGNATURE_LENGTH } from '../bep44/ed25519-rules.ts';
import { type SignedValue, signedBytes } from '../bep44/mutable-item.ts';
import type { VerifiedItem } from '../bep44/verified-item.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import { compareOctets, concatOctets } from '../octets/octets.ts';
import { InvariantError } from './invariant-error.ts';
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

/** Octets of signature and timestamp, which precede the message in a relay payload. */
const PAYLOAD_HEADER_LENGTH = SIGNATURE_LENGTH + 8;

/** Memory of a packet in bytes, without its message: the objects, the key, and the state of OpenSSL for the key. */
const OBJECT_BYTES = 2048;

/**
 * Why bytes are not a signed packet. A closed list.
 *
 * - `too-short`: no room for key, signature and timestamp. `too-large`: a message over 1000 octets.
 * - `bad-key`: the octets of the key are not a valid public key.
 * - `bad-timestamp`: outside 0 to 2^63 − 1.
 * - `bad-signature`: not signed by the key, or changed since.
 * - `bad-dns-message`: the signature is valid, but the content is not a message of DNS records.
 */
export type PacketRefusal =
  | 'too-short'
  | 'too-large'
  | 'bad-key'
  | 'bad-timestamp'
  | 'bad-signature'
  | 'bad-dns-message';

/** Whether bytes are a signed packet, and if not, why. */
export type PacketVerdict =
  | { readonly ok: true; readonly packet: SignedPacket }
  | { readonly ok: false; readonly reason: PacketRefusal };

/** DNS records signed by a key. Instances are always verified and never change. */
export class SignedPacket {
  readonly key: PublicKey;
  /** Its form in the DHT: a mutable item of BEP 44. */
  readonly item: VerifiedItem;
  /** The smallest TTL of `records` in seconds; undefined if there are none. */
  readonly smallestTtl: number | undefined;

  private constructor(key: PublicKey, item: VerifiedItem, records: readonly ResourceRecord[]) {
    this.key = key;
    this.item = item;
    this.smallestTtl = records.length === 0 ? undefined : Math.min(...records.map(({ ttl }) => ttl));
  }

  /**
   * The records under the key's own name, in the order of the packet. Records of other names, of other classes than IN,
   * of types that no zone holds, and malformed ones are dropped before anything can read them. They are decoded each time,
   * because they take up to 180 times the memory of the packet; see `zoneOf`.
   */
  get records(): readonly ResourceRecord[] {
    return decodePacketMessage(this.message, this.key);
  }

  /** The time of signing by the author's clock. */
  get timestamp(): Timestamp {
    return this.item.seq;
  }

  /** 64 octets; not to be written to. */
  get signature(): Uint8Array {
    return this.item.signature;
  }

  /** The signed DNS message, 12 to 1000 octets; not to be written to. */
  get message(): Uint8Array {
    return this.item.value;
  }

  /** The packet that `key` signed, or why there is none. Never throws, whatever the bytes are; copies them. */
  static verify(key: PublicKey, signed: SignedValue): PacketVerdict {
    if (signed.value.length > MAX_READ_BYTES) return refused('too-large');
    if (signed.seq < 0n || signed.seq > MAX_TIMESTAMP) return refused('bad-timestamp');
    const item = key.verify(signed);
    return item === undefined ? refused('bad-signature') : SignedPacket.#fromItem(key, item);
  }

  /** The packet in an item that `key` was looked up with, or why there is none. Never throws. */
  static fromItem(key: PublicKey, item: VerifiedItem): PacketVerdict {
    return key.hasBytes(item.key) ? SignedPacket.#fromItem(key, item) : refused('bad-key');
  }

  static #fromItem(key: PublicKey, item: VerifiedItem): PacketVerdict {
    try {
      const records = decodePacketMessage(item.value, key);
      return { ok: true, packet: new SignedPacket(key, item, records) };
    } catch (error) {
      if (error instanceof WireError) return refused('bad-dns-message');
      throw error;
    }
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
    return SignedPacket.verify(key, {
      seq: view.getBigUint64(SIGNATURE_LENGTH),
      signature: payload.subarray(0, SIGNATURE_LENGTH),
      value: payload.subarray(PAYLOAD_HEADER_LENGTH),
    });
  }

  /**
   * Signs records, or a DNS message that is encoded already.
   * @throws PacketTooLargeError over 995 octets, WireError for what has no wire form or is no DNS message, and
   * RangeError for a timestamp outside 0 to 2^63 − 1. InvariantError when the signature does not verify.
   */
  static sign(
    keyPair: KeyPair,
    content: readonly ResourceRecord[] | Uint8Array,
    timestamp: Timestamp,
  ): SignedPacket {
    if (timestamp < 0n || timestamp > MAX_TIMESTAMP) throw new RangeError(`${timestamp} is not a timestamp.`);
    const key = keyPair.publicKey;
    const value = content instanceof Uint8Array ? content : encodePacketMessage(content);
    if (value.length > MAX_PUBLISH_BYTES) throw new PacketTooLargeError(value.length);
    const signature = keyPair.sign(signedBytes(timestamp, value));
    // A faulty signature can give the secret away, and nobody could use it: what is published was verified like the rest.
    const item = key.verify({ seq: timestamp, signature, value });
    if (item === undefined)
      throw new InvariantError(`the signature just made with ${keyPair} does not verify`);
    return new SignedPacket(key, item, decodePacketMessage(item.value, key));
  }

  /** Its size in memory in bytes, with its key, for caches that are limited by memory. */
  get memorySize(): number {
    return this.message.length + OBJECT_BYTES;
  }

  /** Octets of the DNS message, to which the limit of 1000 applies. */
  get size(): number {
    return this.message.length;
  }

  /** Key ‖ signature ‖ timestamp ‖ message. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return concatOctets([this.key.toBytes(), this.toRelayPayload()]);
  }

  /** Signature ‖ timestamp (8 octets, big endian) ‖ message. */
  toRelayPayload(): Uint8Array<ArrayBuffer> {
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
  return compareOctets(a.message, b.message);
}

function refused(reason: PacketRefusal): PacketVerdict {
  return { ok: false, reason };
}
