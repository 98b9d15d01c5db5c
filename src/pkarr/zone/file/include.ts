import { EntryError, type Token } from '../../../dns/presentation/token.ts';
import { parseOctets } from '../../../dns/presentation/values.ts';
import { splitEntries } from './lexer.ts';

/** A file that `$INCLUDE` names, or a clause about why it cannot be read: `there is no such file`. */
export type IncludedFile = { readonly path: string; readonly text: string } | { readonly problem: string };

/** Finds the file that `$INCLUDE` names in the file at `from`; undefined is the zone file itself. */
export type Include = (name: string, from: string | undefined) => IncludedFile;

/** Whether an entry that begins with this word is an `$INCLUDE`. */
export function isInclude({ raw, quoted }: Token): boolean {
  return !quoted && raw.toUpperCase() === '$INCLUDE';
}

/** The file name that a word stands for. @throws EntryError */
export function fileName(token: Token): string {
  const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(parseOctets(token));
  // No system call takes a path with a null character.
  if (name !== '' && !name.includes('\0')) return name;
  throw new EntryError(token, 'The file name after $INCLUDE is not valid.');
}

/** The file names after `$INCLUDE` in a zone file, each once. What is wrong with the file is for its parser to say. */
export function includedNames(text: string): readonly string[] {
  const names = new Set<string>();
  for (const { tokens, indented } of splitEntries(text).entries) {
    const [first, name] = tokens;
    if (indented || name === undefined || !isInclude(first)) continue;
    try {
      names.add(fileName(name));
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
    }
  }
  return [...names];
}
