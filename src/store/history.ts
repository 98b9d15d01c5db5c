import { fileReason } from '../files/file-reason.ts';
import { FileError, readUserFile } from '../files/read-file.ts';
import { replaceFile } from '../files/write-file.ts';
import type { Log } from '../observe/log.ts';
import { classifyLabel, type PublicKey } from '../pkarr/public-key.ts';
import { SignedPacket } from '../pkarr/signed-packet.ts';

/** The file of the state directory that has the last packets of some keys. */
export const HISTORY_FILE = 'history';

/** The first line of the file, with the version of its format. */
const FIRST_LINE = 'pkarrd history 1';

/** The last packets that are kept of a key, and the keys of which some are: 3 MB at most, for all of it is written at once. */
export const MAX_PACKETS = 8;
export const MAX_KEYS = 256;

/** Octets of the file that are read: the most that it can have, with room. */
const MAX_LENGTH = 8_000_000;

/** Milliseconds for which a key counts as watched after somebody said so last: 30 days. */
const WATCHED_FOR = 30 * 86_400_000;

/** A packet that a key had. */
export interface PastPacket {
  readonly packet: SignedPacket;
  /** When it was first seen here, in milliseconds since 1970. */
  readonly firstSeen: number;
}

/** A packet as the file has it; it is verified when it is read. */
interface Line {
  readonly timestamp: bigint;
  readonly firstSeen: number;
  readonly base64: string;
  /** Absent until it is verified; undefined when it is not valid. */
  packet?: SignedPacket | undefined;
}

/** What a history works with. */
export interface PacketHistoryParts {
  readonly path: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly nowWall: () => number;
  /** Whether packets of this key, as text, are kept although nobody watches it. */
  readonly isKept: (key: string) => boolean;
  /** The packet that is there when a key becomes one of interest. Never rejects. */
  readonly held: (key: PublicKey) => Promise<SignedPacket | undefined>;
}

/**
 * The last packets of keys that are of interest here: those that are published, named or watched. The packet store has the newest of
 * each key and no other for long.
 */
export class PacketHistory {
  readonly #parts: PacketHistoryParts;
  /** By key, the one that changed longest ago first; of each the oldest first. */
  readonly #packets = new Map<string, Line[]>();
  /** When each was watched last, in milliseconds since 1970, longest ago first. */
  readonly #watched = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();
  #isChanged = false;
  #isWarned = false;

  private constructor(parts: PacketHistoryParts) {
    this.#parts = parts;
  }

  /** Reads the file. Without one, or with another one in its place, there is no history yet. Never rejects. */
  static async open(parts: PacketHistoryParts): Promise<PacketHistory> {
    const history = new PacketHistory(parts);
    try {
      const { bytes } = await readUserFile(parts.path, { maxBytes: MAX_LENGTH });
      history.#read(bytes.toString('latin1'));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.kind !== 'absent')
        parts.log.warn('Cannot read the file of earlier packets.', {
          path: parts.path,
          reason: fileReason(error),
        });
    }
    return history;
  }

