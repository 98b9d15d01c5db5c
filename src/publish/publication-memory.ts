import { fileReason } from '../files/file-reason.ts';
import { FileError, readUserFile } from '../files/read-file.ts';
import { replaceFile } from '../files/write-file.ts';
import type { Log } from '../observe/log.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Remembered } from './plan.ts';

/** The first line of the file. The number is the version of the format. */
const FIRST_LINE = 'pkarrd publications 1';
/** Bytes that are read; a thousand of the largest entries have fewer. */
const MAX_LENGTH = 4_000_000;

/** What was published with each key, kept over restarts in a file that contains no secret. */
export class PublicationMemory {
  readonly #path: string;
  readonly #log: Log;
  readonly #entries = new Map<string, Remembered>();
  #writing: Promise<void> = Promise.resolve();
  #isWarned = false;

  private constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Reads the file. If there is none, or something else, nothing is remembered. Never rejects. */
  static async open(path: string, log: Log): Promise<PublicationMemory> {
    const memory = new PublicationMemory(path, log);
    try {
      const { bytes } = await readUserFile(path, { maxBytes: MAX_LENGTH });
      memory.#read(bytes.toString('latin1'));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.kind !== 'absent') {
        log.warn('Cannot read the file of earlier publications.', { path, reason: fileReason(error) });
      }
    }
    return memory;
  }

  /** What was published last with `key`. */
  get(key: PublicKey): Remembered | undefined {
    return this.#entries.get(key.text);
  }

  /** Records what was published. Resolves when it is in the file, or cannot be written, which is logged. Never rejects. */
  async set(key: PublicKey, entry: Remembered): Promise<void> {
    const before = this.#entries.get(key.text);
    this.#entries.set(key.text, entry);
    if (before !== undefined && lineOf(before) === lineOf(entry)) return;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  #read(text: string): void {
    const [first, ...lines] = text.split('\n');
    if (first !== FIRST_LINE) throw new FileError('failed', 'it is not a file of publications');
    for (const line of lines) {
      const [origin, fingerprint, base64, ...extra] = line.split(' ');
      if (base64 === undefined || extra.length > 0) continue;
      // The file is trusted as little as the network.
      const verdict = SignedPacket.fromBytes(Buffer.from(base64, 'base64'));
      if (!verdict.ok) continue;
      this.#entries.set(verdict.packet.key.text, {
        packet: verdict.packet,
        fingerprint: fingerprint === '-' ? undefined : fingerprint,
        isAdopted: origin === 'adopted',
      });
    }
  }

  async #write(): Promise<void> {
    try {
      const lines = [FIRST_LINE, ...[...this.#entries.values()].map(lineOf)];
      await replaceFile(this.#path, Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
      this.#isWarned = false;
    } catch (error) {
      if (this.#isWarned) return;
      this.#isWarned = true;
      this.#log.warn('Cannot write the file of publications.', {
        path: this.#path,
        reason: fileReason(error),
      });
    }
  }
}

function lineOf({ packet, fingerprint = '-', isAdopted }: Remembered): string {
  const base64 = Buffer.from(packet.toBytes()).toString('base64');
  return `${isAdopted ? 'adopted' : 'ours'} ${fingerprint} ${base64}`;
}
