import { parse, TomlError } from 'smol-toml';

/** A line that sets a name: `name = value # comment`. */
const setting = /^(?<start>[ \t]*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*=[ \t]*)(?<value>.*)$/;

/** Longer lines are not looked at. */
const MAX_LINE = 500;

/**
 * What a person probably meant by a line that is no TOML, to follow what is wrong with it: a value without quotes, or with one of
 * two. Undefined if it is something else; what is proposed is valid.
 */
export function tomlAdvice(line: string): string | undefined {
  const { start = '', value = '' } = setting.exec(line.trimEnd().slice(0, MAX_LINE))?.groups ?? {};
  if (start === '' || value === '' || line.length > MAX_LINE) return undefined;
  const proposed = `${start}${quoted(value)}`.trim();
  if (!isToml(proposed)) return undefined;
  const isHalf = /^["']/.test(value) !== /["']$/.test(value);
  return `${isHalf ? 'a quote is missing' : 'a text stands in quotes'}; write ${proposed}`;
}

/** The words of a value in quotes: `[9.9.9.9, "1.1.1.1]` becomes `["9.9.9.9", "1.1.1.1"]`. */
function quoted(value: string): string {
  const text = value.replace(/(?:^|[ \t])#.*$/, '').trim();
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  // An IPv6 address with a port begins with a bracket as well.
  if (inner === undefined || /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(inner)) return word(text);
  return `[${inner
    .split(',')
    .map((part) => word(part.trim()))
    .join(', ')}]`;
}

/** `9.9.9.9`, `"9.9.9.9` and `9.9.9.9"` as `"9.9.9.9"`. */
function word(text: string): string {
  return `"${text.replace(/^["']|["']$/g, '')}"`;
}

function isToml(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof TomlError) return false;
    throw error;
  }
}
