import { appendFileSync } from 'node:fs';
import { fixed, table } from './report.ts';

/** The runtime of pkarrd that was measured. */
export type Runtime = 'Node' | 'Bun';

/** The targets for each runtime: a ratio to the figure of dnsmasq in the same run, or a number with its unit. */
const bars = {
  'udp-cpu': {
    what: 'cached UDP answers: CPU time an answer, against dnsmasq’s',
    most: { Node: 1.5, Bun: 1 },
    unit: '×',
  },
  'udp-rate': {
    what: 'cached UDP answers a second, against dnsmasq’s',
    least: { Node: 0.75, Bun: 1 },
    unit: '×',
  },
  workers: { what: 'two workers, answers a second against one', least: { Node: 1.2, Bun: 1 }, unit: '×' },
  p50: { what: 'p50 at 5,000 a second, against dnsmasq’s', most: { Node: 1.3, Bun: 1.1 }, unit: '×' },
  p99: { what: 'p99 at 5,000 a second, against dnsmasq’s', most: { Node: 1.3, Bun: 1.1 }, unit: '×' },
  'tcp-rate': {
    what: 'cached TCP answers a second, pipelined, against dnsmasq’s',
    least: { Node: 2, Bun: 2 },
    unit: '×',
  },
  'https-cpu': {
    what: 'cached answers over HTTPS on one session: CPU time a request',
    most: { Node: 60, Bun: 20 },
    unit: 'µs',
  },
  'https-echo': {
    what: 'cached answers over HTTPS: CPU time a request, against a bare echo’s, under the worst of three loads',
    most: { Node: 1.3, Bun: 2.5 },
    unit: '×',
  },
  'https-peer': { what: 'the same, against dnsdist’s', most: { Node: 8, Bun: 2 }, unit: '×' },
  'miss-added': {
    what: 'misses: added median over asking directly',
    most: { Node: 0.3, Bun: 0.2 },
    unit: 'ms',
  },
  'miss-rate': { what: 'misses a second, against dnsmasq’s', least: { Node: 0.6, Bun: 0.8 }, unit: '×' },
  growth: {
    what: 'CPU an answer with a million entries, against a thousand',
    most: { Node: 1.4, Bun: 1.4 },
    unit: '×',
  },
  scrape: {
    what: 'a scrape a second at 5,000 queries a second: share of a core',
    most: { Node: 1, Bun: 1 },
    unit: '%',
  },
  follow: {
    what: '`query --follow` at 5,000 queries a second: share of a core',
    most: { Node: 10, Bun: 10 },
    unit: '%',
  },
  'cold-first': {
    what: 'a cold key, of the first thirty after a start: CPU time',
    most: { Node: 6, Bun: 6 },
    unit: 'ms',
  },
  'cold-later': { what: 'a cold key after a thousand: CPU time', most: { Node: 2.5, Bun: 2.5 }, unit: 'ms' },
  idle: { what: 'resident memory, idle', most: { Node: 75, Bun: 50 }, unit: 'MB' },
  full: { what: 'resident memory, with a full 16 MB cache', most: { Node: 110, Bun: 85 }, unit: 'MB' },
  start: { what: 'start to first answer', most: { Node: 400, Bun: 150 }, unit: 'ms' },
  pkarr: {
    what: 'a cached Pkarr name, against a cached ordinary name',
    most: { Node: 1.05, Bun: 1.05 },
    unit: '×',
  },
} as const satisfies Record<string, Bar>;

interface Bar {
  readonly what: string;
  readonly most?: Readonly<Record<Runtime, number>>;
  readonly least?: Readonly<Record<Runtime, number>>;
  readonly unit: '×' | 'µs' | 'ms' | 'MB' | '%';
}

/** The name of a target. */
export type BarName = keyof typeof bars;

/** A measurement. */
export interface Figure {
  readonly bar: BarName;
  readonly runtime: Runtime;
  readonly value: number;
}

/** The variable with the file that collects the figures of several benchmarks: `node dist/bench/all.js` sets it. */
export const FIGURES = 'BENCH_FIGURES';

/** Records a figure of the server called `server`, if that is pkarrd. */
export function note(bar: BarName, server: string, value: number): void {
  const file = process.env[FIGURES];
  const runtime = (['Node', 'Bun'] as const).find((name) => server === `pkarrd (${name})`);
  if (file === undefined || runtime === undefined) return;
  appendFileSync(file, `${JSON.stringify({ bar, runtime, value } satisfies Figure)}\n`);
}

/** Targets and measurements, side by side. */
export function barTable(figures: readonly Figure[]): string {
  const rows = Object.entries(bars as Record<string, Bar>).map(([name, { what, most, least, unit }]) => {
    const cell = (runtime: Runtime) => {
      const bound = (most ?? least)?.[runtime] ?? Number.NaN;
      const { value } = figures.findLast((figure) => figure.bar === name && figure.runtime === runtime) ?? {};
      const digits = unit === 'ms' && bound < 10 ? (bound < 1 ? 3 : 1) : unit === '×' ? 2 : 0;
      const asked = `${most === undefined ? '≥' : '≤'} ${bound}`;
      if (value === undefined) return [asked, '–'];
      const isMet = most === undefined ? value >= bound : value <= bound;
      return [asked, `${fixed(value, digits)}${isMet ? '' : ' (missed)'}`];
    };
    return [`${what} (${unit})`, ...cell('Node'), ...cell('Bun')];
  });
  return table(['what', 'Node: bar', 'measured', 'one file: bar', 'measured'], rows);
}
