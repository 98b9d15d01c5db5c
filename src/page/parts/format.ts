const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** A rate: with one digit after the point while it is small. */
export function rateText(rate: number): string {
  return rate < 10 ? short.format(rate) : whole.format(rate);
}

/** A share of 0 to 1: `97.5 %`. */
export function shareText(share: number): string {
  return `${short.format(100 * share)}\u00a0%`;
}

/** Milliseconds, in the unit that reads best: `40 µs`, `0.4 ms`, `31 ms`, `1.2 s`. A number stays on the line of its unit. */
export function millisecondsText(milliseconds: number): string {
  if (milliseconds >= 1000) return `${short.format(milliseconds / 1000)}\u00a0s`;
  if (milliseconds >= 10) return `${whole.format(milliseconds)}\u00a0ms`;
  if (milliseconds >= 0.1 || milliseconds === 0) return `${short.format(milliseconds)}\u00a0ms`;
  return `${Math.ceil(milliseconds * 1000)}\u00a0µs`;
}

/** Octets: `812 B`, `1.5 MB`. */
export function octetsText(octets: number): string {
  if (octets < 1000) return `${octets} B`;
  return octets < 1e6 ? `${short.format(octets / 1000)} kB` : `${short.format(octets / 1e6)} MB`;
}
