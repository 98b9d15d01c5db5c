import { ZoneFileFault, type ZoneFileNote } from './error.ts';

/** A word of a zone file. */
export interface Token {
  /** What was written, escapes as they stand, quotation marks left out. */
  readonly raw: string;
  /** True when it began with a quotation mark. */
  readonly quoted: boolean;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** The words of one entry: a line, or several within parentheses. */
export interface Entry {
  /** At least one. */
  readonly tokens: readonly [Token, ...Token[]];
  /** RFC 1035 §5.1: "If an entry for an RR begins with a blank, then the RR is assumed to be owned by the last stated owner." */
  readonly indented: boolean;
}

/**
 * Splits a zone file into entries (RFC 1035 §5.1): words between white space, `"…"` for words with white space,
 * `;` to the end of the line for comments, and parentheses "to group data that crosses a line boundary". Directly
 * behind `=` a quotation mark belongs to the word (RFC 9460 §2.1, `alpn="h2,h3"`). In linear time.
 *
 * An entry with a fault is left out, and the fault is listed.
 */
export function splitEntries(text: string): { entries: Entry[]; faults: ZoneFileNote[] } {
  const lexer = new Lexer(text);
  const entries: Entry[] = [];
  const faults: ZoneFileNote[] = [];
  while (!lexer.atEnd) {
    try {
      const entry = lexer.nextEntry();
      if (entry !== undefined) entries.push(entry);
    } catch (error) {
      if (!(error instanceof ZoneFileFault)) throw error;
      faults.push(error.note);
      lexer.skipLine();
    }
  }
  return { entries, faults };
}

class Lexer {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The words up to the next end of line outside of parentheses; undefined when there are none. */
  nextEntry(): Entry | undefined {
    const indented = /[ \t]/.test(this.#peek());
    const tokens: Token[] = [];
    let open: { line: number; column: number } | undefined;
    for (;;) {
      const here = this.#position();
      if (this.atEnd) {
        if (open !== undefined) throw new ZoneFileFault(open, 'This parenthesis is never closed.');
        break;
      }
      const char = this.#peek();
      if (char === '\n') {
        this.#newLine();
        if (open === undefined) break;
      } else if (char === ';') {
        this.#skipTo('\n');
      } else if (char === '(') {
        if (open !== undefined)
          throw new ZoneFileFault(here, 'A parenthesis is open already; they do not nest.');
        open = here;
        this.#at++;
      } else if (char === ')') {
        if (open === undefined) throw new ZoneFileFault(here, 'There is no open parenthesis to close.');
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

  /** Goes behind the next end of line. */
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

  /** What stands between this quotation mark and the next, which must be on the same line. */
  #quoted(): string {
    const start = this.#position();
    this.#at++;
    const pieces: string[] = [];
    while (this.#peek() !== '"') {
      if (this.atEnd || this.#peek() === '\n') {
        throw new ZoneFileFault(start, 'This quotation mark has no partner on its line.');
      }
      pieces.push(this.#character());
    }
    this.#at++;
    return pieces.join('');
  }

  /** One character, with the backslash before it if it has one. */
  #character(): string {
    const length = this.#peek() === '\\' && /[^\n]/.test(this.#text.charAt(this.#at + 1)) ? 2 : 1;
    const piece = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    return piece;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #position(): { line: number; column: number } {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
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
