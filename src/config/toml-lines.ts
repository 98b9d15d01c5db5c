/** Where names are set in a TOML file: the parser does not keep it. Lines are counted from 1. */
export interface TomlLines {
  /** The line where a top-level name is set, or of the header of the table with this name. */
  lineOf(name: string): number | undefined;
  /** The line of the header of the `index`th table `[[table]]`, or of a field that is set in it. */
  lineIn(table: string, index: number, field?: string): number | undefined;
  /** The line where a field of the table `[table]` is set, or `table.field`. */
  lineOfField(table: string, field: string): number | undefined;
}

/** A line that sets a name, or the header of a table or of an array of tables. */
const pattern =
  /^[ \t]*(?<open>\[{0,2})[ \t]*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[A-Za-z0-9_-]+))[ \t]*(?<after>[=.]|\]{1,2})/;

/** What comes behind the dot of a name in two parts. */
const inner = /^[ \t]*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[A-Za-z0-9_-]+))/;

/**
 * Finds the lines of all names in linear time. A line of a multi-line string may look like one that sets a name, but no
 * setting accepts such a string.
 */
export function tomlLines(text: string): TomlLines {
  const names = new Map<string, number>();
  const tables = new Map<string, { readonly line: number; readonly fields: Map<string, number> }[]>();
  const plain = new Map<string, Map<string, number>>();
  let fields: Map<string, number> | undefined;
  const fieldsOf = (table: string) => {
    const known = plain.get(table) ?? new Map<string, number>();
    plain.set(table, known);
    return known;
  };
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    const found = pattern.exec(content);
    const { open = '', after } = found?.groups ?? {};
    const name = nameIn(found);
    if (found === null || name === undefined) continue;
    const second = after === '.' ? nameIn(inner.exec(content.slice(found[0].length))) : undefined;
    if (open === '[[' && after === ']]') {
      fields = new Map();
      const known = tables.get(name);
      if (known === undefined) tables.set(name, [{ line, fields }]);
      else known.push({ line, fields });
    } else if (open !== '') {
      // Of `[table.field]` the lines below are no fields of the table.
      fields = open === '[' && after === ']' ? fieldsOf(name) : undefined;
      if (open === '[' && second !== undefined) setOnce(fieldsOf(name), second, line);
    } else if (fields !== undefined) setOnce(fields, name, line);
    else if (second !== undefined) setOnce(fieldsOf(name), second, line);
    if (!names.has(name)) names.set(name, line);
  }
  return {
    lineOf: (name) => names.get(name),
    lineIn: (table, index, field) => {
      const found = tables.get(table)?.[index];
      return (field === undefined ? undefined : found?.fields.get(field)) ?? found?.line;
    },
    lineOfField: (table, field) => plain.get(table)?.get(field),
  };
}

function nameIn(found: RegExpExecArray | null): string | undefined {
  const { double, single, bare } = found?.groups ?? {};
  return double ?? single ?? bare;
}

/** What stands first in a file counts. */
function setOnce(lines: Map<string, number>, name: string, line: number): void {
  if (!lines.has(name)) lines.set(name, line);
}
