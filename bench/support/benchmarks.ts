/**
 * Every benchmark, by the name of its file, in the order in which they are run and reported; the long ones last. Not
 * `builds`, which needs another checkout to compare with.
 */
export const BENCHMARKS: readonly string[] = [
  ...[
    'udp',
    'latency',
    'tcp',
    'https',
    'forward',
    'mixed',
    'workers',
    'pkarr-hit',
    'start',
    'memory',
    'scrape',
    'follow',
  ],
  ...['download', 'attacks', 'lookup', 'cold-keys', 'cold-cpu', 'growth'],
];
