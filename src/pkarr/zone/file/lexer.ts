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

/** What is between words: what separates them, comments, and characters that say more than that. */
const BETWEEN = /[ \t\r]+|;[^\n]*|[\n()]/y;

/** A part of a word, and of one in quotation marks. A backslash takes the next character with it. */
const PART = /[^ \t\r\n();"=\\]+|\\[^\n]|[=\\]/y;
const QUOTED_PART = /[^"\\\n]+|\\[^\n]/y;
const QUOTATION_MARK = /"/y;

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
    const indented = /[ \t]/.test(this.#text.charAt(this.#at));
    const tokens: Token[] = [];
    let open: Place | undefined;
    while (!this.atEnd) {
      const place = this.#position();
      const between = this.#take(BETWEEN);
      if (between === undefined) tokens.push(this.#token(place));
      else if (between === '(') {
        if (open !== undefined) throw new EntryError(place, 'Parentheses cannot be nested.');
        open = place;
      } else if (between === ')') {
        if (open === undefined) throw new EntryError(place, 'This parenthesis was never opened.');
        open = undefined;
      } else if (between === '\n') {
        this.#beginLine();
        if (open === undefined) break;
      }
    }
    if (open !== undefined) throw new EntryError(open, 'This parenthesis is never closed.');
    const [first, ...others] = tokens;
    return first === undefined ? undefined : { tokens: [first, ...others], indented };
  }

  /** Skips to the next line. */
  skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
    this.#beginLine();
  }

  #token(place: Place): Token {
    if (this.#take(QUOTATION_MARK) !== undefined) return { raw: this.#quoted(place), quoted: true, ...place };
    let raw = '';
    for (let part = this.#take(PART); part !== undefined; part = this.#take(PART)) {
      raw += part;
      const inside = this.#position();
      if (part === '=' && this.#take(QUOTATION_MARK) !== undefined) raw += this.#quoted(inside);
    }
    return { raw, quoted: false, ...place };
  }

  /** The text up to the closing quotation mark, which must be on the same line. */
  #quoted(place: Place): string {
    let raw = '';
    for (let part = this.#take(QUOTED_PART); part !== undefined; part = this.#take(QUOTED_PART)) raw += part;
    if (this.#take(QUOTATION_MARK) !== undefined) return raw;
    throw new EntryError(place, 'This quotation mark is never closed on its line.');
  }

  /** What matches the pattern here, if anything does. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const piece = pattern.exec(this.#text)?.[0];
    this.#at += piece?.length ?? 0;
    return piece;
  }

  #beginLine(): void {
    this.#line++;
    this.#lineStart = this.#at;
  }

  #position(): Place {
    return { line: this.#line, column: this.#at - this.#lineStart + 1, path: this.#path };
  }
}
