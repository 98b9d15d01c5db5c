/**
 * The lines that a terminal shows after it was sent this, without those at the end that are empty. It knows what the program
 * sends: carriage return, line feed, ED and EL (ECMA-48); colours are left out. Anything else that a terminal obeys is an error.
 */
export function screenOf(shown: string): readonly string[] {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  const tokens = shown.matchAll(/\u001b\[([\d;]*)([A-Za-z])|[\s\S]/gu);
  for (const [token, parameters, final] of tokens) {
    const line = lines[row] ?? [];
    if (token === '\r') column = 0;
    else if (token === '\n') {
      // The terminal adds the carriage return.
      column = 0;
      row++;
      lines[row] ??= [];
    } else if (final === 'J' && (parameters === '' || parameters === '0')) {
      line.splice(column);
      lines.splice(row + 1);
    } else if (final === 'K' && parameters === '2') line.splice(0);
    else if (final === 'm') continue;
    else if (/\p{Cc}/u.test(token)) throw new Error(`a terminal would obey ${JSON.stringify(token)}`);
    else {
      while (line.length < column) line.push(' ');
      line[column++] = token;
    }
  }
  const text = lines.map((line) => line.join(''));
  while (text.at(-1) === '') text.pop();
  return text;
}
