import type { FileLock } from '../files/lock-file.ts';
import { errorText } from '../observe/error-text.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import { compactStore } from './compaction.ts';
import { type Held, StoreContents } from './contents.ts';
import type { StoreDisk } from './disk.ts';
import { encodeNoteFrame, encodePacketFrame, type KeyId, keyIdOf, PACKET_AT } from './log-format.ts';
import type { Entry } from './log-index.ts';
import type { OpenedLog } from './open-log.ts';
import type {
  PacketStore,
  PacketStoreOptions,
  PacketStoreStatistics,
  PutResult,
  StoredPacket,
} from './packet-store.ts';
import { StoreSync } from './sync.ts';

/** What the store works with. */
export interface LogPacketStoreParts extends Omit<PacketStoreOptions, 'directory'> {
  readonly path: string;
  /** Undefined if this process may not write to the directory. */
  readonly lock: FileLock | undefined;
  readonly disk: StoreDisk;
}

/** Milliseconds after a failed write until the next. */
const RETRY_AFTER = 30_000;
/** Puts that are written and synced together. */
const BATCH = 512;
/** Puts that may wait; more than that means that the disk hangs. */
const MAX_WAITING = 4096;
/** Bytes below which a compaction is not worth it. */
const SMALL_FILE = 64 * 1024;

/** A put that waits for its turn. A packet that waits in memory is put again, and nobody waits for that put. */
interface Waiting extends Held {
  readonly fromMemory?: true;
  readonly until: 'written' | 'durable';
  readonly settle: (result: PutResult) => void;
}

/**
 * A store over one log. Puts are handled one after another; those that arrive together are written and synced together.
 * Reads are concurrent.
 */
