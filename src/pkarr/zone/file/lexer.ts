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

/**
 * One piece of a zone file, none longer than its line: what separates words; what does more than that; a word in quotation marks;
 * another word. A backslash takes the next character with it, wherever it stands.
 */
const PIECE =
  /[ \t\r]+|;[^\n]*|([\n()])|"((?:\\[^\n]|[^"\\\n])*)"|((?:="(?:\\[^\n]|[^"\\\n])*"|\\[^\n]|[^ \t\r\n();"])+)/y;

/** In a word, a value in quotation marks. */
const QUOTED_VALUE = /\\[^\n]|="((?:\\[^\n]|[^"\\\n])*)"/g;

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
      PIECE.lastIndex = this.#at;
      const [piece, mark, quoted, word] = PIECE.exec(this.#text) ?? [];
      if (piece === undefined) throw unclosedQuote(place);
      if (mark === '(') {
        if (open !== undefined) throw new EntryError(place, 'Parentheses cannot be nested.');
        open = place;
      } else if (mark === ')') {
        if (open === undefined) throw new EntryError(place, 'This parenthesis was never opened.');
        open = undefined;
      }
      this.#at += piece.length;
      if (mark === '\n') {
        this.#line++;
        this.#lineStart = this.#at;
        if (open === undefined) break;
      }
      if (quoted !== undefined) tokens.push({ raw: quoted, quoted: true, ...place });
      if (word === undefined) continue;
      // Directly after `=` a quotation mark belongs to the word, so this one is not closed.
      if (/(?:^|[^\\])(?:\\\\)*=$/.test(word) && this.#text.charAt(this.#at) === '"')
        throw unclosedQuote(this.#position());
      const raw = word.replace(QUOTED_VALUE, (all, value?: string) =>
        value === undefined ? all : `=${value}`,
      );
      tokens.push({ raw, quoted: false, ...place });
    }
    if (open !== undefined) throw new EntryError(open, 'This parenthesis is never closed.');
    const [first, ...others] = tokens;
    return first === undefined ? undefined : { tokens: [first, ...others], indented };
  }

  /** Skips to the next line. */
  skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
    this.#line++;
    this.#lineStart = this.#at;
  }

  #position(): Place {
    return { line: this.#line, column: this.#at - this.#lineStart + 1, path: this.#path };
  }
}

function unclosedQuote(place: Place): EntryError {
  return new EntryError(place, 'This quotation mark is never closed on its line.');
}
