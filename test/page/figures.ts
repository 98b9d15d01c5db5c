import type { Figures } from '../../src/page/figures/figures.ts';

/** Figures of a program that does well, but for `parts`. */
export function figures(parts: Partial<Figures> = {}): Figures {
  return {
    at: 1_700_000_000_000,
    version: '1.2.3',
    uptimeSeconds: 3_600,
    verdict: { level: 'good', sentence: 'Healthy.', notes: ['Keys: looked up in the DHT.'] },
    listen: ['127.0.0.1:53'],
    queries: 100,
    inFlight: 0,
    cache: { hits: 60, misses: 20, entries: 10, octets: 2_000 },
    durations: {},
    upstreams: [upstream()],
    dht: {
      connection: 'connected, 120 nodes known',
      node: { asked: 500, answered: 450, isServing: false },
    },
    packets: { held: 3, lookups: 5, running: 0 },
    publications: [],
    ...parts,
  };
}

/** An upstream that answers, but for `parts`. */
function upstream(parts: Partial<Figures['upstreams'][number]> = {}): Figures['upstreams'][number] {
  return {
    label: 'https://dns.example',
    isFallback: false,
    state: 'alive',
    roundTripMs: 12.3,
    asked: 10,
    answered: 9,
    isAskedNext: true,
    ...parts,
  };
}
