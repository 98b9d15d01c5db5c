import type { Terminal } from './command.ts';

/** Tells what is going on while a command waits: one line that is written over, or lines where nobody watches. */
export class Progress {
  readonly #terminal: Terminal;
  #shown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Something that the next line may replace. */
  now(text: string): void {
    if (!this.#terminal.errIsTerminal) return;
    this.clear();
    this.#terminal.err(text);
    this.#shown = true;
  }

  /** Something worth a line of its own. */
  line(text: string): void {
    this.clear();
    this.#terminal.err(`${text}\n`);
  }

  /** Takes back what `now` showed. */
  clear(): void {
    // ECMA-48: back to the first column, and erase the line.
    if (this.#shown) this.#terminal.err('\r\u001b[2K');
    this.#shown = false;
  }
}
