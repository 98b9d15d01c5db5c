import { concatOctets } from '../../octets/octets.ts';
import { typeFromText, typeToText } from '../codes.ts';
import type { PresentationForm } from './presentation-form.ts';
import { unexpected } from './token.ts';

/** RFC 4034 §4.1.2: a window has "at most 256 values" and a bitmap of 1 to 32 octets. */
const MAX_BITMAP = 32;

/** A list of types, possibly empty: `A NS AAAA` (RFC 4034 §4.1.2). */
export const typeBitmap: PresentationForm = {
  toText(reader) {
    const types: string[] = [];
    while (reader.remaining > 0) {
      const window = reader.u8();
      for (const [index, octet] of reader.take(reader.u8()).entries()) {
        for (let bit = 0; bit < 8; bit++) {
          if ((octet & (0x80 >>> bit)) !== 0) types.push(typeToText(window * 256 + index * 8 + bit));
        }
      }
    }
    return types.join(' ');
  },
  fromWords(words) {
    const windows = new Map<number, Uint8Array>();
    for (const token of words.rest()) {
      const type = typeFromText(token.raw);
      if (type === undefined) throw unexpected(token, `is not a record type.`);
      const bitmap = windows.get(type >>> 8) ?? new Uint8Array(MAX_BITMAP);
      windows.set(type >>> 8, bitmap);
      const at = (type & 0xff) >>> 3;
      bitmap[at] = (bitmap[at] ?? 0) | (0x80 >>> (type & 7));
    }
    const blocks = [...windows].sort(([a], [b]) => a - b);
    return concatOctets(blocks.flatMap(([window, bitmap]) => blockOf(window, bitmap)));
  },
};

/** RFC 4034 §4.1.2: "Trailing zero octets in the bitmap MUST be omitted." */
function blockOf(window: number, bitmap: Uint8Array): ArrayLike<number>[] {
  const length = bitmap.findLastIndex((octet) => octet !== 0) + 1;
  return [[window, length], bitmap.subarray(0, length)];
}
