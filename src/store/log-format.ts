import { crc32 } from 'node:zlib';
import type { PublicKey } from '../pkarr/public-key.ts';
import { MAX_TIMESTAMP, type Timestamp } from '../pkarr/timestamp.ts';

/*
 * The log of signed packets, in octets:
 *
 *   file   = magic (16) marker (4) seed (4) crc32 of these 24 (4) frame…
 *   frame  = marker (4) length of body (2) crc32 of length and body, begun with seed (4) body
 *   body   = 1 lastSeen (6) packet (104 to 1104)                 a packet
 *          | 2 lastSeen (6) key (32) timestamp (8)               the packet of this key and timestamp was seen again
 *          | 3 lastSeen (6) key (32) timestamp (8)               the packet of this key was dropped to make room
 *
 * Numbers are big endian, lastSeen is in milliseconds since 1970, the timestamp in microseconds. Marker and seed are
 * random for each file: after a damaged frame the reader searches for the next marker, and nobody can forge a frame
 * inside a packet for it to find.
 */

/** The content of one frame. */
export type StoreRecord =
  | {
      readonly kind: 'packet';
      readonly keyId: KeyId;
      readonly timestamp: Timestamp;
      /** Milliseconds since 1970. */
      readonly lastSeen: number;
      /** Offset of the packet in the bytes that were read. */
      readonly packetAt: number;
      /** 104 to 1104. */
      readonly packetLength: number;
    }
  | {
      readonly kind: 'seen' | 'dropped';
      readonly keyId: KeyId;
      readonly timestamp: Timestamp;
      readonly lastSeen: number;
    };

/** The 32 octets of a key, one per character: a key for maps without the cost of z-base32. */
export type KeyId = string;

/** Random numbers of each file: 4 octets each. */
export interface LogSeal {
  readonly marker: Buffer;
  readonly seed: number;
}

/** What is at an offset: a record and where the next begins, an incomplete frame, or something else. */
export type FrameReading =
  | { readonly kind: 'record'; readonly record: StoreRecord; readonly end: number }
  | { readonly kind: 'short' }
  | { readonly kind: 'broken' };

/** Octets of a file's head. */
export const HEAD_LENGTH = 28;
/** Octets of a frame without its body. */
const FRAME_LENGTH = 10;
/** Kind and lastSeen. */
const BODY_HEAD_LENGTH = 7;
/** Key, signature, timestamp, and 0 to 1000 octets of message. */
const MIN_PACKET_LENGTH = 104;
const MAX_PACKET_LENGTH = 1104;
/** Kind, lastSeen, key and timestamp. */
const NOTE_LENGTH = BODY_HEAD_LENGTH + 40;
/** Octets of the largest frame. */
export const MAX_FRAME_LENGTH = FRAME_LENGTH + BODY_HEAD_LENGTH + MAX_PACKET_LENGTH;
/** Octets of a frame of kind `seen` or `dropped`. */
export const NOTE_FRAME_LENGTH = FRAME_LENGTH + NOTE_LENGTH;
/** Octets before the packet in a frame. */
export const PACKET_AT = FRAME_LENGTH + BODY_HEAD_LENGTH;

/** The last two octets are the version of the format. */
const MAGIC = Buffer.from('pkarrd packets\x00\x01', 'latin1');
const KEY_LENGTH = 32;
const TIMESTAMP_AT = 96;
/** The largest number that 6 octets hold: the year 10,889. */
const MAX_LAST_SEEN = 2 ** 48 - 1;
const KIND = { packet: 1, seen: 2, dropped: 3 } as const;

/** A seal made of 8 random octets. */
export function newSeal(random: Uint8Array): LogSeal {
  const bytes = Buffer.from(random);
  return { marker: bytes.subarray(0, 4), seed: bytes.readUInt32BE(4) };
}

/** The first 28 octets of a file. */
export function encodeHead({ marker, seed }: LogSeal): Buffer {
  const head = Buffer.alloc(HEAD_LENGTH);
  MAGIC.copy(head);
  marker.copy(head, 16);
  head.writeUInt32BE(seed, 20);
  head.writeUInt32BE(crc32(head.subarray(0, 24)), 24);
  return head;
}

/** The seal of a file; undefined if it is not such a log or its head is damaged. */
export function decodeHead(head: Buffer): LogSeal | undefined {
  if (head.length < HEAD_LENGTH || !head.subarray(0, 16).equals(MAGIC)) return undefined;
  if (head.readUInt32BE(24) !== crc32(head.subarray(0, 24))) return undefined;
  return newSeal(head.subarray(16, 24));
}

