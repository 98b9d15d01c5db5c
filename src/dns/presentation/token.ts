/** A place in a zone file or in one that it includes. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** The path of an included file; undefined in the zone file itself. */
  readonly path: string | undefined;
}

/** A word of a zone file. */
export interface Token extends Place {
  /** The word as written, with its escapes but without quotation marks. */
  readonly raw: string;
  /** Whether it is in quotation marks. */
  readonly quoted: boolean;
}

/** What is wrong in one entry of a zone file, in one sentence, and where. */
export class EntryError extends Error {
  override readonly name = 'EntryError';
  readonly place: Place;

  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}

/** The error for a word, of which a clause says what is wrong: `is not a record type.` */
export function unexpected(token: Token, clause: string): EntryError {
  return new EntryError(token, `${shown(token)} ${clause}`);
}

/** The word for a message: quoted, and cut if it is long. */
export function shown({ raw }: Token): string {
  return `"${raw.length > 60 ? `${raw.slice(0, 60)}…` : raw}"`;
}
