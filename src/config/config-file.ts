import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type { ConfigProblem } from './config-error.ts';

/** The longest configuration file that is read, in octets: thousands of tables fit. */
const MAX_FILE_LENGTH = 1_048_576;

/** A parsed configuration file: names and values, not yet validated. */
export interface ConfigFile {
  /** Undefined when there is no file. */
  readonly path: string | undefined;
  readonly entries: readonly { readonly name: string; readonly raw: unknown; readonly where: string }[];
  readonly problems: readonly ConfigProblem[];
  /** The line, from 1, of the `index`th table `[[table]]` or of a field in it; undefined when it is not found. */
  readonly lineIn: (table: string, index: number, field?: string) => number | undefined;
}

/** Reads a TOML file of names and values. A file that cannot be read or parsed is reported in `problems`. */
export function readConfigFile(path: string, options: { readonly mayBeAbsent: boolean }): ConfigFile {
  const failed = (where: string, message: string): ConfigFile => ({
    path,
    entries: [],
    problems: [{ where, message }],
    lineIn: () => undefined,
  });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && options.mayBeAbsent) return none;
    return failed(path, `cannot read the configuration file: ${reasons.get(code ?? '') ?? message}.`);
  }
  if (text.length > MAX_FILE_LENGTH)
    return failed(
      path,
      `the configuration file is too large: at most ${MAX_FILE_LENGTH} bytes are accepted.`,
    );
  try {
    const entries = Object.entries(parse(text)).map(([name, raw]) => {
      const line = lineOf(text, name);
      return { name, raw, where: line === undefined ? path : `${path}:${line}` };
    });
    return { path, entries, problems: [], lineIn: (...at) => lineInTable(text, ...at) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message continues with an excerpt of the file; its first line says what is wrong.
    const reason = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    return failed(`${path}:${error.line}:${error.column}`, `invalid TOML: ${reason}.`);
  }
}

const none: ConfigFile = { path: undefined, entries: [], problems: [], lineIn: () => undefined };

/** Common system errors in words, without a final period. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'it is a directory'],
]);

/**
 * The line, from 1, where a top-level name is set. The parser does not keep it. No other line of a valid
 * configuration begins like this, because no setting accepts a multi-line string.
 */
function lineOf(text: string, name: string): number | undefined {
  const literal = literalOf(name);
  const start = new RegExp(`^[ \\t]*(?:\\[+[ \\t]*)?(["']?)${literal}\\1[ \\t]*[=.\\]]`);
  const index = text.split('\n').findIndex((line) => start.test(line));
  return index < 0 ? undefined : index + 1;
}

/** Like `lineOf`, for a table of an array and the fields in it. */
function lineInTable(text: string, table: string, index: number, field?: string): number | undefined {
  const lines = text.split('\n');
  const head = new RegExp(`^[ \\t]*\\[\\[[ \\t]*(["']?)${literalOf(table)}\\1[ \\t]*\\]\\]`);
  const heads = lines.flatMap((line, at) => (head.test(line) ? [at] : []));
  const first = heads[index];
  if (first === undefined) return undefined;
  const set = new RegExp(`^[ \\t]*(["']?)${literalOf(field ?? '')}\\1[ \\t]*[=.]`);
  for (let at = first + 1; field !== undefined && at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (/^[ \t]*\[/.test(line)) break;
    if (set.test(line)) return at + 1;
  }
  return first + 1;
}

function literalOf(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
