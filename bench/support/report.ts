import { cpus, totalmem } from 'node:os';

/** The median. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The quantile `part`, 0 to 1, interpolated linearly. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The machine in one line. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB, Linux, Node ${process.version}`;
}

/** A Markdown table, aligned as the formatter of the project does it. All characters that tables here have are one column wide. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, ...rows.map((cells) => cells.map(String))];
  const widths = head.map((_, column) => Math.max(3, ...lines.map((cells) => width(cells[column] ?? ''))));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((most, column) => pad(cells[column] ?? '', most)).join(' | ')} |`;
  const [first = '', ...others] = lines.map(line);
  return [first, line(widths.map((most) => '-'.repeat(most))), ...others].join('\n');
}

function width(text: string): number {
  return [...text].length;
}

function pad(text: string, most: number): string {
  return text + ' '.repeat(most - width(text));
}

/** A number with a fixed number of decimals. */
export function fixed(value: number, digits = 1): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}
