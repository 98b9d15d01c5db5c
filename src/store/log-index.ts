import { InvariantError } from '../pkarr/invariant-error.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import { type KeyId, NOTE_FRAME_LENGTH, PACKET_AT, type StoreRecord } from './log-format.ts';

/** Where the newest packet of a key stands in the log. */
export interface Entry {
  readonly keyId: KeyId;
  readonly timestamp: Timestamp;
  /** Where its octets begin in the file; a compaction changes it. */
  offset: number;
  /** Octets of the packet, 104 to 1104. */
  readonly length: number;
  /** Milliseconds since 1970. */
  lastSeen: number;
  /** The record that this one replaced, until this one has been verified: it may turn out to be no packet. */
  older: Entry | undefined;
}

/**
 * What the log holds, by key. Records are taken as the file has them: nothing here was verified, and nothing here is a
 * packet.
 */
export class StoreIndex {
  readonly #entries = new Map<KeyId, Entry>();
  /** Timestamps of packets that were dropped to make room, longest ago first. */
  readonly #dropped = new Map<KeyId, Timestamp>();
  #packetOctets = 0;
  /** The latest time at which anything in the log was seen: the clock was there at least once. */
  latestSeen = 0;

  /** Adds the next record of the file; `base` is added to its position. */
  apply(record: StoreRecord, base: number): void {
    const held = this.#entries.get(record.keyId);
    this.latestSeen = Math.max(this.latestSeen, record.lastSeen);
    switch (record.kind) {
      case 'packet': {
        // With equal timestamps the later record wins: whoever wrote it compared the messages.
        if (held !== undefined && record.timestamp < held.timestamp) return;
        if (record.timestamp < (this.#dropped.get(record.keyId) ?? 0n)) return;
        const { keyId, timestamp, lastSeen, packetLength: length } = record;
        this.set({ keyId, timestamp, lastSeen, length, offset: base + record.packetAt, older: held });
        return;
      }
      case 'seen':
        if (held?.timestamp === record.timestamp) held.lastSeen = record.lastSeen;
        return;
      case 'dropped':
        // A compaction writes what it dropped before what it kept.
        this.drop(record.keyId, record.timestamp);
    }
  }

  get(keyId: KeyId): Entry | undefined {
    return this.#entries.get(keyId);
  }

  /** Makes `entry` the newest of its key. @throws InvariantError when a newer one is held. */
  set(entry: Entry): void {
    const held = this.#entries.get(entry.keyId);
    if (held !== undefined && held.timestamp > entry.timestamp)
      throw new InvariantError(`the packet store would replace ${held.timestamp} with ${entry.timestamp}`);
    this.delete(entry.keyId);
    this.#entries.set(entry.keyId, entry);
    this.#packetOctets += PACKET_AT + entry.length;
    const floor = this.#dropped.get(entry.keyId);
    if (floor !== undefined && floor <= entry.timestamp) this.#dropped.delete(entry.keyId);
  }

  delete(keyId: KeyId): void {
    const held = this.#entries.get(keyId);
    if (held === undefined) return;
    this.#packetOctets -= PACKET_AT + held.length;
    this.#entries.delete(keyId);
  }

  /** Forgets the packet of a key and remembers how new the newest of the key was. */
  drop(keyId: KeyId, timestamp: Timestamp): void {
    const earlier = this.#dropped.get(keyId) ?? this.#entries.get(keyId)?.timestamp ?? timestamp;
    this.delete(keyId);
    this.#dropped.delete(keyId);
    this.#dropped.set(keyId, earlier > timestamp ? earlier : timestamp);
  }

  /** How new the packet was that was dropped: an older one of this key would be a rollback. */
  floor(keyId: KeyId): Timestamp | undefined {
    return this.#dropped.get(keyId);
  }

  /** Forgets what was dropped longest ago, until `most` are left. */
  boundDropped(most: number): void {
    for (const keyId of this.#dropped.keys()) {
      if (this.#dropped.size <= most) return;
      this.#dropped.delete(keyId);
    }
  }

  get dropped(): ReadonlyMap<KeyId, Timestamp> {
    return this.#dropped;
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** How many keys have a packet. */
  get size(): number {
    return this.#entries.size;
  }

  /** Octets that the file would have if it held this and nothing else, its head apart. */
  get octets(): number {
    return this.#packetOctets + this.#dropped.size * NOTE_FRAME_LENGTH;
  }
}