  /** A packet was seen in the network, or published. It is kept if it is newer than the last of a key of interest. */
  note(packet: SignedPacket): void {
    const { text } = packet.key;
    if (!this.#watched.has(text) && !this.#parts.isKept(text)) return;
    const lines = this.#packets.get(text) ?? [];
    if (packet.timestamp <= (lines.at(-1)?.timestamp ?? -1n)) return;
    const base64 = Buffer.from(packet.toBytes()).toString('base64');
    lines.push({ timestamp: packet.timestamp, firstSeen: this.#parts.nowWall(), base64, packet });
    this.#keep(text, lines);
    this.#write();
  }

  /** Packets of this key are kept from now on, for 30 days after this was said last. Never rejects. */
  async watch(key: PublicKey): Promise<void> {
    this.#watched.delete(key.text);
    this.#watched.set(key.text, this.#parts.nowWall());
    this.#boundWatched();
    this.#write();
    await this.begin(key);
  }

  /** A key has become one of interest: its history begins with the packet that is there. Never rejects. */
  async begin(key: PublicKey): Promise<void> {
    if (this.#packets.has(key.text)) return;
    const held = await this.#parts.held(key);
    if (held !== undefined) this.note(held);
  }

  /** The keys that are watched, as text, the one that was watched last first. */
  get watched(): readonly string[] {
    this.#boundWatched();
    return [...this.#watched.keys()].reverse();
  }

  /** The packets that are kept of a key, the newest first; each is verified. */
  of(key: PublicKey): readonly PastPacket[] {
    const lines = this.#packets.get(key.text) ?? [];
    return lines.toReversed().flatMap((line) => {
      if (!('packet' in line)) line.packet = verified(line.base64, key);
      const { packet, firstSeen } = line;
      return packet === undefined ? [] : [{ packet, firstSeen }];
    });
  }

  /** Resolves when what was noted is in the file, or cannot be written, which is logged. */
  async close(): Promise<void> {
    await this.#writing;
  }

  #keep(text: string, lines: Line[]): void {
    this.#packets.delete(text);
    this.#packets.set(text, lines.slice(-MAX_PACKETS));
    for (const oldest of this.#packets.keys()) {
      if (this.#packets.size <= MAX_KEYS) return;
      this.#packets.delete(oldest);
    }
  }

  #boundWatched(): void {
    const now = this.#parts.nowWall();
    for (const [oldest, at] of this.#watched) {
      // A time in the future was recorded by a wrong clock.
      const isOver = Math.abs(now - at) > WATCHED_FOR;
      if (isOver || this.#watched.size > MAX_KEYS) this.#watched.delete(oldest);
    }
  }

  #read(text: string): void {
    const [first, ...lines] = text.split('\n');
    if (first !== FIRST_LINE) throw new FileError('failed', 'it is not a file of packets');
    for (const line of lines) {
      const [kind, key = '', at = '', timestamp = '', base64 = ''] = line.split(' ');
      if (classifyLabel(key).kind !== 'key' || !/^\d{1,15}$/.test(at)) continue;
      if (kind === 'watched') this.#watched.set(key, Number(at));
      if (kind !== 'packet' || !/^\d{1,19}$/.test(timestamp)) continue;
      const before = this.#packets.get(key) ?? [];
      const isNewer = BigInt(timestamp) > (before.at(-1)?.timestamp ?? -1n);
      if (isNewer && /^[\w+/=]{1,1600}$/.test(base64))
        this.#keep(key, [...before, { timestamp: BigInt(timestamp), firstSeen: Number(at), base64 }]);
    }
    this.#boundWatched();
  }

  /** Writes the file after what is being written; what comes meanwhile is written at once. */
  #write(): void {
    if (this.#isChanged) return;
    this.#isChanged = true;
    this.#writing = this.#writing.then(() => this.#writeNow());
  }

  async #writeNow(): Promise<void> {
    this.#isChanged = false;
    const { path, log } = this.#parts;
    const lines = [
      FIRST_LINE,
      ...[...this.#watched].map(([key, at]) => `watched ${key} ${at}`),
      ...[...this.#packets].flatMap(([key, packets]) =>
        packets.map(
          ({ timestamp, firstSeen, base64 }) => `packet ${key} ${firstSeen} ${timestamp} ${base64}`,
        ),
      ),
    ];
    try {
      await replaceFile(path, `${lines.join('\n')}\n`);
      this.#isWarned = false;
    } catch (error) {
      if (this.#isWarned) return;
      this.#isWarned = true;
      log.warn('Cannot write the file of earlier packets.', { path, reason: fileReason(error) });
    }
  }
}

/** The packet, if `key` signed it: the file is trusted as little as the network. */
function verified(base64: string, key: PublicKey): SignedPacket | undefined {
  const verdict = SignedPacket.fromBytes(Buffer.from(base64, 'base64'));
  return verdict.ok && verdict.packet.key.equals(key) ? verdict.packet : undefined;
}
