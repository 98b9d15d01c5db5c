import type { GatewayLimits } from '../limits.ts';

/** Counts what is in flight, for each key and in all. */
export class Slots {
  readonly #limits: GatewayLimits;
  readonly #ofKey = new Map<string, number>();
  #inAll = 0;

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  /** Takes a place. @returns a function that gives it back, once; undefined when there is none. */
  take(key: string): (() => void) | undefined {
    const count = this.#ofKey.get(key) ?? 0;
    if (count >= this.#limits.perKey || this.#inAll >= this.#limits.inAll) return undefined;
    this.#ofKey.set(key, count + 1);
    this.#inAll += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#inAll -= 1;
      const left = (this.#ofKey.get(key) ?? 1) - 1;
      if (left === 0) this.#ofKey.delete(key);
      else this.#ofKey.set(key, left);
    };
  }
}
