/** How often one address may ask: `burst` at once, then `perSecond`. */
export interface RateLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** Addresses remembered. When there are more, the one that has waited longest for its next question is forgotten. */
  readonly maxAddresses: number;
}

/** A token bucket for each address. Bounded in memory whoever asks. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** Takes the limits. */
  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Whether `address` may ask once more at `now` (milliseconds of a clock that does not go back). */
  take(address: string, now: number): boolean {
    const { perSecond, burst, maxAddresses } = this.#options;
    const last = this.#buckets.get(address) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, last.tokens + ((now - last.at) / 1000) * perSecond);
    const allowed = tokens >= 1;
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens: allowed ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > maxAddresses) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return allowed;
  }
}
