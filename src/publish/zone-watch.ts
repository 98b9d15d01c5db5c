import type { Name } from '../dns/name.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { readZoneText, type ZoneText, zoneIdentity } from './read-zone.ts';
import { type LoadedZone, loadZone } from './zone-file.ts';
import { ZoneProblem } from './zone-problem.ts';

/**
 * A zone file that people edit now and then. A new content counts once two looks in a row find the same file, so that one
 * that is being written is not published half; a file with faults, or without any record, changes nothing.
 */
export class ZoneWatch {
  readonly #path: string;
  readonly #key: PublicKey;
  readonly #movedFrom: Name | undefined;
  readonly #tell: (faults: readonly string[]) => void;
  #file: ZoneText | undefined;
  #seen: string | undefined;
  /** What the last zone was parsed from: the file and the values of its placeholders. */
  #parsedFrom = '';
  #zone: LoadedZone | undefined;
  #warnings: readonly string[] = [];
  #problem: string | undefined;

  /** `tell` hears of the faults of each content once: `zone:3:9: …`, or `zone: …` for the whole file. */
  constructor(
    {
      path,
      key,
      movedFrom,
    }: { readonly path: string; readonly key: PublicKey; readonly movedFrom: Name | undefined },
    tell: (faults: readonly string[]) => void,
  ) {
    this.#path = path;
    this.#key = key;
    this.#movedFrom = movedFrom;
    this.#tell = tell;
  }

  /** The last good zone. */
  get zone(): LoadedZone | undefined {
    return this.#zone;
  }

  /** What is wrong with the file as it is now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** What is legal in the last good zone and probably not meant. Told once for each content. */
  takeWarnings(): readonly string[] {
    const warnings = this.#warnings;
    this.#warnings = [];
    return warnings;
  }

  /** Looks at the file. True when what is to be published changed. Rejects only because of a bug. */
  async look(placeholders: Placeholders): Promise<boolean> {
    try {
      await this.#read();
      if (this.#file === undefined) return false;
      const source = `${this.#file.identity} ${JSON.stringify([...placeholders])}`;
      if (source === this.#parsedFrom) return false;
      this.#parsedFrom = source;
      return this.#parse(this.#file, placeholders);
    } catch (error) {
      if (!(error instanceof ZoneProblem)) throw error;
      this.#fault(error);
      return false;
    }
  }

  async #read(): Promise<void> {
    try {
      await this.#readIfSettled();
    } catch (error) {
      if (!(error instanceof ZoneProblem)) throw error;
      this.#seen = undefined;
      // When it comes back it is parsed again, even if it did not change: the problem is over.
      this.#parsedFrom = '';
      throw error;
    }
  }

  async #readIfSettled(): Promise<void> {
    const identity = await zoneIdentity(this.#path, this.#file?.included ?? []);
    const isSettled = this.#file === undefined || identity === this.#seen;
    this.#seen = identity;
    if (!isSettled || identity === this.#file?.identity) return;
    const file = await readZoneText(this.#path);
    // Changed in this very moment, or another set of files is included now: the next look sees whether it stays.
    this.#seen = await zoneIdentity(this.#path, file.included);
    if (file.identity === this.#seen) this.#file = file;
  }

  #parse(file: ZoneText, placeholders: Placeholders): boolean {
    const before = this.#zone;
    const zone = loadZone(file, this.#key, placeholders, { movedFrom: this.#movedFrom });
    this.#zone = zone;
    this.#warnings = zone.warnings;
    this.#problem = undefined;
    return (
      before === undefined ||
      before.fingerprint !== zone.fingerprint ||
      before.isIncomplete !== zone.isIncomplete ||
      Buffer.compare(before.message, zone.message) !== 0
    );
  }

  #fault({ faults, message }: ZoneProblem): void {
    if (message === this.#problem) return;
    this.#problem = message;
    this.#tell(faults);
  }
}
