import { duration } from '../../../observe/duration.ts';
import { keysForOne } from './prefix.ts';

const YEAR = 365.25 * 24 * 3600;

/** How rare such a key is, in a sentence. */
export function oddsText(prefix: string, threads: number): string {
  const many = threads === 1 ? 'One thread searches' : `${threads} threads search`;
  return `One key in ${keysForOne(prefix).toLocaleString('en-US')} begins with ${prefix}. ${many}; Ctrl+C ends it.`;
}

/** How long it takes on average, in a sentence. @param rate keys a second */
export function estimateText(prefix: string, rate: number): string {
  const seconds = keysForOne(prefix) / rate;
  const years = seconds / YEAR;
  const time = years < 2 ? duration(seconds) : `${number(years)} years`;
  return `At ${number(rate)} keys a second this takes ${time} on average.`;
}

/** How far a search is. There is no end that comes nearer, so it says how many of such searches are over by now. */
export function progressText(prefix: string, tried: number, rate: number): string {
  // The chance that none of `tried` keys has the prefix is (1 - p)^tried.
  const over = -Math.expm1(tried * Math.log1p(-1 / keysForOne(prefix)));
  return `${tried.toLocaleString('en-US')} keys tried, ${number(rate)} a second; ${Math.floor(over * 100)} % of such searches are over by now`;
}

/** Two digits: no more are known. */
function number(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US');
}