export class LogPacketStore implements PacketStore {
  readonly #parts: LogPacketStoreParts;
  readonly #contents: StoreContents;
  #found: OpenedLog['found'];
  #queue: Waiting[] = [];
  #working: Promise<void> | undefined;
  /** The file is missing or not what the index describes: it has to be written anew. */
  #mustRewrite: boolean;
  /** Nothing is written until then; Infinity if this process may not write to the directory. */
  #waitUntil = Number.NEGATIVE_INFINITY;
  #closed = false;
  #isBroken = false;
  #compactions = 0;
  readonly #sync = new StoreSync({
    isGivenUp: () => this.#mustRewrite,
    sync: async () => await this.#found?.file.sync(),
    succeeded: () => this.#recover(),
    failed: (lost, error) => {
      // After a failed sync nobody knows which bytes reached the disk, and a second sync may succeed although they are lost.
      this.#mustRewrite = true;
      this.#contents.hold(lost);
      if (error !== undefined) this.#fail(error);
    },
  });

  constructor(parts: LogPacketStoreParts, { found, index, mustRewrite }: OpenedLog) {
    this.#parts = parts;
    this.#found = found;
    this.#mustRewrite = mustRewrite;
    this.#contents = new StoreContents({ ...parts, index, file: found?.file });
    if (parts.lock === undefined) this.#waitUntil = Number.POSITIVE_INFINITY;
    this.#working = this.#work();
  }

  get latestSeenWall(): number {
    return this.#contents.index.latestSeen;
  }

  mayHold(key: PublicKey): boolean {
    const keyId = keyIdOf(key);
    return this.#contents.memory.has(keyId) || this.#contents.index.get(keyId) !== undefined;
  }

  async get(key: PublicKey): Promise<StoredPacket | undefined> {
    const newest = await this.#contents.newest(keyIdOf(key));
    return newest && { packet: newest.packet, lastSeenWall: newest.lastSeen };
  }

  floor(key: PublicKey): Timestamp | undefined {
    return this.#contents.index.floor(keyIdOf(key));
  }

  put(
    packet: SignedPacket,
    seenAtWallMs: number,
    until: 'written' | 'durable' = 'durable',
  ): Promise<PutResult> {
    if (this.#closed || this.#isBroken || this.#queue.length >= MAX_WAITING)
      return Promise.resolve('refused');
    return new Promise((settle) => {
      this.#queue.push({ packet, lastSeen: seenAtWallMs, until, settle });
      this.#working ??= this.#work();
    });
  }

  statistics(): PacketStoreStatistics {
    return {
      state: this.#state(),
      keys: this.#contents.index.size,
      droppedKeys: this.#contents.index.dropped.size,
      keysInMemory: this.#contents.memory.size,
      fileSize: this.#found?.file.size ?? 0,
      compactions: this.#compactions,
      unverifiable: this.#contents.unverifiable,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#working;
    await this.#sync.settled();
    await this.#found?.file.close();
    await this.#parts.lock
      ?.release()
      .catch((error) => this.#warn('Cannot release the lock of the packet store.', error));
  }

  #state(): PacketStoreStatistics['state'] {
    if (this.#closed) return 'closed';
    if (this.#waitUntil === Number.POSITIVE_INFINITY) return 'read-only';
    return this.#waitUntil === Number.NEGATIVE_INFINITY ? 'writing' : 'waiting';
  }

  async #work(): Promise<void> {
    // What is put in the same turn of the event loop is written together: packets of many keys come at once.
    await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      do {
        if (this.#canWrite() && this.#isRewriteDue()) await this.#rewrite();
        await this.#commit(this.#queue.splice(0, BATCH));
      } while (this.#queue.length > 0);
    } catch (error) {
      // Not the disk, whose errors end in #fail, but a bug. Whoever waits must not wait for ever.
      const message =
        'Internal error in the packet store. It takes no packets until a restart. Please report it.';
      this.#parts.log.error(message, { error: errorText(error) });
      this.#parts.onInternalError?.(error);
      this.#isBroken = true;
      for (const { settle } of this.#queue.splice(0)) settle('refused');
    } finally {
      this.#working = undefined;
    }
  }

  #canWrite(): boolean {
    return this.#parts.now() >= this.#waitUntil;
  }

  async #commit(waiting: readonly Waiting[]): Promise<void> {
    const canWrite = this.#canWrite() && this.#found !== undefined && !this.#mustRewrite;
    const batch = canWrite ? [...this.#fromMemory(), ...waiting] : waiting;
    const newer = new Map<KeyId, Held>();
    const seenAgain: Entry[] = [];
    const superseded = new Set<Waiting>();
    for (const put of batch) {
      const keyId = keyIdOf(put.packet.key);
      const decision = await this.#contents.decide(keyId, put, newer.get(keyId));
      if (decision === 'newer') newer.set(keyId, put);
      if (decision === 'superseded') superseded.add(put);
      const entry = this.#contents.index.get(keyId);
      if (decision === 'seen-again' && entry !== undefined) {
        entry.lastSeen = put.lastSeen;
        this.#contents.index.latestSeen = Math.max(this.#contents.index.latestSeen, put.lastSeen);
        seenAgain.push(entry);
      }
    }
    const settle = (result: PutResult, which: (put: Waiting) => boolean = () => true) => {
      for (const put of batch) if (which(put)) put.settle(superseded.has(put) ? 'superseded' : result);
    };
    if (canWrite && this.#contents.hasFalseRecord) await this.#rewrite();
    if (!canWrite || this.#mustRewrite) return settle(this.#contents.hold(newer));
    const written = await this.#append(newer, seenAgain);
    if (written === 'failed') return settle(this.#contents.hold(newer));
    for (const { packet } of batch) this.#contents.memory.delete(keyIdOf(packet.key));
    this.#sync.note(newer);
    if (written === 'nothing') return settle('durable');
    settle('written', ({ until }) => until === 'written');
    if (batch.every(({ until }) => until === 'written')) {
      // The next puts that only wait for the write do not have to wait for the disk either.
      this.#sync.behind();
      return;
    }
    settle((await this.#sync.now()) ? 'durable' : 'memory');
  }

  #fromMemory(): readonly Waiting[] {
    return [...this.#contents.memory.values()].map((held) => ({
      ...held,
      fromMemory: true,
      until: 'durable',
      settle: () => {},
    }));
  }

  async #append(
    newer: ReadonlyMap<KeyId, Held>,
    seenAgain: readonly Entry[],
  ): Promise<'written' | 'nothing' | 'failed'> {
    if (this.#found === undefined || newer.size + seenAgain.length === 0) return 'nothing';
    const { file, seal } = this.#found;
    const frames: Buffer[] = [];
    const entries: Entry[] = [];
    let at = file.size;
    for (const [keyId, { packet, lastSeen }] of newer) {
      const bytes = packet.toBytes();
      frames.push(encodePacketFrame(seal, bytes, lastSeen));
      const { timestamp } = packet;
      entries.push({
        keyId,
        timestamp,
        lastSeen,
        offset: at + PACKET_AT,
        length: bytes.length,
        older: undefined,
      });
      at += PACKET_AT + bytes.length;
    }
    for (const entry of seenAgain) frames.push(encodeNoteFrame(seal, { ...entry, kind: 'seen' }));
    try {
      await file.append(Buffer.concat(frames));
    } catch (error) {
      this.#fail(error);
      // Half a frame at the end is cut off; if even that fails, the file is written anew.
      await file.cut(file.size).catch(() => {
        this.#mustRewrite = true;
      });
      return 'failed';
    }
    for (const entry of entries) {
      this.#contents.index.set(entry);
      this.#contents.index.latestSeen = Math.max(this.#contents.index.latestSeen, entry.lastSeen);
    }
    return 'written';
  }

  #isRewriteDue(): boolean {
    if (this.#found === undefined || this.#mustRewrite || this.#contents.hasFalseRecord) return true;
    const { size } = this.#found.file;
    return size > this.#parts.maxBytes || (size > SMALL_FILE && size > 2 * this.#contents.index.octets);
  }

  async #rewrite(): Promise<void> {
    const { disk, path, lock, maxBytes, nowWall, randomBytes } = this.#parts;
    try {
      if (!(await lock?.isHeld())) {
        this.#waitUntil = Number.POSITIVE_INFINITY;
        this.#warn(
          'Another process took the packet store; packets are kept in memory only.',
          'the lock is gone',
        );
        return;
      }
      const from = this.#found?.file;
      const compacted = await compactStore({
        ...{ disk, path, from, budget: maxBytes / 2 },
        ...{ index: this.#contents.index, now: nowWall(), random: randomBytes(8) },
      });
      compacted.adopt();
      this.#found = compacted;
      this.#contents.file = compacted.file;
      this.#mustRewrite = false;
      this.#contents.hasFalseRecord = false;
      this.#compactions++;
      await from?.close();
      this.#recover();
    } catch (error) {
      this.#mustRewrite = true;
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#state() === 'writing') {
      this.#warn('Cannot write the packet store; packets are kept in memory for now.', error);
    }
    this.#waitUntil = this.#parts.now() + RETRY_AFTER;
  }

  #recover(): void {
    if (this.#waitUntil === Number.NEGATIVE_INFINITY) return;
    this.#waitUntil = Number.NEGATIVE_INFINITY;
    this.#parts.log.info('Writing the packet store works again.', { path: this.#parts.path });
  }

  #warn(message: string, reason: unknown): void {
    this.#parts.log.warn(message, { path: this.#parts.path, reason: String(reason) });
  }
}
