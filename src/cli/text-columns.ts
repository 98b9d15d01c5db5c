import { wrapText } from '../config/wrap-text.ts';
import type { Terminal } from './command.ts';

/** Characters that terminals show in two columns, as far as names and their letters have them (UAX #11). */
const WIDE =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}\p{sc=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

/** Their forms of half the width, which are of the same scripts. */
const HALF = /[\uff61-\uffdc\uffe8-\uffee]/u;

/** Characters that stand on or between others. */
const NARROW = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** How many columns of a terminal a text takes, which has no control characters. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (NARROW.test(character)) continue;
    columns += WIDE.test(character) && !HALF.test(character) ? 2 : 1;
  }
  return columns;
}

/** `text` with spaces behind it, so that it takes `columns`. */
export function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** How wide what somebody reads may be; undefined where nobody does, or where it is not known. */
export function readerColumns({ outIsTerminal, outColumns }: Terminal): number | undefined {
  return outIsTerminal && outColumns !== undefined && outColumns > 0 ? outColumns : undefined;
}

/** `text` behind `first` in lines of at most `width`, its other lines from `column` on. */
export function hanging(
  first: string,
  text: string,
  { column, width }: { readonly column: number; readonly width: number },
): readonly string[] {
  const wrapped = wrapText(text, width - Math.max(column, first.length));
  return wrapped.map((line, index) => `${index === 0 ? first : ' '.repeat(column)}${line}`);
}
