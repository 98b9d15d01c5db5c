import { LookupError } from '../../gateway/lookups.ts';
import type { Figures } from '../../page/figures/figures.ts';
import { History } from '../../page/figures/history.ts';
import type { NowEvent, NowView } from '../../page/figures/now-view.ts';

/** Milliseconds between two events. */
const EVERY = 1_000;

/** Is told what happens; `end` when nothing more can be told. */
export interface FiguresListener {
  event(event: NowEvent): void;
  end(): void;
}

/**
 * The figures of the program, asked for once a second while anybody looks, however many do. What was seen in the last minutes
 * is kept, so that who opens the page sees it at once.
 */
export class LiveFigures {
  readonly #ask: (signal: AbortSignal) => Promise<Figures>;
  readonly #onBug: (error: unknown) => void;
  readonly #history = new History();
  readonly #listeners = new Set<FiguresListener>();
  #timer: NodeJS.Timeout | undefined;
  /** When the newest figures came, on the clock of `performance`. */
  #askedAt = Number.NEGATIVE_INFINITY;

  /** @param onBug told of an error for which nobody waits. */
  constructor(ask: (signal: AbortSignal) => Promise<Figures>, onBug: (error: unknown) => void) {
    this.#ask = ask;
    this.#onBug = onBug;
  }

  /** The figures as they are now, within a second. Throws what asking throws. */
  async view(signal: AbortSignal): Promise<NowView> {
    const known = this.#history.view();
    if (known !== undefined && performance.now() - this.#askedAt < EVERY) return known;
    const event = await this.#refresh(signal);
    return this.#history.view() ?? { ...event, points: [] };
  }

  /** Tells `listener` once a second. @returns a function that ends it. */
  follow(listener: FiguresListener): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#tell().catch(this.#onBug), EVERY);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** How many follow. */
  get followers(): number {
    return this.#listeners.size;
  }

  async #tell(): Promise<void> {
    try {
      const event = await this.#refresh(AbortSignal.timeout(5 * EVERY));
      for (const listener of this.#listeners) listener.event(event);
    } catch (error) {
      for (const listener of this.#listeners) listener.end();
      // The main thread has told of its own errors, and to have too much to do is none: pages ask again.
      if (!(error instanceof LookupError)) throw error;
    }
  }

  async #refresh(signal: AbortSignal): Promise<NowEvent> {
    const figures = await this.#ask(signal);
    this.#askedAt = performance.now();
    return this.#history.add(figures);
  }
}
