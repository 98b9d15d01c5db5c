import { readFileSync } from 'node:fs';

/**
 * How many file descriptors this process may have open (RLIMIT_NOFILE, the soft limit; Node and Bun raise it to the hard
 * one when they start). Undefined where the system does not tell.
 */
export function descriptorLimit(): number | undefined {
  try {
    return parseLimit(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    // Not Linux, or without /proc.
    return undefined;
  }
}

/** The soft limit in the text of `/proc/self/limits` (proc(5)); Infinity for "unlimited", undefined without such a line. */
export function parseLimit(text: string): number | undefined {
  const soft = /^Max open files +(\d+|unlimited) /m.exec(text)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
