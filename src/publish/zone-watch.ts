import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { WireError } from '../dns/wire-error.ts';
import { encodePacketMessage, PacketTooLargeError } from '../pkarr/packet-message.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { ZoneFileError, type ZoneFileNote } from '../pkarr/zone/file/error.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { parseZoneFile } from '../pkarr/zone/file/zone-file.ts';
import type { ZoneNow } from './plan.ts';

/** Octets of a zone file that are read; the reader of zones takes fewer. */
const MAX_FILE_LENGTH = 1_048_576;

/** A file with its content and what it was when it was read. */
interface ReadFile {
  readonly identity: string;
  readonly text: string;
  readonly changedAt: bigint;
}

/**
 * A zone file that somebody edits now and then. What is in it counts once it stays the same from one look to the next, so
 * that a file that is just being written is not taken for what was meant; a file with faults, or without a single
 * record, changes nothing.
 */
export class ZoneWatch {
  readonly #path: string;
  readonly #key: PublicKey;
  readonly #tell: (faults: readonly string[]) => void;
  #file: ReadFile | undefined;
  #seen: string | undefined;
  #filledWith = '';
  #zone: ZoneNow | undefined;
  #missing = false;
  #needsAddress = false;
  #warnings: readonly string[] = [];
  #problem: string | undefined;

  /** `tell` hears of the faults of each content once: `zone:3:9: …`, or `zone: …` where no place can be named. */
  constructor(path: string, key: PublicKey, tell: (faults: readonly string[]) => void) {
    this.#path = path;
    this.#key = key;
    this.#tell = tell;
  }

  /** The last good zone. */
  get zone(): ZoneNow | undefined {
    return this.#zone;
  }

  /** What is wrong with the file as it is now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** An address that stands in the zone is not known. */
  get isMissingAddress(): boolean {
    return this.#missing;
  }

  /** An address stands in the zone. */
  get needsAddress(): boolean {
    return this.#needsAddress;
  }

  /** What is legal in the last good zone and probably not meant; the next time nothing, until it is another. */
  takeWarnings(): readonly string[] {
    const warnings = this.#warnings;
    this.#warnings = [];
    return warnings;
  }

  /** Looks at the file. True when what is to be published is another than before. */
  look(placeholders: Placeholders): boolean {
    const identity = this.#identity();
    if (identity === undefined) return false;
    const isFirst = this.#file === undefined;
    const isSettled = isFirst || identity === this.#seen;
    this.#seen = identity;
    if (isSettled && identity !== this.#file?.identity) this.#read(identity);
    const values = JSON.stringify([...placeholders]);
    const isToFill = this.#file !== undefined && `${this.#file.identity} ${values}` !== this.#filledWith;
    if (!isToFill || this.#file === undefined) return false;
    this.#filledWith = `${this.#file.identity} ${values}`;
    return this.#parse(this.#file, placeholders);
  }

  /** What the system says of the file; undefined when it cannot be had. */
  #identity(): string | undefined {
    try {
      const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs}`;
    } catch (error) {
      this.#fault([`${this.#path}: ${reasonOf(error)}`]);
      this.#seen = undefined;
      // When it comes back it is looked at anew, even if it is what it was.
      this.#filledWith = '';
      return undefined;
    }
  }

  #read(identity: string): void {
    try {
      const { mtimeNs, size } = statSync(this.#path, { bigint: true });
      if (size > MAX_FILE_LENGTH) {
        this.#fault([`${this.#path}: it is over ${MAX_FILE_LENGTH} bytes long`]);
        return;
      }
      const text = readFileSync(this.#path, 'utf8');
      // Written to in this very moment: the next look sees.
      if (this.#identity() !== identity) return;
      this.#file = { identity, text, changedAt: mtimeNs / 1000n };
    } catch (error) {
      this.#fault([`${this.#path}: ${reasonOf(error)}`]);
    }
  }

  #parse({ text, changedAt }: ReadFile, placeholders: Placeholders): boolean {
    const at = ({ line, column, message }: ZoneFileNote) => `${this.#path}:${line}:${column}: ${message}`;
    try {
      const zone = parseZoneFile(text, { origin: this.#key.name, placeholders });
      const missing = zone.placeholders.some((name) => placeholders.get(name) === undefined);
      if (zone.records.length === 0 && !missing) {
        this.#fault([`${this.#path}: it holds no records`]);
        return false;
      }
      const message = encodePacketMessage(zone.records);
      const before = this.#zone;
      const fingerprint = createHash('sha256').update(text).digest('hex');
      this.#zone = { message, fingerprint, changedAt, isIncomplete: missing };
      this.#missing = missing;
      this.#needsAddress = zone.placeholders.length > 0;
      this.#warnings = zone.warnings.map(at);
      this.#problem = undefined;
      return (
        before === undefined ||
        before.fingerprint !== fingerprint ||
        before.isIncomplete !== missing ||
        Buffer.compare(before.message, message) !== 0
      );
    } catch (error) {
      if (error instanceof ZoneFileError) this.#fault(error.faults.map(at));
      else if (error instanceof PacketTooLargeError) this.#fault([`${this.#path}: ${error.message}`]);
      else if (error instanceof WireError) this.#fault([`${this.#path}: the records cannot be written`]);
      else throw error;
      return false;
    }
  }

  #fault(faults: readonly string[]): void {
    const problem = faults.join('\n');
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#tell(faults);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return code === 'ENOENT' ? 'there is no such file' : message;
}
