import type { Terminal } from './command.ts';

/** Shows progress on standard error: a line that is overwritten on a terminal, and lines elsewhere. */
export class Progress {
  readonly #terminal: Terminal;
  #shown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows text that the next call replaces; nothing where standard error is not a terminal. */
  now(text: string): void {
    if (!this.#terminal.errIsTerminal) return;
    this.clear();
    this.#terminal.err(text);
    this.#shown = true;
  }

  /** Writes a line that stays. */
  line(text: string): void {
    this.clear();
    this.#terminal.err(`${text}\n`);
  }

  /** Erases what `now` showed. */
  clear(): void {
    // ECMA-48: carriage return, then EL (erase in line).
    if (this.#shown) this.#terminal.err('\r\u001b[2K');
    this.#shown = false;
  }
}