/** The frame of a packet; `lastSeen` in milliseconds since 1970, clamped to what fits. */
export function encodePacketFrame(seal: LogSeal, packet: Uint8Array, lastSeen: number): Buffer {
  const frame = Buffer.allocUnsafe(PACKET_AT + packet.length);
  frame.set(packet, PACKET_AT);
  return sealFrame(seal, frame, KIND.packet, lastSeen);
}

/** The frame that says that a packet was seen again, or dropped. */
export function encodeNoteFrame(
  seal: LogSeal,
  note: {
    readonly kind: 'seen' | 'dropped';
    readonly keyId: KeyId;
    readonly timestamp: Timestamp;
    readonly lastSeen: number;
  },
): Buffer {
  const frame = Buffer.allocUnsafe(NOTE_FRAME_LENGTH);
  frame.write(note.keyId, PACKET_AT, 'latin1');
  frame.writeBigUInt64BE(note.timestamp, PACKET_AT + KEY_LENGTH);
  return sealFrame(seal, frame, KIND[note.kind], note.lastSeen);
}

/** Reads the frame that begins at `at`. Never throws, whatever the octets are. */
export function readFrame(seal: LogSeal, bytes: Buffer, at: number): FrameReading {
  if (bytes.length < at + FRAME_LENGTH) return { kind: 'short' };
  if (bytes.compare(seal.marker, 0, 4, at, at + 4) !== 0) return broken;
  const length = bytes.readUInt16BE(at + 4);
  if (length < NOTE_LENGTH || length > BODY_HEAD_LENGTH + MAX_PACKET_LENGTH) return broken;
  const end = at + FRAME_LENGTH + length;
  if (bytes.length < end) return { kind: 'short' };
  if (bytes.readUInt32BE(at + 6) !== checksum(seal, bytes, at, end)) return broken;
  const record = readBody(bytes, at + FRAME_LENGTH, end);
  return record === undefined ? broken : { kind: 'record', record, end };
}

/** Offset of the next marker from `at` on; -1 if there is none. */
export function nextMarker(seal: LogSeal, bytes: Buffer, at: number): number {
  return bytes.indexOf(seal.marker, at);
}

/** The identity of a key, which is made once for each. */
export function keyIdOf(key: PublicKey): KeyId {
  const known = keyIds.get(key);
  if (known !== undefined) return known;
  const keyId = Buffer.from(key.toBytes()).toString('latin1');
  keyIds.set(key, keyId);
  return keyId;
}

const keyIds = new WeakMap<PublicKey, KeyId>();

function readBody(bytes: Buffer, at: number, end: number): StoreRecord | undefined {
  const kind = bytes[at];
  const lastSeen = bytes.readUIntBE(at + 1, 6);
  const start = at + BODY_HEAD_LENGTH;
  const isPacket = kind === KIND.packet;
  if (isPacket ? end - start < MIN_PACKET_LENGTH : end - at !== NOTE_LENGTH) return undefined;
  const keyId = bytes.toString('latin1', start, start + KEY_LENGTH);
  const timestamp = bytes.readBigUInt64BE(start + (isPacket ? TIMESTAMP_AT : KEY_LENGTH));
  if (timestamp > MAX_TIMESTAMP) return undefined;
  if (isPacket) {
    return { kind: 'packet', keyId, timestamp, lastSeen, packetAt: start, packetLength: end - start };
  }
  if (kind !== KIND.seen && kind !== KIND.dropped) return undefined;
  return { kind: kind === KIND.seen ? 'seen' : 'dropped', keyId, timestamp, lastSeen };
}

function sealFrame(seal: LogSeal, frame: Buffer, kind: number, lastSeen: number): Buffer {
  seal.marker.copy(frame, 0);
  frame.writeUInt16BE(frame.length - FRAME_LENGTH, 4);
  frame[FRAME_LENGTH] = kind;
  frame.writeUIntBE(Math.trunc(Math.min(MAX_LAST_SEEN, Math.max(0, lastSeen))), FRAME_LENGTH + 1, 6);
  frame.writeUInt32BE(checksum(seal, frame, 0, frame.length), 6);
  return frame;
}

function checksum({ seed }: LogSeal, bytes: Buffer, at: number, end: number): number {
  return crc32(bytes.subarray(at + FRAME_LENGTH, end), crc32(bytes.subarray(at + 4, at + 6), seed));
}

const broken: FrameReading = { kind: 'broken' };
