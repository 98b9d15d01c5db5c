import { latin1 } from './bytes.ts';

/**
 * What can be written as bencode: integers, byte strings, text (as UTF-8), lists and dictionaries.
 * A member that is `undefined` is left out. Numbers must be safe integers; larger ones are written as `bigint`.
 */
export type Encodable =
  | Uint8Array
  | string
  | number
  | bigint
  | readonly Encodable[]
  | { readonly [key: string]: Encodable | undefined };

/**
 * Writes `value` as bencode (BEP 3): "Keys must be strings and appear in sorted order (sorted as raw strings, not
 * alphanumerics)". Keys here are ASCII, for which the order of UTF-16 units is the order of bytes.
 * Throws RangeError for a number that is not a safe integer, which is a bug of the caller: peers cannot cause it.
 */
export function encodeBencode(value: Encodable): Buffer {
  return Buffer.from(write(value), 'latin1');
}

/** The bytes as latin1 text, which joins faster than many small buffers. */
function write(value: Encodable): string {
  if (typeof value === 'string') return writeBytes(Buffer.from(value));
  if (value instanceof Uint8Array) return writeBytes(value);
  if (typeof value === 'bigint') return `i${value}e`;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
    return `i${value}e`;
  }
  if (isList(value)) return `l${value.map(write).join('')}e`;
  let text = 'd';
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) text += `${key.length}:${key}${write(member)}`;
  }
  return `${text}e`;
}

function writeBytes(bytes: Uint8Array): string {
  return `${bytes.length}:${latin1(bytes)}`;
}

/** `Array.isArray` does not narrow a union with readonly arrays. */
function isList(value: Encodable): value is readonly Encodable[] {
  return Array.isArray(value);
}
