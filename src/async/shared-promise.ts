interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * One promise that many wait for, each with a signal of their own. A promise holds whatever is attached to it until it
 * settles, so with `orAborted` everybody who gives up on one that stays pending would leave something behind; here they leave
 * nothing.
 */
export class SharedPromise<T> {
  readonly #waiting = new Set<Waiting<T>>();
  #result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: unknown }
    | undefined;

  constructor(promise: Promise<T>) {
    promise.then(
      (value) => {
        this.#result = { ok: true, value };
        for (const { resolve } of this.#waiting) resolve(value);
        this.#waiting.clear();
      },
      // A rejection that nobody waits for is nobody's concern; whoever asks later gets it.
      (error: unknown) => {
        this.#result = { ok: false, error };
        for (const { reject } of this.#waiting) reject(error);
        this.#waiting.clear();
      },
    );
  }

  /** What the promise gives, unless `signal` aborts before: then its reason is thrown. */
  async wait(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#result?.ok === true) return this.#result.value;
    if (this.#result?.ok === false) throw this.#result.error;
    let waiting: Waiting<T> | undefined;
    let abort = () => {};
    try {
      return await new Promise<T>((resolve, reject) => {
        waiting = { resolve, reject };
        this.#waiting.add(waiting);
        abort = () => reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
      });
    } finally {
      if (waiting !== undefined) this.#waiting.delete(waiting);
      signal.removeEventListener('abort', abort);
    }
  }
}
