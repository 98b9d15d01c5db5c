import type { StoreDisk, StoreFile } from './disk.ts';
import {
  encodeHead,
  encodeNoteFrame,
  encodePacketFrame,
  type LogSeal,
  NOTE_FRAME_LENGTH,
  newSeal,
  PACKET_AT,
} from './log-format.ts';
import type { Entry, StoreIndex } from './log-index.ts';

/** A log that holds the newest packet of each key once, under its final name and synced to the disk. */
export interface CompactedLog {
  readonly file: StoreFile;
  readonly seal: LogSeal;
  /** Makes the index describe the new file. */
  adopt(): void;
}

/** What a compaction works with. */
export interface CompactionParts {
  readonly disk: StoreDisk;
  readonly path: string;
  /** The file that `index` describes; undefined when there is none yet. */
  readonly from: StoreFile | undefined;
  readonly index: StoreIndex;
  /** Bytes of the new file without its head. */
  readonly budget: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** 8 random octets. */
  readonly random: Uint8Array;
}

/** The share of the budget for timestamps of dropped packets. */
const DROPPED_SHARE = 1 / 8;
/** Bytes that are read or written at once. */
const CHUNK = 64 * 1024;

/**
 * Writes a new log beside the old one and renames it when it is complete and synced: a process that is killed meanwhile
 * finds the old one. If there is no room, the packets that were seen longest ago are dropped first; the timestamp of each
 * is kept, so that the key cannot be rolled back. Rejects with an error of the system, and then the old log is unchanged.
 */
export async function compactStore(parts: CompactionParts): Promise<CompactedLog> {
  const { disk, path, index, from } = parts;
  const plan = planOf(parts);
  const temporary = compactionPath(path);
  const seal = newSeal(parts.random);
  const file = await disk.create(temporary);
  try {
    const writer = new ChunkWriter(file);
    await writer.write(encodeHead(seal));
    const notes = [
      ...[...index.dropped].map(([keyId, timestamp]) => ({ keyId, timestamp })),
      ...plan.dropped,
    ].slice(-plan.mostDropped);
    for (const { keyId, timestamp } of notes) {
      await writer.write(encodeNoteFrame(seal, { kind: 'dropped', keyId, timestamp, lastSeen: 0 }));
    }
    const moved: { readonly entry: Entry; readonly offset: number; readonly lastSeen: number }[] = [];
    const lost: Entry[] = [];
    for await (const [entry, packet] of packetsOf(from, plan.kept)) {
      if (packet === undefined) {
        lost.push(entry);
        continue;
      }
      // A time in the future was recorded by a wrong clock, or this one is wrong: older is the safe side.
      const lastSeen = Math.min(entry.lastSeen, parts.now);
      moved.push({ entry, offset: writer.position + PACKET_AT, lastSeen });
      await writer.write(encodePacketFrame(seal, packet, lastSeen));
    }
    await writer.flush();
    await file.sync();
    await disk.replace(temporary, path);
    return {
      file,
      seal,
      adopt() {
        const known = new Set(moved.map(({ entry }) => entry));
        const gone = new Set([...plan.dropped, ...lost]);
        for (const entry of [...index.entries()]) {
          if (known.has(entry)) continue;
          if (gone.has(entry)) index.drop(entry.keyId, entry.timestamp);
          // The record behind an invalid one, found in the meantime, was left behind in the old file.
          else index.delete(entry.keyId);
        }
        index.boundDropped(plan.mostDropped);
        index.latestSeen = 0;
        for (const { entry, offset, lastSeen } of moved) {
          entry.offset = offset;
          entry.lastSeen = lastSeen;
          entry.older = undefined;
          index.latestSeen = Math.max(index.latestSeen, lastSeen);
        }
      },
    };
  } catch (error) {
    await file.close().catch(() => {}); // the first error says more
    await disk.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Where the new log is written until it is complete. */
export function compactionPath(path: string): string {
  return `${path}.new`;
}

interface Plan {
  /** In the order of the old file, so that it is read sequentially. */
  readonly kept: readonly Entry[];
  readonly dropped: readonly Entry[];
  readonly mostDropped: number;
}

function planOf({ index, budget, now }: CompactionParts): Plan {
  const mostDropped = Math.floor((budget * DROPPED_SHARE) / NOTE_FRAME_LENGTH);
  const all = [...index.entries()];
  // Times in the future say nothing; what was written later was seen later.
  const seen = (entry: Entry) => Math.min(entry.lastSeen, now);
  all.sort((a, b) => seen(b) - seen(a) || b.offset - a.offset);
  let left = budget * (1 - DROPPED_SHARE);
  const fitting = all.findIndex((entry) => {
    left -= PACKET_AT + entry.length;
    return left < 0;
  });
  const count = fitting === -1 ? all.length : fitting;
  return {
    kept: all.slice(0, count).sort((a, b) => a.offset - b.offset),
    dropped: all.slice(count).reverse(),
    mostDropped,
  };
}

/** The bytes of each entry; undefined for one that the disk cannot read any more. */
async function* packetsOf(
  from: StoreFile | undefined,
  entries: readonly Entry[],
): AsyncGenerator<readonly [Entry, Buffer | undefined]> {
  let chunk: { readonly at: number; readonly bytes: Buffer } = { at: 0, bytes: Buffer.alloc(0) };
  for (const entry of entries) {
    if (from === undefined) return;
    if (entry.offset < chunk.at || entry.offset + entry.length > chunk.at + chunk.bytes.length) {
      const bytes =
        (await readable(from, entry.offset, CHUNK)) ?? (await readable(from, entry.offset, entry.length));
      chunk = { at: entry.offset, bytes: bytes ?? Buffer.alloc(0) };
    }
    const start = entry.offset - chunk.at;
    const packet = chunk.bytes.subarray(start, start + entry.length);
    yield [entry, packet.length === entry.length ? packet : undefined];
  }
}

/** Undefined where the disk is damaged: one bad sector must not prevent the rest from being saved. */
async function readable(from: StoreFile, offset: number, length: number): Promise<Buffer | undefined> {
  try {
    return await from.read(offset, length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') return undefined;
    throw error;
  }
}

/** Collects frames into large writes. */
class ChunkWriter {
  readonly #file: StoreFile;
  #frames: Buffer[] = [];
  #octets = 0;

  constructor(file: StoreFile) {
    this.#file = file;
  }

  /** Where the next frame begins in the file. */
  get position(): number {
    return this.#file.size + this.#octets;
  }

  async write(frame: Buffer): Promise<void> {
    this.#frames.push(frame);
    this.#octets += frame.length;
    if (this.#octets >= CHUNK) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#frames);
    this.#frames = [];
    this.#octets = 0;
    await this.#file.append(bytes);
  }
}
