import { LRUCache } from 'lru-cache';
import { fileReason } from '../files/file-reason.ts';
import type { Log } from '../observe/log.ts';
import { compareRecency, SignedPacket } from '../pkarr/signed-packet.ts';
import type { StoreFile } from './disk.ts';
import { type KeyId, keyIdOf } from './log-format.ts';
import type { Entry, StoreIndex } from './log-index.ts';

/** A packet, and when it was last seen, in milliseconds since 1970. */
export interface Held {
  readonly packet: SignedPacket;
  readonly lastSeen: number;
}

/** What a put changes, compared with what is held. */
export type Decision = 'newer' | 'seen-again' | 'nothing-new' | 'superseded';

/** Milliseconds within which a packet that is seen again is not recorded again; no time to live is that short. */
const SEEN_AGAIN = 60_000;
/** Bytes that may be held in memory however small the store is: a few packets. */
const LEAST_MEMORY = 16_384;

/** What log and memory hold together, and what a put would change. */
export class StoreContents {
  readonly index: StoreIndex;
  /** Packets that could not be written. They are newer than those of the log, or not in it. */
  readonly memory: LRUCache<KeyId, Held>;
  /** The file that the index describes. */
  file: StoreFile | undefined;
  /** The file contains an invalid record: at the next start it would hide an older one that is valid. */
  hasFalseRecord = false;
  /** How many there were. */
  unverifiable = 0;
  readonly #log: Log;

  constructor(parts: {
    readonly index: StoreIndex;
    /** Bytes that may be held in memory. */
    readonly maxBytes: number;
    readonly file: StoreFile | undefined;
    readonly log: Log;
  }) {
    this.index = parts.index;
    this.memory = new LRUCache({ maxSize: Math.max(parts.maxBytes, LEAST_MEMORY) });
    this.file = parts.file;
    this.#log = parts.log;
  }

  /** The newest valid packet of a key. A record that does not verify is dropped, and the one before it is used. */
  async newest(keyId: KeyId): Promise<Held | undefined> {
    for (;;) {
      const inMemory = this.memory.get(keyId);
      if (inMemory !== undefined) return inMemory;
      const entry = this.index.get(keyId);
      if (entry === undefined) return undefined;
      const bytes = await this.#bytesOf(entry);
      if (bytes === undefined) return undefined;
      const packet = packetOf(entry, bytes);
      // A put may have come in between; then its packet is the newer one.
      if (this.index.get(keyId) !== entry || this.memory.has(keyId)) continue;
      if (packet !== undefined) {
        entry.older = undefined;
        return { packet, lastSeen: entry.lastSeen };
      }
      this.unverifiable++;
      this.hasFalseRecord = true;
      this.#log.warn('Dropped a record of the packet store that is not a valid signed packet.');
      this.index.delete(keyId);
      if (entry.older !== undefined) this.index.set(entry.older);
    }
  }

  async #bytesOf({ offset, length }: Entry): Promise<Buffer | undefined> {
    try {
      return await this.file?.read(offset, length);
    } catch (error) {
      this.#log.warn('Cannot read the packet store.', { reason: fileReason(error) });
      return undefined;
    }
  }

  /** Holds in memory what cannot be written. */
  hold(newer: ReadonlyMap<KeyId, Held>): 'memory' {
    for (const [keyId, { packet, lastSeen }] of newer) {
      this.memory.set(keyId, { packet, lastSeen }, { size: packet.memorySize });
    }
    return 'memory';
  }

  /**
   * What a put changes; `staged` is what is written before it. A packet that waits in memory is not compared with itself.
   */
  async decide(
    keyId: KeyId,
    put: Held & { readonly fromMemory?: true },
    staged: Held | undefined,
  ): Promise<Decision> {
    const { packet, lastSeen } = put;
    const before = staged ?? (put.fromMemory ? undefined : this.memory.get(keyId));
    if (before !== undefined) {
      const order = compareRecency(packet, before.packet);
      return order > 0 ? 'newer' : order < 0 ? 'superseded' : 'nothing-new';
    }
    const floor = this.index.floor(keyId);
    if (floor !== undefined && packet.timestamp < floor) return 'superseded';
    const entry = this.index.get(keyId);
    if (entry === undefined || packet.timestamp > entry.timestamp) return 'newer';
    const again = Math.abs(lastSeen - entry.lastSeen) < SEEN_AGAIN ? 'nothing-new' : 'seen-again';
    // Bytes equal to those of a verified packet need not be verified.
    if (packet.timestamp === entry.timestamp) {
      if ((await this.#bytesOf(entry))?.equals(packet.toBytes())) return again;
    }
    const held = await this.newest(keyId);
    if (held === undefined) return this.index.get(keyId) === undefined ? 'newer' : 'superseded';
    const order = compareRecency(packet, held.packet);
    return order > 0 ? 'newer' : order < 0 ? 'superseded' : again;
  }
}

/** The packet in the bytes of an entry, if it is the one that the entry describes. */
function packetOf(entry: Entry, bytes: Buffer): SignedPacket | undefined {
  const verdict = SignedPacket.fromBytes(bytes);
  if (!verdict.ok) return undefined;
  const { packet } = verdict;
  const isIt = packet.timestamp === entry.timestamp && keyIdOf(packet.key) === entry.keyId;
  return isIt ? packet : undefined;
}
