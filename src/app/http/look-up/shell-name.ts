/** The text of a name as a word of a shell, which would run what stands between backquotes or behind a bar. */
export function shellName(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
