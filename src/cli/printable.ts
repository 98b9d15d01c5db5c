/** C0, DEL and C1: what a terminal obeys instead of showing it. */
const CONTROL = /\p{Cc}/gu;

/** A text with a question mark in place of each control character. For what came from elsewhere, in one line. */
export function printable(text: string): string {
  return text.replace(CONTROL, '?');
}
