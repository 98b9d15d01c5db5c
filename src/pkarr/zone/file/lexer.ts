import { EntryError, type Place, type Token } from '../../../dns/presentation/token.ts';
import { messageAt, type ZoneFileMessage } from './error.ts';

/** The words of one entry: a line, or several within parentheses. */
export interface Entry {
  /** At least one. */
  readonly tokens: readonly [Token, ...Token[]];
  /** RFC 1035 §5.1: "If an entry for an RR begins with a blank, then the RR is assumed to be owned by the last stated owner." */
  readonly indented: boolean;
}

/**
 * Splits a zone file into entries (RFC 1035 §5.1): words separated by white space, `"…"` for words with white space,
 * `;` to the end of the line for comments, and parentheses "to group data that crosses a line boundary". Directly after
 * `=`, a quotation mark belongs to the word (RFC 9460 §2.1, `alpn="h2,h3"`). In linear time. `path` is that of an included
 * file.
 *
 * An entry with an error is left out, and the error is listed.
 */
export function splitEntries(
  text: string,
  path?: string,
): { readonly entries: readonly Entry[]; readonly errors: readonly ZoneFileMessage[] } {
  const lexer = new Lexer(text, path);
  const entries: Entry[] = [];
  const errors: ZoneFileMessage[] = [];
  while (!lexer.atEnd) {
    try {
      const entry = lexer.nextEntry();
      if (entry !== undefined) entries.push(entry);
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      errors.push(messageAt(error.place, error.message));
      lexer.skipLine();
    }
  }
  return { entries, errors };
}

class Lexer {
  readonly #text: string;
  readonly #path: string | undefined;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, path: string | undefined) {
    // Some editors put a byte order mark in front.
    this.#text = text.replace(/^\uFEFF/, '');
    this.#path = path;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The words up to the next end of line outside of parentheses; undefined if there are none. */
  nextEntry(): Entry | undefined {
    const indented = /[ \t]/.test(this.#peek());
    const tokens: Token[] = [];
    let open: Place | undefined;
    for (;;) {
      const here = this.#position();
      if (this.atEnd) {
        if (open !== undefined) throw new EntryError(open, 'This parenthesis is never closed.');
        break;
      }
      const char = this.#peek();
      if (char === '\n') {
        this.#newLine();
        if (open === undefined) break;
      } else if (char === ';') {
        this.#skipTo('\n');
      } else if (char === '(') {
        if (open !== undefined) throw new EntryError(here, 'Parentheses cannot be nested.');
        open = here;
        this.#at++;
      } else if (char === ')') {
        if (open === undefined) throw new EntryError(here, 'This parenthesis was never opened.');
        open = undefined;
        this.#at++;
      } else if (/[ \t\r]/.test(char)) {
        this.#at++;
      } else {
        tokens.push(this.#token());
      }
    }
    const [first, ...others] = tokens;
    return first === undefined ? undefined : { tokens: [first, ...others], indented };
  }

  /** Skips to the next line. */
  skipLine(): void {
    this.#skipTo('\n');
    if (!this.atEnd) this.#newLine();
  }

  #token(): Token {
    const start = this.#position();
    if (this.#peek() === '"') return { raw: this.#quoted(), quoted: true, ...start };
    const pieces: string[] = [];
    while (!this.atEnd && !/[ \t\r\n();]/.test(this.#peek())) {
      if (this.#peek() === '"') {
        if (pieces.at(-1) !== '=') break;
        pieces.push(this.#quoted());
      } else {
        pieces.push(this.#character());
      }
    }
    return { raw: pieces.join(''), quoted: false, ...start };
  }

  /** The text up to the closing quotation mark, which must be on the same line. */
  #quoted(): string {
    const start = this.#position();
    this.#at++;
    const pieces: string[] = [];
    while (this.#peek() !== '"') {
      if (this.atEnd || this.#peek() === '\n') {
        throw new EntryError(start, 'This quotation mark is never closed on its line.');
      }
      pieces.push(this.#character());
    }
    this.#at++;
    return pieces.join('');
  }

  /** One character, or a backslash and the character after it. */
  #character(): string {
    const length = this.#peek() === '\\' && /[^\n]/.test(this.#text.charAt(this.#at + 1)) ? 2 : 1;
    const piece = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    return piece;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #position(): Place {
    return { line: this.#line, column: this.#at - this.#lineStart + 1, path: this.#path };
  }

  #skipTo(char: string): void {
    const found = this.#text.indexOf(char, this.#at);
    this.#at = found < 0 ? this.#text.length : found;
  }

  #newLine(): void {
    this.#at++;
    this.#line++;
    this.#lineStart = this.#at;
  }
}
