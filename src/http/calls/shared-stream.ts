import { LookupError } from '../../gateway/lookups.ts';

/** Somebody who follows a stream. */
export interface Listener<Part> {
  part(part: Part): void;
  /** Nothing more comes: the stream could not go on. */
  end(): void;
}

/**
 * A stream that many follow and the main thread makes once: its call runs while anybody listens. Who comes later is given the
 * newest part at once.
 */
export class SharedStream<Part> {
  readonly #start: (signal: AbortSignal, push: (part: Part) => void) => Promise<unknown>;
  readonly #onBug: (error: unknown) => void;
  readonly #listeners = new Set<Listener<Part>>();
  #running: AbortController | undefined;
  #newest: { readonly part: Part } | undefined;

  /**
   * @param start begins the call: `(signal, push) => calls.ask('events', undefined, signal, push)`.
   * @param onBug told of an error that is no `LookupError`.
   */
  constructor(
    start: (signal: AbortSignal, push: (part: Part) => void) => Promise<unknown>,
    onBug: (error: unknown) => void,
  ) {
    this.#start = start;
    this.#onBug = onBug;
  }

  /** Follows the stream. @returns a function that ends it for this listener, and may be called again. */
  listen(listener: Listener<Part>): () => void {
    this.#listeners.add(listener);
    if (this.#running === undefined) this.#run();
    else if (this.#newest !== undefined) listener.part(this.#newest.part);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#running?.abort();
    };
  }

  #run(): void {
    const running = new AbortController();
    this.#running = running;
    running.signal.addEventListener('abort', () => this.#forget(running));
    const push = (part: Part) => {
      if (this.#running !== running) return;
      this.#newest = { part };
      for (const listener of this.#listeners) listener.part(part);
    };
    const end = () => {
      // Others may follow another run by now.
      if (this.#running !== running) return;
      this.#forget(running);
      const listeners = [...this.#listeners];
      this.#listeners.clear();
      for (const listener of listeners) listener.end();
    };
    this.#start(running.signal, push)
      .catch((error: unknown) => {
        if (!running.signal.aborted && !(error instanceof LookupError)) this.#onBug(error);
      })
      .then(end)
      .catch(this.#onBug);
  }

  #forget(running: AbortController): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#newest = undefined;
  }
}
