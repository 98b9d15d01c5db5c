import type { Log } from '../observe/log.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import type { StoreDisk } from './disk.ts';

/** A packet from the store. It was verified when it was read. */
export interface StoredPacket {
  readonly packet: SignedPacket;
  /** Milliseconds since 1970, by the clock of that time. */
  readonly lastSeenWall: number;
}

/**
 * The result of a put.
 *
 * - `durable`: it is in the log and survives a loss of power. `written`: it survives the end of this process.
 * - `superseded`: a newer packet of the key is held, and remains.
 * - `memory`: it cannot be written now, and is held until the program ends or can write again.
 * - `refused`: the store is closed, or so many puts wait that the disk must hang. It is not held.
 */
export type PutResult = 'durable' | 'written' | 'superseded' | 'memory' | 'refused';

/** What the store holds and does. */
export interface PacketStoreStatistics {
  /** `writing`; `waiting` after a failure, until the next try; `read-only` without the lock or the directory. */
  readonly state: 'writing' | 'waiting' | 'read-only' | 'closed';
  /** Keys with a packet in the log. */
  readonly keys: number;
  /** Keys of which only the timestamp is kept. */
  readonly droppedKeys: number;
  /** Keys whose newest packet could not be written. */
  readonly keysInMemory: number;
  /** Bytes of the file. */
  readonly fileSize: number;
  readonly compactions: number;
  /** Records that were read and are not valid packets. */
  readonly unverifiable: number;
}

/** The newest packet of each key, kept over restarts. A key is never rolled back to an older packet. */
export interface PacketStore {
  /** Whether `get` might find something; needs no wait, because the index is in memory. */
  mayHold(key: PublicKey): boolean;
  /** The newest packet of `key`; undefined when there is none. Never rejects. */
  get(key: PublicKey): Promise<StoredPacket | undefined>;
  /**
   * How new the packet of `key` was when it was dropped to make room: an older one must not be served. Undefined if none
   * was dropped, and if a packet of the key is held.
   */
  floor(key: PublicKey): Timestamp | undefined;
  /** The latest time at which anything was seen, in milliseconds since 1970: the clock was there at least once. */
  readonly latestSeenWall: number;
  /**
   * Stores a packet that was seen at a time in milliseconds since 1970. Resolves when it is as safe as `until` says:
   * `written` survives the end of this process, `durable` a loss of power. Never rejects.
   */
  put(packet: SignedPacket, seenAtWallMs: number, until?: 'written' | 'durable'): Promise<PutResult>;
  statistics(): PacketStoreStatistics;
  /** Writes what waits, and releases the directory. */
  close(): Promise<void>;
}

/** What a store works with. */
export interface PacketStoreOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /**
   * Bytes of the file, at least 16,384; about half of it is for current packets. While it is compacted there is a second
   * file of up to half that size.
   */
  readonly maxBytes: number;
  readonly log: Log;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly nowWall: () => number;
  /** `n` random bytes. */
  readonly randomBytes: (n: number) => Uint8Array;
  /** Default: the disk of this machine. */
  readonly disk?: StoreDisk;
  /** Told of an internal error, which the log has already. */
  readonly onInternalError?: (error: unknown) => void;
}
