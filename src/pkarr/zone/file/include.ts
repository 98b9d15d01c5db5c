import type { Name } from '../../../dns/name.ts';
import { EntryError, type Place, shown, type Token, unexpected } from '../../../dns/presentation/token.ts';
import { parseOctets } from '../../../dns/presentation/values.ts';
import { splitEntries } from './lexer.ts';
import type { NameScope } from './names.ts';

/** Maximum depth of files that include each other; it also ends a loop. */
const MAX_INCLUDE_DEPTH = 8;

/** Maximum number of `$INCLUDE` entries. */
const MAX_INCLUDES = 100;

/** A file that `$INCLUDE` names, or a clause about why it cannot be read: `there is no such file`. */
export type IncludedFile = { readonly path: string; readonly text: string } | { readonly problem: string };

/** Finds the file that `$INCLUDE` names in the file at `from`; undefined is the zone file itself. */
export type FindFile = (name: string, from: string | undefined) => IncludedFile;

/** What reads the entries of zone files. */
export interface IncludingReader {
  readonly scope: NameScope;
  /** The owner of the last record. */
  owner: Name | undefined;
  /** Reads the entries of a file; `place` is where one that is too long is reported. */
  readFile(text: string, path: string | undefined, place: Place): void;
}

/** Reads `$INCLUDE` entries of one zone file and of those that it includes: the directive and its values. @throws EntryError */
export type IncludeDirective = (reader: IncludingReader, first: Token, values: readonly Token[]) => void;

/** Makes the directive for one reading of a zone file. */
export type Include = () => IncludeDirective;

/** `$INCLUDE` of files that `find` knows. It is no part of the compiler, for in browsers there are no files. */
export function includeFrom(find: FindFile): Include {
  return () => {
    let includes = 0;
    let depth = 0;
    // RFC 1035 §5.1: `$INCLUDE <file-name> [<domain-name>]`.
    return (reader, first, [name, origin, extra]) => {
      if (name === undefined) throw new EntryError(first, 'The file name after $INCLUDE is missing.');
      if (extra !== undefined) {
        throw unexpected(extra, `is not expected: $INCLUDE takes a file name and an origin.`);
      }
      if (++includes > MAX_INCLUDES)
        throw new EntryError(first, `More than ${MAX_INCLUDES} files are included.`);
      if (depth === MAX_INCLUDE_DEPTH)
        throw new EntryError(first, `Files include each other more than ${MAX_INCLUDE_DEPTH} levels deep.`);
      const found = find(fileName(name), first.path);
      if ('problem' in found) throw new EntryError(name, `Cannot include ${shown(name)}: ${found.problem}.`);
      // RFC 1035 §5.1: "a $INCLUDE entry never changes the relative origin of the parent file". BIND restores the owner too.
      const { scope, owner } = reader;
      const parentOrigin = scope.origin;
      if (origin !== undefined) scope.origin = scope.written(origin);
      depth++;
      reader.readFile(found.text, found.path, name);
      depth--;
      scope.origin = parentOrigin;
      reader.owner = owner;
    };
  };
}

/** The file name that a word stands for. @throws EntryError */
function fileName(token: Token): string {
  const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(parseOctets(token));
  // No system call takes a path with a null character.
  if (name !== '' && !name.includes('\0')) return name;
  throw new EntryError(token, 'The file name after $INCLUDE is not valid.');
}

/** The file names after `$INCLUDE` in a zone file, each once. What is wrong with the file is for its parser to say. */
export function includedNames(text: string): readonly string[] {
  const names = new Set<string>();
  for (const { tokens, indented } of splitEntries(text).entries) {
    const [{ raw, quoted }, name] = tokens;
    if (indented || name === undefined || quoted || raw.toUpperCase() !== '$INCLUDE') continue;
    try {
      names.add(fileName(name));
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
    }
  }
  return [...names];
}
