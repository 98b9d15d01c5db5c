import { ipv4Class } from '../../ip/address-class.ts';
import type { Ipv4 } from '../addresses.ts';
import { copyOf } from './bytes.ts';
import { ID_LENGTH, wordAt } from './compact-nodes.ts';

/** Gives `count` unpredictable bytes. */
export type RandomBytes = (count: number) => Uint8Array;

/**
 * A node id that BEP 42 allows for a node at `address`: 20 bytes. "The first (most significant) 21 bits of the node ID used
 * in the DHT MUST match the first 21 bits of the resulting hash". The low three bits of its last byte are the number that
 * went into the hash.
 */
export function secureNodeId(address: Ipv4, randomBytes: RandomBytes): Buffer {
  const id = Buffer.from(randomBytes(ID_LENGTH));
  const prefix = idPrefix(address, id.readUInt8(ID_LENGTH - 1));
  id.writeUInt16BE(prefix >>> 16, 0);
  id.writeUInt8(((prefix >>> 8) & 0xf8) | (id.readUInt8(2) & 0x07), 2);
  return id;
}

/**
 * Whether BEP 42 allows the `id` (20 bytes) for a node at `address`. "Any peer on a local network address is exempt from this
 * node ID verification", so any id is allowed for an address that is not public.
 */
export function isSecureNodeId(id: Uint8Array, address: Ipv4): boolean {
  return fitsAddress(wordAt(id, 0), id[ID_LENGTH - 1] as number, address);
}

/** The same for an id of which only the first 32 bits and the last octet are given. */
export function fitsAddress(first: number, last: number, address: Ipv4): boolean {
  return ipv4Class(address) !== 'public' || first >>> 11 === idPrefix(address, last) >>> 11;
}

/** `crc32c((ip & 0x030f3fff) | (r << 29))`, where r is the low three bits of `seed`. */
function idPrefix(address: Ipv4, seed: number): number {
  const masked = ((address & 0x030f3fff) | ((seed & 7) << 29)) >>> 0;
  return crc32c([masked >>> 24, (masked >>> 16) & 255, (masked >>> 8) & 255, masked & 255]);
}

/** CRC-32C (Castagnoli), bit by bit: it is computed too rarely, and of four bytes only, for a table to pay. */
function crc32c(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * A random id of 20 bytes that has exactly the first `bits` bits (0 to 159) of `id`: one of that bucket of its table (BEP 5, "picking a
 * random ID in the range of the bucket").
 */
export function idInBucket(id: Uint8Array, bits: number, randomBytes: RandomBytes): Uint8Array {
  const other = copyOf(randomBytes(ID_LENGTH));
  const last = bits >> 3;
  other.set(id.subarray(0, last));
  const own = id[last] as number;
  // The bits before, the first that differs, and random ones.
  const kept = 0xff00 >> (bits & 7);
  const differing = 0x80 >> (bits & 7);
  other[last] =
    (own & kept & 0xff) | (~own & differing) | ((other[last] as number) & ~kept & ~differing & 0xff);
  return other;
}

/** How far an id is from a target (BEP 5), as a fraction of the id space, 0 to 1, with 48 bits of precision. */
export function distanceOf(id: Uint8Array, target: Uint8Array): number {
  let distance = 0;
  for (let at = 0; at < 6; at++) distance = distance * 256 + ((id[at] ?? 0) ^ (target[at] ?? 0));
  return distance / 2 ** 48;
}

/** How many leading bits two ids have in common, 0 to 160: the more, the nearer they are (BEP 5). */
export function sharedBits(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < ID_LENGTH; at++) {
    const difference = (one[at] ?? 0) ^ (other[at] ?? 0);
    if (difference !== 0) return 8 * at + Math.clz32(difference) - 24;
  }
  return 8 * ID_LENGTH;
}
