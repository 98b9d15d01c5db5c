/** Something about a place in a zone file: what is wrong there, in one sentence. */
export interface ZoneFileNote {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
}

/** Faults that are listed at most: who made so many will not read more. */
const MAX_FAULTS = 100;

/** Thrown for a zone file that has faults: all of them, in the order of the file, at most 100. */
export class ZoneFileError extends Error {
  override readonly name = 'ZoneFileError';
  /** At least one. */
  readonly faults: readonly ZoneFileNote[];

  constructor(faults: readonly ZoneFileNote[]) {
    const listed = faults.slice(0, MAX_FAULTS);
    const more = faults.length > listed.length ? [`and ${faults.length - listed.length} more`] : [];
    super([...listed.map(noteToText), ...more].join('\n'));
    this.faults = listed;
  }
}

/** A note as a line: `line 3, column 9: …`. */
export function noteToText({ line, column, message }: ZoneFileNote): string {
  return `line ${line}, column ${column}: ${message}`;
}

/** One fault on its way from where it is found to the list in a `ZoneFileError`. */
export class ZoneFileFault extends Error {
  override readonly name = 'ZoneFileFault';
  readonly note: ZoneFileNote;

  constructor(at: { readonly line: number; readonly column: number }, message: string) {
    super(message);
    this.note = { line: at.line, column: at.column, message };
  }
}
