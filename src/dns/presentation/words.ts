import { EntryError, type Token, unexpected } from './token.ts';

/** Where words of RDATA come from, and what they are for. */
export interface WordsContext {
  /** The last word of the entry, where it is told that one is missing. */
  readonly end: Token;
  /** What is expected, a clause for messages: `A takes address`. */
  readonly takes: string;
  /** The wire form of the domain name that a word stands for. @throws EntryError */
  nameOf(token: Token): Uint8Array;
}

/** The words of RDATA, which are taken one after another. */
export class Words {
  readonly context: WordsContext;
  readonly #tokens: readonly Token[];
  #taken = 0;

  constructor(tokens: readonly Token[], context: WordsContext) {
    this.context = context;
    this.#tokens = tokens;
  }

  /** How many are left. */
  get left(): number {
    return this.#tokens.length - this.#taken;
  }

  /** The next word. @throws EntryError that says that `label` is missing. */
  next(label: string): Token {
    const token = this.#tokens[this.#taken++];
    if (token !== undefined) return token;
    const { end, takes } = this.context;
    throw new EntryError(end, `The ${label} is missing: ${takes}.`);
  }

  /** The wire form of the domain name that the next word stands for. @throws EntryError */
  name(label: string): Uint8Array {
    return this.context.nameOf(this.next(label));
  }

  /** All that are left, possibly none. */
  rest(): readonly Token[] {
    const rest = this.#tokens.slice(this.#taken);
    this.#taken = this.#tokens.length;
    return rest;
  }

  /** @throws EntryError if a word is left. */
  requireEnd(): void {
    if (this.left === 0) return;
    const token = this.next('');
    throw unexpected(token, `is not expected: ${this.context.takes}.`);
  }
}
