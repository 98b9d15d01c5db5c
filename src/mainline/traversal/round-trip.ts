/** Milliseconds after which an answer is late, before anything was measured. */
const INITIAL_LATE_MS = 600;
/** Bounds of the time after which an answer is late, in milliseconds. Most nodes of the public network answer within 400. */
const MIN_LATE_MS = 200;
const MAX_LATE_MS = 1000;

/**
 * Estimates how long answers take, as in RFC 6298 §2, so that a lookup can continue without late nodes long before their
 * queries time out.
 */
export class RoundTripEstimate {
  #smoothed: number | undefined;
  #variation = 0;

  /** Adds the time of one answer, in milliseconds. */
  observe(ms: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = ms;
      this.#variation = ms / 2;
      return;
    }
    // RFC 6298 §2.3: "RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|" with beta 1/4, then SRTT with alpha 1/8.
    this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - ms);
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * ms;
  }

  /** Milliseconds after which an answer is late. RFC 6298 §2.3: "RTO <- SRTT + max (G, K*RTTVAR)" with K = 4, bounded. */
  lateAfterMs(): number {
    if (this.#smoothed === undefined) return INITIAL_LATE_MS;
    return Math.min(MAX_LATE_MS, Math.max(MIN_LATE_MS, this.#smoothed + 4 * this.#variation));
  }
}
