/** A benchmark: the name of its file, and the seconds that it takes where nobody else works, measured on two processors. */
export interface Benchmark {
  readonly name: string;
  readonly seconds: number;
}

/**
 * Every benchmark in the order in which they are run and reported: first what most people feel. Not `builds`, which needs another
 * checkout to compare with.
 */
export const BENCHMARKS: readonly Benchmark[] = [
  { name: 'forward', seconds: 60 },
  { name: 'encrypted', seconds: 150 },
  { name: 'udp', seconds: 110 },
  { name: 'latency', seconds: 110 },
  { name: 'mixed', seconds: 60 },
  { name: 'memory', seconds: 150 },
  { name: 'start', seconds: 40 },
  { name: 'page', seconds: 40 },
  { name: 'cold-cpu', seconds: 100 },
  { name: 'cold-keys', seconds: 40 },
  { name: 'growth', seconds: 240 },
  { name: 'networks', seconds: 60 },
  { name: 'node-versions', seconds: 100 },
  { name: 'tcp', seconds: 50 },
  { name: 'https', seconds: 150 },
  { name: 'workers', seconds: 60 },
  { name: 'pkarr-hit', seconds: 50 },
  { name: 'scrape', seconds: 40 },
  { name: 'follow', seconds: 40 },
  { name: 'download', seconds: 165 },
  { name: 'attacks', seconds: 190 },
  { name: 'lookup', seconds: 70 },
];
