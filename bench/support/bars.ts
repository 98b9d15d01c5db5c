import { appendFileSync } from 'node:fs';
import { fixed, table } from './report.ts';

/** The runtime of pkarrd that was measured. */
export type Runtime = 'Node' | 'Bun';

const runtimes: readonly Runtime[] = ['Node', 'Bun'];

/** The targets for each runtime: a ratio to the figure of a peer in the same run, or a number with its unit. */
const bars = {
  'miss-cpu': {
    what: 'misses: CPU time, against Unbound’s',
    most: { Node: 1.6, Bun: 1.2 },
    unit: '×',
  },
  'miss-rate': { what: 'misses a second, against Unbound’s', least: { Node: 0.6, Bun: 0.8 }, unit: '×' },
  mixed: {
    what: 'hits and misses mixed, answers a second, against Unbound’s',
    least: { Node: 0.7, Bun: 1 },
    unit: '×',
  },
  'miss-added': {
    what: 'misses: added median over asking directly',
    most: { Node: 0.15, Bun: 0.1 },
    unit: 'ms',
  },
  'miss-tls': {
    what: 'misses over DNS over TLS: CPU time, against plain ones',
    most: { Node: 1, Bun: 1 },
    unit: '×',
  },
  'miss-https': {
    what: 'misses over DNS over HTTPS: CPU time, against plain ones',
    most: { Node: 1.3, Bun: 1.3 },
    unit: '×',
  },
  p50: { what: 'p50 at 5,000 a second, against dnsmasq’s', most: { Node: 1.3, Bun: 1.1 }, unit: '×' },
  'p99-echo': {
    what: 'p99 at 5,000 a second, against a bare echo of the same runtime',
    most: { Node: 1.5, Bun: 1.2 },
    unit: '×',
  },
  'udp-cpu': {
    what: 'cached UDP answers: CPU time an answer, against dnsmasq’s',
    most: { Node: 1.4, Bun: 0.9 },
    unit: '×',
  },
  'udp-rate': {
    what: 'cached UDP answers a second, against dnsmasq’s',
    least: { Node: 0.8, Bun: 1.25 },
    unit: '×',
  },
  workers: { what: 'two workers, answers a second against one', least: { Node: 1.2, Bun: 1 }, unit: '×' },
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
  idle: { what: 'resident memory, idle', most: { Node: 65, Bun: 58 }, unit: 'MB' },
  full: { what: 'resident memory, with a full 16 MB cache', most: { Node: 90, Bun: 85 }, unit: 'MB' },
  everything: {
    what: 'the same after everything was used once: more by',
    most: { Node: 25, Bun: 25 },
    unit: 'MB',
  },
  entries: {
    what: 'answers of 60 octets in a cache of 16 MB',
    least: { Node: 100, Bun: 100 },
    unit: 'thousand',
  },
  start: { what: 'start to first answer', most: { Node: 250, Bun: 60 }, unit: 'ms' },
  'cold-first': {
    what: 'a cold key, of the first thirty after a start: CPU time',
    most: { Node: 6, Bun: 6 },
    unit: 'ms',
  },
  'cold-later': { what: 'a cold key after a thousand: CPU time', most: { Node: 2.5, Bun: 2.5 }, unit: 'ms' },
  'cold-slow-first': {
    what: 'thirty cold keys at once, the first, 50 ms away and 30 % of the nodes silent: median',
    most: { Node: 85, Bun: 85 },
    unit: 'ms',
  },
  'cold-slow-later': {
    what: 'the same, after a thousand others: median',
    most: { Node: 85, Bun: 85 },
    unit: 'ms',
  },
  'cold-fast-first': {
    what: 'thirty cold keys at once, the first, without delay or silent nodes: median',
    most: { Node: 60, Bun: 60 },
    unit: 'ms',
  },
  'cold-fast-later': {
    what: 'thirty cold keys at once after a thousand others, without delay or silent nodes: median',
    most: { Node: 60, Bun: 60 },
    unit: 'ms',
  },
  growth: {
    what: 'CPU an answer with a million entries, against a thousand',
    most: { Node: 1.4, Bun: 1.4 },
    unit: '×',
  },
  'growth-misses': {
    what: 'CPU a miss with a million entries, against a thousand',
    most: { Node: 1.4, Bun: 1.4 },
    unit: '×',
  },
  pkarr: {
    what: 'a cached Pkarr name, against a cached ordinary name',
    most: { Node: 1.05, Bun: 1.05 },
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
} as const satisfies Record<string, Bar>;

interface Bar {
  readonly what: string;
  readonly most?: Readonly<Record<Runtime, number>>;
  readonly least?: Readonly<Record<Runtime, number>>;
  readonly unit: '×' | 'µs' | 'ms' | 'MB' | '%' | 'thousand';
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

/** Records a figure of the server called `server`, if that is pkarrd. One that could not be had, such as of a peer that is not there, is none. */
export function note(bar: BarName, server: string, value: number): void {
  const file = process.env[FIGURES];
  const runtime = runtimes.find((name) => server === `pkarrd (${name})`);
  if (file === undefined || runtime === undefined || !Number.isFinite(value)) return;
  appendFileSync(file, `${JSON.stringify({ bar, runtime, value } satisfies Figure)}\n`);
}

const heads = ['what', 'Node: bar', 'measured', 'one file: bar', 'measured', 'when'];

/**
 * Targets and measurements, side by side. A target of which `figures` has something gets a new row, with `when`; the others keep
 * what their row says in `earlier`, a table that this made before, and are held to the targets of today.
 */
export function barTable(figures: readonly Figure[], when: string, earlier = ''): string {
  const before = new Map(
    earlier.split('\n').map((line) => {
      const [, what = '', , node = '', , bun = '', then = ''] = line.split('|').map((cell) => cell.trim());
      return [what, { Node: Number.parseFloat(node), Bun: Number.parseFloat(bun), when: then }];
    }),
  );
  const rows = Object.entries(bars as Record<string, Bar>).map(([name, bar]) => {
    const title = `${bar.what} (${bar.unit})`;
    const fresh = (runtime: Runtime) =>
      figures.findLast((figure) => figure.bar === name && figure.runtime === runtime)?.value ?? Number.NaN;
    const old = before.get(title);
    const row = figures.some((figure) => figure.bar === name)
      ? { Node: fresh('Node'), Bun: fresh('Bun'), when }
      : (old ?? { Node: Number.NaN, Bun: Number.NaN, when: '' });
    return [title, ...runtimes.flatMap((runtime) => cells(bar, runtime, row[runtime])), row.when];
  });
  return table(heads, rows);
}

/** The bar of a runtime, and what was measured. */
function cells({ most, least, unit }: Bar, runtime: Runtime, value: number): readonly [string, string] {
  const bound = (most ?? least)?.[runtime] ?? Number.NaN;
  const digits = unit === 'ms' && bound < 10 ? (bound < 1 ? 3 : 1) : unit === '×' ? 2 : 0;
  const asked = `${most === undefined ? '≥' : '≤'} ${bound}`;
  if (Number.isNaN(value)) return [asked, '–'];
  const isMet = most === undefined ? value >= bound : value <= bound;
  return [asked, `${fixed(value, digits)}${isMet ? '' : ' (missed)'}`];
}
