import { parse, TomlError } from 'smol-toml';
import { decodeUtf8 } from '../files/decode-utf8.ts';
import { FileError, readUserFile } from '../files/read-file.ts';
import type { ConfigProblem } from './config-error.ts';
import { type TomlLines, tomlLines } from './toml-lines.ts';
import { tomlProblem } from './toml-problem.ts';

/** The longest configuration file that is read, in octets: thousands of tables fit. */
const MAX_FILE_LENGTH = 1_048_576;

/** A parsed configuration file: names and values, not yet validated. */
export interface ConfigFile {
  /** Undefined when there is no file. */
  readonly path: string | undefined;
  readonly entries: readonly ConfigEntry[];
  readonly problems: readonly ConfigProblem[];
  readonly lineIn: TomlLines['lineIn'];
}

/** A name and its value. */
export interface ConfigEntry {
  readonly name: string;
  readonly raw: unknown;
  /** The file and the line where it is set. */
  readonly where: string;
  /** Of a table: the same for one of its fields. */
  whereIs(field: string): string;
}

/** Reads a TOML file of names and values. A file that cannot be read or parsed is reported in `problems`. */
export async function readConfigFile(
  path: string,
  options: { readonly mayBeAbsent: boolean },
): Promise<ConfigFile> {
  // The usual way to say that there is no configuration. Other devices are not files.
  if (path === '/dev/null') return { ...noConfigFile, path };
  const failed = (where: string, message: string): ConfigFile => ({
    ...noConfigFile,
    path,
    problems: [{ where, message }],
  });
  let text: string | undefined;
  try {
    // TOML 1.0.0: "A TOML file must be a valid UTF-8 encoded Unicode document."
    text = decodeUtf8((await readUserFile(path, { maxBytes: MAX_FILE_LENGTH })).bytes);
    if (text === undefined)
      return failed(path, 'the configuration file is not valid UTF-8; save it in that encoding.');
    const lines = tomlLines(text);
    const entries = Object.entries(parse(text)).map(([name, raw]): ConfigEntry => {
      const at = (line: number | undefined) => (line === undefined ? path : `${path}:${line}`);
      const line = lines.lineOf(name);
      return { name, raw, where: at(line), whereIs: (field) => at(lines.lineOfField(name, field) ?? line) };
    });
    return { path, entries, problems: [], lineIn: lines.lineIn };
  } catch (error) {
    if (error instanceof FileError) {
      if (error.kind === 'absent' && options.mayBeAbsent) return noConfigFile;
      return failed(path, `cannot read the configuration file: ${error.message}.`);
    }
    if (!(error instanceof TomlError)) throw error;
    const message = `invalid TOML: ${tomlProblem(error, text ?? '')}.`;
    return failed(`${path}:${error.line}:${error.column}`, message);
  }
}

/** No configuration file. */
export const noConfigFile: ConfigFile = {
  path: undefined,
  entries: [],
  problems: [],
  lineIn: () => undefined,
};
