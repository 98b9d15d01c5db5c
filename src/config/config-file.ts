import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type { ConfigProblem } from './config-error.ts';

/** Octets of a configuration file; ours have a dozen lines. */
const MAX_FILE_LENGTH = 1_048_576;

/** A configuration file as it stands: names and values, not yet judged. */
export interface ConfigFile {
  /** Undefined when there is none. */
  readonly path: string | undefined;
  readonly entries: readonly { readonly name: string; readonly raw: unknown; readonly where: string }[];
  readonly problems: readonly ConfigProblem[];
  /** The line, from 1, of the `index`th table `[[table]]`, or of a field in it, as far as it can be told. */
  readonly lineIn: (table: string, index: number, field?: string) => number | undefined;
}

/** Reads a TOML file of names and values. What cannot be read is a problem and not an exception. */
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
    return failed(path, `the configuration cannot be read: ${reasons.get(code ?? '') ?? message}.`);
  }
  if (text.length > MAX_FILE_LENGTH)
    return failed(path, 'the file is over 1 MB, too large for a configuration.');
  try {
    const entries = Object.entries(parse(text)).map(([name, raw]) => {
      const line = lineOf(text, name);
      return { name, raw, where: line === undefined ? path : `${path}:${line}` };
    });
    return { path, entries, problems: [], lineIn: (...at) => lineInTable(text, ...at) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on with a picture of the line; its first line says what is wrong.
    const reason = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    return failed(`${path}:${error.line}:${error.column}`, `this is not TOML: ${reason}.`);
  }
}

const none: ConfigFile = { path: undefined, entries: [], problems: [], lineIn: () => undefined };

/** In words, without a final stop. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'its permissions do not let this user read it'],
  ['EISDIR', 'it is a directory'],
]);

/**
 * The line, from 1, where a name of the top level is set. The parser does not keep it. Our files have no line that
 * begins so and means something else, short of a multi-line string that nothing here accepts.
 */
function lineOf(text: string, name: string): number | undefined {
  const literal = literalOf(name);
  const start = new RegExp(`^[ \\t]*(?:\\[+[ \\t]*)?(["']?)${literal}\\1[ \\t]*[=.\\]]`);
  const index = text.split('\n').findIndex((line) => start.test(line));
  return index < 0 ? undefined : index + 1;
}

/** As `lineOf`, for the tables of an array and what is set in them. */
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
