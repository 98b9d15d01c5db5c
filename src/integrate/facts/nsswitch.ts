/** The line of nsswitch.conf(5) that says where host names are looked up, with its number from 0. */
function hostsLine(lines: readonly string[]): number {
  return lines.findIndex((line) => /^[ \t]*hosts[ \t]*:/.test(line));
}

/** The sources of host names in order, without what stands in brackets; `files dns` is glibc's own when there is no line. */
export function hostSources(text: string | undefined): readonly string[] {
  const lines = (text ?? '').split('\n');
  const line = lines[hostsLine(lines)];
  if (line === undefined) return ['files', 'dns'];
  return words(line)
    .slice(1)
    .filter((word) => !word.startsWith('['));
}

/**
 * The file without the source `resolve` and the action behind it, so that glibc asks what /etc/resolv.conf names. `dns` takes its
 * place where the line has none. Everything else stays as it is, blanks and comments too.
 */
export function withoutResolve(text: string): string {
  if (!hostSources(text).includes('resolve')) return text;
  const lines = text.split('\n');
  const at = hostsLine(lines);
  const hasDns = hostSources(text).includes('dns');
  const replaced = (lines[at] ?? '').replace(
    /(?<=[\s:])resolve(?:[ \t]+\[[^\]]*\])*(?=\s|#|$)([ \t]*)/,
    (_, blanks: string) => (hasDns ? '' : `dns${blanks}`),
  );
  // At the end of the line a blank would stay.
  lines[at] = hasDns ? replaced.replace(/[ \t]+$/, '') : replaced;
  return lines.join('\n');
}

/** The keyword, the sources and the actions of a line; a comment ends it. */
function words(line: string): readonly string[] {
  return (
    line
      .replace(/#.*$/, '')
      .replace(':', ': ')
      .match(/\[[^\]]*\]|[^\s[]+/g) ?? []
  );
}
