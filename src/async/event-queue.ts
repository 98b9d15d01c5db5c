/**
 * Carries values from callbacks to one `for await` loop, in order. The producer limits their number; the queue
 * does not.
 */
export class EventQueue<T> {
  readonly #values: T[] = [];
  #end: { readonly error: unknown; readonly failed: boolean } | undefined;
  #wake: (() => void) | undefined;

  /** Adds a value. Ignored after the end. */
  push(value: T): void {
    if (this.#end !== undefined) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** Ends the loop after the values that are still queued. */
  end(): void {
    this.#end ??= { error: undefined, failed: false };
    this.#wake?.();
  }

  /** Makes the loop throw `error` after the values that are still queued. */
  fail(error: unknown): void {
    this.#end ??= { error, failed: true };
    this.#wake?.();
  }

  /** The values as they come. May be iterated once. */
  async *values(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      for (let value = this.#values.shift(); value !== undefined; value = this.#values.shift()) yield value;
      if (this.#end?.failed) throw this.#end.error;
      if (this.#end !== undefined) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
