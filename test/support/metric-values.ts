/** The values in a text of metrics by name and labels. */
export function valuesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** The sum of all series of a metric with labels. */
export function total(values: ReadonlyMap<string, number>, name: string): number {
  return [...values].reduce((sum, [series, value]) => (series.startsWith(`${name}{`) ? sum + value : sum), 0);
}
