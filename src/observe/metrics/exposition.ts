import { type Family, families } from './families.ts';
import { durationBounds, type HistogramSnapshot } from './histogram.ts';
import type { Measurements } from './snapshot.ts';

/** The two formats that Prometheus and its relatives read. */
export type ExpositionFormat = 'prometheus' | 'openmetrics';

/** The media type of each format. */
export const mediaTypes: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What was measured, as text in Prometheus's format 0.0.4 or in OpenMetrics 1.0. */
export function exposition(measured: Measurements, format: ExpositionFormat): string {
  const parts = families.map((family) => familyText(family, measured, format));
  // OpenMetrics §"Overall Structure": "The exposition MUST end with EOF".
  return parts.join('') + (format === 'openmetrics' ? '# EOF\n' : '');
}

/** Nothing for a family without series. */
function familyText(family: Family, measured: Measurements, format: ExpositionFormat): string {
  const { help, labels } = family;
  const lines =
    family.type === 'histogram'
      ? family
          .samples(measured)
          .flatMap(([values, histogram]) => histogramLines(family.name, pairs(labels, values), histogram))
      : family
          .samples(measured)
          .map(([values, value]) => `${family.name}${braces(pairs(labels, values))} ${numberText(value)}\n`);
  if (lines.length === 0) return '';
  const name = familyName(family, format);
  // Format 0.0.4 knows no info.
  const type = format === 'prometheus' && family.type === 'info' ? 'gauge' : family.type;
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** In OpenMetrics the suffix `_total` of a counter, and `_info` of an info, belongs to the sample and not to the family. */
function familyName({ name, type }: Family, format: ExpositionFormat): string {
  if (format === 'prometheus') return name;
  if (type === 'counter') return name.replace(/_total$/, '');
  return type === 'info' ? name.replace(/_info$/, '') : name;
}

/** Each bucket counts what the ones before it do, and the last counts all. */
function histogramLines(
  name: string,
  labels: readonly string[],
  { counts, sum }: HistogramSnapshot,
): string[] {
  let total = 0;
  const buckets = counts.map((count, bucket) => {
    total += count;
    const bound = durationBounds[bucket];
    return `${name}_bucket${braces([...labels, `le="${boundText(bound)}"`])} ${total}\n`;
  });
  const all = braces(labels);
  return [...buckets, `${name}_sum${all} ${sum}\n`, `${name}_count${all} ${total}\n`];
}

/** OpenMetrics wants `1.0` for 1; the same in both formats, so that a series is one whichever is asked for. */
function boundText(bound: number | undefined): string {
  if (bound === undefined) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

function numberText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}

function pairs(names: readonly string[], values: readonly string[]): readonly string[] {
  return names.map((name, index) => `${name}="${escaped(values[index] ?? '')}"`);
}

function braces(labels: readonly string[]): string {
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

/** "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote, and line feed characters have to be escaped". */
function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
