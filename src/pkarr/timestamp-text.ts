import type { Timestamp } from './timestamp.ts';

/** The greatest time value of a Date, in milliseconds (ECMA-262 §21.4.1.1). */
const MAX_DATE = 8_640_000_000_000_000n;

const UNITS = [
  ['year', 31_557_600],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A timestamp as an ISO 8601 date in UTC, with microseconds. */
export function timestampToText(timestamp: Timestamp): string {
  const milliseconds = timestamp / 1000n;
  if (milliseconds > MAX_DATE) return 'after the year 275760';
  const micro = String(timestamp % 1000n).padStart(3, '0');
  return new Date(Number(milliseconds)).toISOString().replace('Z', `${micro}Z`);
}

/** How long ago `timestamp` was at `now`, in milliseconds: `3 minutes`, or `dated 2 days ahead of this clock`. */
export function ageToText(timestamp: Timestamp, now: number): string {
  const seconds = Math.floor(now / 1000) - Number(timestamp / 1_000_000n);
  return seconds < 0
    ? `dated ${durationToText(-seconds)} ahead of this machine's clock`
    : durationToText(seconds);
}

/** Whole seconds in the largest unit that fits, rounded: 47 hours are 2 days, and 3599 seconds are 1 hour. */
function durationToText(seconds: number): string {
  const index = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[index] ?? ['second', 1];
  const count = Math.round(seconds / size);
  const larger = UNITS[index - 1]?.[1] ?? Number.POSITIVE_INFINITY;
  if (count * size >= larger) return durationToText(larger);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
