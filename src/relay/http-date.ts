import type { Timestamp } from '../pkarr/timestamp.ts';

/**
 * A timestamp as an HTTP date, which has whole seconds: the second that it lies in, so that what is newer by less than a
 * second is still newer. Undefined for a timestamp without one: before 1970 and after the year 9999.
 */
export function httpDate(timestamp: Timestamp): string | undefined {
  if (timestamp < 0n || timestamp > LAST_DATE) return undefined;
  return new Date(Number(timestamp / 1_000_000n) * 1000).toUTCString();
}

/** 9999-12-31T23:59:59Z in microseconds: RFC 9110 §5.6.7 has four digits for the year. */
const LAST_DATE = 253_402_300_799_000_000n;

/**
 * The second that an HTTP date names, since 1970; undefined for text that is none. RFC 9110 §5.6.7: a recipient "MUST accept all
 * three HTTP-date formats", of which two are obsolete and one has a year of two digits.
 *
 * @param nowWall milliseconds since 1970, for such a year.
 */
export function secondOf(text: string, nowWall: number): number | undefined {
  const parts = FORMATS.map((format) => format.exec(text)?.groups).find((one) => one !== undefined);
  if (parts === undefined) return undefined;
  const { year = '', month = '', day = '', time = '' } = parts;
  const written = `${year.length === 2 ? wholeYear(Number(year), nowWall) : year}-${monthOf(month)}-${day.replace(' ', '0')}`;
  const at = new Date(`${written}T${time}Z`);
  // The 31st of February is read as a day of March, where it is read at all.
  if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(written)) return undefined;
  return at.getTime() / 1000;
}

const TIME = String.raw`(?<time>\d{2}:\d{2}:\d{2})`;
const MONTH = '(?<month>[A-Z][a-z]{2})';

/** `IMF-fixdate`, `rfc850-date` and `asctime-date`. */
const FORMATS: readonly RegExp[] = [
  String.raw`[A-Z][a-z]{2}, (?<day>\d{2}) ${MONTH} (?<year>\d{4}) ${TIME} GMT`,
  String.raw`[A-Z][a-z]{5,8}, (?<day>\d{2})-${MONTH}-(?<year>\d{2}) ${TIME} GMT`,
  String.raw`[A-Z][a-z]{2} ${MONTH} (?<day>[ \d]\d) ${TIME} (?<year>\d{4})`,
].map((format) => new RegExp(`^${format}$`));

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `01`; `00`, which no date has, for what is no month. */
function monthOf(name: string): string {
  return String(months.indexOf(name) + 1).padStart(2, '0');
}

/** RFC 9110 §5.6.7: what "appears to be more than 50 years in the future" is "the most recent year in the past" with these digits. */
function wholeYear(digits: number, nowWall: number): number {
  const now = new Date(nowWall).getUTCFullYear();
  const year = now - (now % 100) + digits;
  return year > now + 50 ? year - 100 : year;
}
