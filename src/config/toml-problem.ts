import type { TomlError } from 'smol-toml';
import { tomlAdvice } from './toml-advice.ts';
import { tomlLines } from './toml-lines.ts';

/** What is wrong with a text that is no TOML, and what to write instead where that can be guessed: clauses. */
export function tomlProblem({ message, line }: Pick<TomlError, 'message' | 'line'>, text: string): string {
  // The message continues with an excerpt of the file; its first line says what is wrong.
  const reason = message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
  const content = text.split('\n')[line - 1] ?? '';
  if (reason.startsWith('trying to redefine')) return redefined(content, line, text) ?? reason;
  const advice = tomlAdvice(content);
  return [reasons.get(reason) ?? reason, ...(advice === undefined ? [] : [advice])].join('; ');
}

/** Some reasons of the parser in words that say more of a file of settings. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['illegal character in key', 'the line does not set a name, as in log-level = "info"'],
  ['expected comma or end of structure', 'a comma or a closing bracket is missing'],
  [
    'each key-value declaration must be followed by an end-of-line',
    'something follows the value that is no comment (#)',
  ],
  ['unrecognised escape sequence', 'a backslash in such quotes is written twice'],
]);

/** That a name is set twice, and where it is set first. */
function redefined(content: string, line: number, text: string): string | undefined {
  const name = /^\s*\[*\s*["']?([A-Za-z0-9_-]+)/.exec(content)?.[1];
  const first = name === undefined ? undefined : tomlLines(text).lineOf(name);
  if (first === undefined || first >= line) return undefined;
  const isTable = /^\s*\[/.test(content);
  return isTable
    ? `[${name}] is there twice, first in line ${first}; put what is in both below one of them`
    : `${name} is set twice, first in line ${first}; remove one of the two`;
}
