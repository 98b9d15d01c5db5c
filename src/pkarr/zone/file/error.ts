import type { Place } from '../../../dns/presentation/token.ts';

/** An error or a warning and its place. */
export interface ZoneFileMessage extends Place {
  /** One sentence. */
  readonly message: string;
}

/** Maximum number of errors that are listed. */
const MAX_ERRORS = 100;

/** A zone file is not valid. Has all its errors in the order of the file, up to 100. */
export class ZoneFileError extends Error {
  override readonly name = 'ZoneFileError';
  /** At least one. */
  readonly errors: readonly ZoneFileMessage[];

  constructor(errors: readonly ZoneFileMessage[]) {
    const listed = errors.slice(0, MAX_ERRORS);
    const more = errors.length > listed.length ? [`and ${errors.length - listed.length} more`] : [];
    super([...listed.map(messageToText), ...more].join('\n'));
    this.errors = listed;
  }
}

/** A message as a line: `line 3, column 9: …`, with the path in front if it is in an included file. */
export function messageToText({ path, line, column, message }: ZoneFileMessage): string {
  const where = `line ${line}, column ${column}`;
  return path === undefined ? `${where}: ${message}` : `${path}, ${where}: ${message}`;
}

/** A message about a place. */
export function messageAt({ line, column, path }: Place, message: string): ZoneFileMessage {
  return { line, column, path, message };
}

/** The order of the zone file; included files come after it. */
export function byPlace(a: ZoneFileMessage, b: ZoneFileMessage): number {
  const [first = '', second = ''] = [a.path, b.path];
  if (first !== second) return first < second ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
