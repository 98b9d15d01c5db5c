import type { ZoneFileNote } from './error.ts';
import type { Token } from './lexer.ts';

/** What may stand as `{name}` in the data of records, by name, with its value; undefined when that is not known now. */
export type Placeholders = ReadonlyMap<string, string | undefined>;

/** Puts values in the place of `{name}` in the words of records, and notes which are used and which are missing. */
export class PlaceholderFiller {
  readonly used = new Set<string>();
  readonly warnings: ZoneFileNote[] = [];
  readonly #values: Placeholders;

  constructor(values: Placeholders) {
    this.#values = values;
  }

  /**
   * The words with values put in; undefined when one has no value, which is noted as a warning. Braces around anything
   * else than a known name are text, and so are braces behind a backslash.
   */
  fill(tokens: readonly Token[]): readonly Token[] | undefined {
    let missing: { readonly token: Token; readonly name: string } | undefined;
    const filled = tokens.map((token) => {
      // An escape is one piece, so that the brace behind a backslash is passed over.
      const raw = token.raw.replace(
        /\\.|\{([a-z0-9_]{1,32})\}/gs,
        (piece: string, name: string | undefined) => {
          if (name === undefined || !this.#values.has(name)) return piece;
          this.used.add(name);
          const value = this.#values.get(name);
          if (value === undefined) missing ??= { token, name };
          return value ?? piece;
        },
      );
      return { ...token, raw };
    });
    if (missing === undefined) return filled;
    const { token, name } = missing;
    const message = `{${name}} is not known now, so the record is left out.`;
    this.warnings.push({ line: token.line, column: token.column, message });
    return undefined;
  }
}
