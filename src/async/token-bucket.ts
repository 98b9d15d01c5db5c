import { LazyLru } from './lazy-lru.ts';

/** A rate: `burst` at once after a pause, then `perSecond`. Both are positive. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket: full at first. Times are milliseconds of a monotonic clock. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** Whether there is a token at `now`, without taking it. */
  has(now: number): boolean {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(now - this.#at, 0) / 1000) * perSecond);
    this.#at = now;
    return this.#tokens >= 1;
  }

  /** Takes a token when there is one. */
  take(now: number): boolean {
    if (!this.has(now)) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes `count` tokens, at least 0, even if there are fewer: the bucket has none until the debt is paid. */
  spend(count: number, now: number): void {
    this.has(now);
    this.#tokens -= count;
  }
}

/** A token bucket for each key, all with the same rate. If there are too many, the least recently used one is dropped. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #buckets: LazyLru<string, TokenBucket>;

  /** `maxKeys` is at least 1. */
  constructor(rate: Rate, maxKeys: number) {
    this.#rate = rate;
    this.#buckets = new LazyLru(maxKeys);
  }

  /** The bucket of `key`, created if there is none. */
  of(key: string, now: number): TokenBucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#rate, now);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  /** Takes a token from the bucket of `key` when there is one. */
  take(key: string, now: number): boolean {
    return this.of(key, now).take(now);
  }
}
