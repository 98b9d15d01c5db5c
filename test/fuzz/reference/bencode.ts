/*
 * A second reader of bencode, as plain as possible: text of one character for each byte. What is not bencode, as BEP 3 has it
 * except that keys may come in any order and bytes may follow, is undefined.
 */

/** A value: byte strings are texts of one character for each byte. */
export type Plain = string | bigint | readonly Plain[] | ReadonlyMap<string, Plain>;

const MAX_DEPTH = 16;
const MAX_VALUES = 1024;

/** The value that the bytes begin with. */
export function plainBencode(bytes: Uint8Array): Plain | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  let at = 0;
  let values = 0;
  try {
    return value(0);
  } catch (error) {
    if (error === WRONG) return undefined;
    throw error;
  }

  function value(depth: number): Plain {
    values++;
    if (depth > MAX_DEPTH || values > MAX_VALUES) throw WRONG;
    const letter = text[at];
    if (letter === 'i') return integer();
    if (letter !== 'l' && letter !== 'd') return string();
    at++;
    const list: Plain[] = [];
    const dictionary = new Map<string, Plain>();
    while (text[at] !== 'e') {
      if (at >= text.length) throw WRONG;
      if (letter === 'l') list.push(value(depth + 1));
      else {
        const key = string();
        if (dictionary.has(key)) throw WRONG;
        dictionary.set(key, value(depth + 1));
      }
    }
    at++;
    return letter === 'l' ? list : dictionary;
  }

  function integer(): bigint {
    const end = text.indexOf('e', at);
    const digits = text.slice(at + 1, end < 0 ? text.length : end);
    if (end < 0 || digits.length > 20 || !/^(?:0|-?[1-9][0-9]*)$/.test(digits)) throw WRONG;
    at = end + 1;
    return BigInt(digits);
  }

  function string(): string {
    const colon = text.indexOf(':', at);
    const digits = text.slice(at, colon < 0 ? text.length : colon);
    if (colon < 0 || !/^(?:0|[1-9][0-9]{0,4})$/.test(digits)) throw WRONG;
    const start = colon + 1;
    if (start + Number(digits) > text.length) throw WRONG;
    at = start + Number(digits);
    return text.slice(start, at);
  }
}

const WRONG = new Error('not bencode');

/** The value as bencode, its keys in the order in which they are. */
export function writePlain(value: Plain): string {
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (typeof value === 'bigint') return `i${value}e`;
  if (value instanceof Map)
    return `d${[...value].map(([key, member]) => writePlain(key) + writePlain(member)).join('')}e`;
  return `l${(value as readonly Plain[]).map(writePlain).join('')}e`;
}
