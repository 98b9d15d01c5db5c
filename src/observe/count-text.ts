const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A count: `1,234,567`. */
export function countText(count: number): string {
  return whole.format(count);
}

/** `1 node`, `2 nodes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
