import type { PacketTooLargeError } from '../pkarr/packet-message.ts';
import type { ZoneFile } from '../pkarr/zone/file/zone-file.ts';

/** A zone file cannot be published. The message has one fault a line: `zone:3:9: …`, or `zone: …` for the whole file. */
export class ZoneProblem extends Error {
  override readonly name: string = 'ZoneProblem';
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: { readonly cause?: unknown }) {
    super(faults.join('\n'), options);
    this.faults = faults;
  }
}

/** A zone file without any record. */
export class EmptyZoneProblem extends ZoneProblem {
  override readonly name = 'EmptyZoneProblem';
}

/** A zone without any other fault has more octets than a packet. */
export class LargeZoneProblem extends ZoneProblem {
  override readonly name = 'LargeZoneProblem';
  readonly zone: ZoneFile;
  /** Octets of its DNS message, and how many of them are too many. */
  readonly size: number;
  readonly excess: number;

  constructor(path: string, zone: ZoneFile, error: PacketTooLargeError) {
    super([`${path}: ${error.message}`], { cause: error });
    this.zone = zone;
    this.size = error.size;
    this.excess = error.excess;
  }
}
