import { printable } from './printable.ts';
import { beforeEnd, type StopSignal, stopSignals } from './stop-signal.ts';

/** One line that tells people what goes on, and is gone when there is a result. */
export interface LivingLine {
  /** Shows what `text` gives, again and again, in the place of what was shown. One line of text, in any length. */
  show(text: () => string): void;
  /** Ends it, and leaves nothing of it. */
  clear(): void;
}

/** Nothing, where nobody looks. */
export const noLivingLine: LivingLine = { show: () => {}, clear: () => {} };

/** What a terminal is to the line: standard error of this process. */
export interface LineScreen {
  write(text: string): void;
  /** The columns that it has now; undefined where that is not known. */
  width(): number | undefined;
  readonly isUtf8: boolean;
}

/** Milliseconds between two looks at the text, which is drawn when it has changed. What takes less time shows nothing. */
const INTERVAL = 100;
/** Columns where a terminal does not tell. */
const USUAL_WIDTH = 80;
/** The cursor stands at the beginning of the line. ECMA-48 §8.3.39, ED: from there to the end of the screen. */
const ERASE = '\r\u001b[J';

/**
 * The line of a terminal. The cursor waits at its beginning, and is never hidden: where a terminal that becomes narrower breaks
 * the line, all its parts are behind the cursor, and are erased. Signals erase it, and then do what they did without it.
 */
export class TerminalLine implements LivingLine {
  readonly #screen: LineScreen;
  #text: (() => string) | undefined;
  /** What is on the screen. */
  #drawn = '';
  /** Whether the last that others wrote has ended its line. */
  #isAtStart = true;
  #timer: NodeJS.Timeout | undefined;
  #takeBack = () => {};

  constructor(screen: LineScreen) {
    this.#screen = screen;
  }

  show(text: () => string): void {
    this.#text = text;
    if (this.#timer !== undefined) return;
    // It is no reason for the process to go on.
    this.#timer = setInterval(() => this.#draw(), INTERVAL).unref();
    for (const signal of stopSignals) process.on(signal, this.#onSignal);
    this.#takeBack = beforeEnd(() => this.clear());
  }

  clear(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#text = undefined;
    for (const signal of stopSignals) process.off(signal, this.#onSignal);
    this.#takeBack();
    this.#erase();
  }

  /** Before somebody else writes this text to the terminal. The line comes back below it. */
  makeRoom(text: string): void {
    if (text === '') return;
    this.#erase();
    this.#isAtStart = text.endsWith('\n');
  }

  #draw(): void {
    if (this.#text === undefined || !this.#isAtStart) return;
    const text = this.#cut(this.#text());
    if (text === this.#drawn) return;
    this.#screen.write(`${ERASE}${text}\r`);
    this.#drawn = text;
  }

  #erase(): void {
    if (this.#drawn !== '') this.#screen.write(ERASE);
    this.#drawn = '';
  }

  /** One line that fits. Its characters take a column each: it has numbers, addresses and words. */
  #cut(text: string): string {
    const { width, isUtf8 } = this.#screen;
    const plain = printable(text);
    const shown = [...(isUtf8 ? plain : plain.replaceAll('…', '...'))];
    // The last column stays free, since some terminals break the line there.
    return shown.slice(0, Math.max(1, (width() || USUAL_WIDTH) - 1)).join('');
  }

  readonly #onSignal = (signal: StopSignal) => {
    this.clear();
    // Nobody else has taken it, so it ends the process.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
}

/** `Starting pkarrd …, 1.2 s`, from now on. */
export function working(what: string): () => string {
  const since = stopwatch();
  return () => `${what} …, ${since()}`;
}

/** `Next lookup in 42 s …`, from now on. */
export function countdown(what: string, seconds: number): () => string {
  const at = performance.now() + seconds * 1000;
  return () => `${what} in ${Math.max(0, Math.ceil((at - performance.now()) / 1000))} s …`;
}

/** Gives the time since it was made: `0.9 s`. */
export function stopwatch(): () => string {
  const startedAt = performance.now();
  return () => secondsText(performance.now() - startedAt);
}

/** Milliseconds as seconds: `0.9 s`. */
export function secondsText(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
