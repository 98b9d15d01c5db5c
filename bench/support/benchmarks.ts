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
  { name: 'forward', seconds: 40 },
  { name: 'encrypted', seconds: 40 },
  { name: 'udp', seconds: 90 },
  { name: 'latency', seconds: 90 },
  { name: 'mixed', seconds: 45 },
  { name: 'memory', seconds: 140 },
  { name: 'start', seconds: 25 },
  { name: 'page', seconds: 35 },
  { name: 'cold-cpu', seconds: 330 },
  { name: 'cold-keys', seconds: 25 },
  { name: 'growth', seconds: 200 },
  { name: 'networks', seconds: 60 },
  { name: 'node-versions', seconds: 110 },
  { name: 'tcp', seconds: 70 },
  { name: 'https', seconds: 145 },
  { name: 'workers', seconds: 50 },
  { name: 'pkarr-hit', seconds: 50 },
  { name: 'scrape', seconds: 40 },
  { name: 'follow', seconds: 40 },
  { name: 'download', seconds: 170 },
  { name: 'attacks', seconds: 220 },
  { name: 'starved', seconds: 130 },
  { name: 'lookup', seconds: 70 },
];
