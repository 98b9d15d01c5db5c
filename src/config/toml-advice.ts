import { parse, TomlError } from 'smol-toml';

/** A line that sets a name: `name = value # comment`. */
const setting = /^(?<start>[ \t]*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*=[ \t]*)(?<value>.*)$/;

/** The same with another sign in the place of `=`, or none: `name: value`, `name value`. */
const other = /^[ \t]*(?<name>[A-Za-z][A-Za-z0-9_-]*)(?:[ \t]*:[ \t]*|[ \t]+)(?<value>[^\s=:].*)$/;

/** A line of a list with a value that has no quotes: `9.9.9.9,`. */
const element = /^[ \t]*(?<value>[^\s"'=#,[\]]+)[ \t]*,?[ \t]*(?:#.*)?$/;

/** Characters that look like a space, or like nothing. */
const lookalike = /[\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]/;

/** Longer lines are not looked at. */
const MAX_LINE = 500;

/**
 * What a person probably meant by a line that is no TOML, to follow what is wrong with it: a value without quotes, or with one of
 * two, or in quotes of a word processor; a colon in place of the equals sign; a comment of another language. Undefined if it is
 * something else; what is proposed is valid.
 */
export function tomlAdvice(written: string): string | undefined {
  if (written.length > MAX_LINE) return undefined;
  const line = written.trimEnd();
  if (/^\s*(?:;|\/\/)/.test(line)) return 'a comment begins with #';
  const odd = lookalike.exec(line)?.[0];
  if (odd !== undefined) {
    const point = odd.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `the line has a character that only looks like a space (U+${point}); type it again`;
  }
  const { start, value = '' } = setting.exec(line)?.groups ?? {};
  if (start === undefined) return withoutSetting(line);
  if (/^(?:#.*)?$/.test(value)) return 'the value is missing';
  return proposal(`${start}${quoted(value)}`, whyQuoted(value));
}

function whyQuoted(value: string): string {
  if (/[“”„‘’«»]/.test(value)) return 'quotes are straight';
  if (value.startsWith('(')) return 'a list stands in [ and ]';
  return /^["']/.test(value) !== /["']$/.test(value) ? 'a quote is missing' : 'a text stands in quotes';
}

/** Advice for a line that sets no name. */
function withoutSetting(line: string): string | undefined {
  const { name, value } = other.exec(line)?.groups ?? {};
  if (name !== undefined && value !== undefined) {
    const text = isToml(`a = ${value}`) ? value : quoted(value);
    return proposal(`${name} = ${text}`, '= stands between a name and its value');
  }
  const alone = element.exec(line)?.groups?.['value'];
  // A word alone may be anything, but an address is none but a value.
  if (alone === undefined || !/[.:]./.test(alone)) return undefined;
  const proposed = word(alone);
  return isToml(`a = [${proposed}]`) ? `a text stands in quotes; write ${proposed}` : undefined;
}

function proposal(text: string, why: string): string | undefined {
  const proposed = text.trim();
  return isToml(proposed) ? `${why}; write ${proposed}` : undefined;
}

/** The words of a value in quotes: `[9.9.9.9, "1.1.1.1]` becomes `["9.9.9.9", "1.1.1.1"]`. */
function quoted(value: string): string {
  const text = value.replace(/(?:^|[ \t])#.*$/, '').trim();
  const inner = /^[[(](.*)[\])]$/.exec(text)?.[1];
  // An IPv6 address with a port begins with a bracket as well.
  if (inner === undefined || /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(inner)) return word(text);
  return `[${inner
    .split(',')
    .map((part) => word(part.trim()))
    .join(', ')}]`;
}

/** `9.9.9.9`, `"9.9.9.9` and `9.9.9.9"` as `"9.9.9.9"`. */
function word(text: string): string {
  return `"${text.replace(/^["'“”„‘’«»]|["'“”„‘’«»]$/g, '')}"`;
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
