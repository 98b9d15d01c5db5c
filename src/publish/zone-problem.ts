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
