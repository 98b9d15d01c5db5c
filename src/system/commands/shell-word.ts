/** Text as a word of a POSIX shell, which would otherwise run what stands between backquotes or behind a bar. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
