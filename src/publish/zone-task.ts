import type { Name } from '../dns/name.ts';
import type { Log } from '../observe/log.ts';
import type { KeyPair } from '../pkarr/key-pair.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { KeyFileError, readKeyFile } from './key-file.ts';
import { publishZone } from './publish.ts';
import type { NetworkParts } from './publisher-parts.ts';
import { querySources } from './query-sources.ts';
import { type Task, TaskError, type TaskNews, type TaskResult } from './task.ts';
import { ZoneWatch } from './zone-watch.ts';

/** Milliseconds after the start for which a zone waits for an address: several nodes have to agree on it. */
const ADDRESS_PATIENCE = 60_000;
/** Faults of one file that are logged. */
const MAX_TOLD = 5;

/** The files of a zone. */
export interface ZoneEntry {
  /** Paths of the zone file and of its key file. */
  readonly zone: string;
  readonly key: string;
  /** See `readKeyFile`. */
  readonly credential?: string;
  /** The domain that the zone file was written for; see `MovedDomain`. */
  readonly movedFrom?: Name;
  readonly name: string;
}

/** A zone file that is signed with a key and kept in the network. */
export class ZoneTask implements Task {
  readonly kind = 'publish';
  readonly name: string;
  readonly #files: ZoneEntry;
  readonly #parts: NetworkParts;
  readonly #log: Log;
  readonly #startedAt: number;
  #keyPair: KeyPair | undefined;
  #keyProblem: string | undefined;
  #watch: ZoneWatch | undefined;
  #isAdopted = false;

  constructor(entry: ZoneEntry, parts: NetworkParts) {
    this.name = entry.name;
    this.#files = entry;
    this.#parts = parts;
    this.#log = parts.log;
    this.#startedAt = parts.now();
  }

  get key(): PublicKey | undefined {
    return this.#keyPair?.publicKey;
  }

  get problem(): string | undefined {
    return this.#watch === undefined ? this.#keyProblem : this.#watch.problem;
  }

  get needsAddress(): boolean {
    return (this.#watch?.zone?.placeholders.length ?? 0) > 0;
  }

  async look(placeholders: Placeholders): Promise<TaskNews> {
    this.#watch ??= await this.#open();
    const isChanged = (await this.#watch?.look(placeholders)) ?? false;
    const isEarly = this.#parts.now() - this.#startedAt < ADDRESS_PATIENCE;
    if (this.#watch?.zone?.isIncomplete === true && isEarly) return 'wait';
    return isChanged ? 'changed' : 'same';
  }

  async warmUp(signal: AbortSignal): Promise<void> {
    if (this.key !== undefined) await querySources(this.key, this.#parts.sources, { signal });
  }

  async run(signal: AbortSignal): Promise<TaskResult> {
    const { memory, nowWall } = this.#parts;
    const keyPair = this.#keyPair;
    const zone = this.#watch?.zone;
    if (keyPair === undefined) throw new TaskError(this.#keyProblem ?? 'The key file was not read yet.');
    if (zone === undefined) throw new TaskError(this.#watch?.problem ?? 'The zone file was not read yet.');
    for (const warning of this.#watch?.takeWarnings().slice(0, MAX_TOLD) ?? []) {
      this.#log.warn('A zone file says something that is probably not meant.', { name: this.name, warning });
    }
    const now = BigInt(Math.floor(nowWall())) * 1000n;
    const network = this.#parts;
    const published = await publishZone({ keyPair, zone, network, memory, mode: 'keep', now, signal });
    if (published.isAdopted && !this.#isAdopted) {
      this.#log.info('A packet was published elsewhere; it is kept until the zone file changes.', {
        name: this.name,
        file: this.#files.zone,
      });
    }
    this.#isAdopted = published.isAdopted;
    return published;
  }

  /** Reads the key, without which the zone has no name. Tried again at each look: somebody may be repairing the file. */
  async #open(): Promise<ZoneWatch | undefined> {
    try {
      this.#keyPair = await readKeyFile(this.#files.key, this.#files.credential);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      if (error.message !== this.#keyProblem) {
        this.#log.warn('A zone is not published: its key file cannot be read.', {
          name: this.name,
          reason: error.message,
        });
      }
      this.#keyProblem = error.message;
      return undefined;
    }
    const { zone: path, movedFrom } = this.#files;
    const { publicKey: key } = this.#keyPair;
    return new ZoneWatch({ path, key, movedFrom }, (faults) => this.#tellFaults(faults));
  }

  #tellFaults(faults: readonly string[]): void {
    const consequence =
      this.#watch?.zone === undefined ? 'it is not published' : 'the last good version stays published';
    for (const fault of faults.slice(0, MAX_TOLD)) {
      this.#log.warn(`A zone file cannot be used; ${consequence}.`, { name: this.name, fault });
    }
  }
}
