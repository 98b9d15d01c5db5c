/** Where names are set in a TOML file: the parser does not keep it. Lines are counted from 1. */
export interface TomlLines {
  /** The line where a top-level name is set, or of the header of the table with this name. */
  lineOf(name: string): number | undefined;
  /** The line of the header of the `index`th table `[[table]]`, or of a field that is set in it. */
  lineIn(table: string, index: number, field?: string): number | undefined;
}

/** A line that sets a name, or the header of a table or of an array of tables. */
const pattern =
  /^[ \t]*(?<open>\[{0,2})[ \t]*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[A-Za-z0-9_-]+))[ \t]*(?<after>[=.]|\]{1,2})/;

/**
 * Finds the lines of all names in linear time. A line of a multi-line string may look like one that sets a name, but no
 * setting accepts such a string.
 */
export function tomlLines(text: string): TomlLines {
  const names = new Map<string, number>();
  const tables = new Map<string, { readonly line: number; readonly fields: Map<string, number> }[]>();
  let fields: Map<string, number> | undefined;
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    const { open = '', double, single, bare, after } = pattern.exec(content)?.groups ?? {};
    const name = double ?? single ?? bare;
    if (name === undefined) continue;
    if (open === '[[' && after === ']]') {
      fields = new Map();
      const known = tables.get(name);
      if (known === undefined) tables.set(name, [{ line, fields }]);
      else known.push({ line, fields });
    } else if (open !== '') {
      fields = undefined;
    } else if (fields !== undefined && !fields.has(name)) {
      fields.set(name, line);
    }
    if (!names.has(name)) names.set(name, line);
  }
  return {
    lineOf: (name) => names.get(name),
    lineIn: (table, index, field) => {
      const found = tables.get(table)?.[index];
      return (field === undefined ? undefined : found?.fields.get(field)) ?? found?.line;
    },
  };
}
