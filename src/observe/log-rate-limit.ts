/**
 * Calls `tell` at most `count` times in each `period` milliseconds, so that an error of every query does not fill
 * the log. The next call that is not suppressed gets the number of those that were.
 */
export function rateLimited<T>(
  tell: (value: T, leftOut: number) => void,
  limits: { readonly count: number; readonly period: number; readonly now: () => number },
): (value: T) => void {
  let periodStart = Number.NEGATIVE_INFINITY;
  let told = 0;
  let leftOut = 0;
  return (value) => {
    const now = limits.now();
    if (now - periodStart >= limits.period) {
      periodStart = now;
      told = 0;
    }
    if (told >= limits.count) {
      leftOut++;
      return;
    }
    told++;
    tell(value, leftOut);
    leftOut = 0;
  };
}
