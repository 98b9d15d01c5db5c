import { concatOctets } from '../../octets/octets.ts';
import { addressFamilies } from './fixed-text.ts';
import type { PresentationForm } from './presentation-form.ts';
import { type Token, unexpected } from './token.ts';

/** RFC 3123 §4: the negation flag is the high bit of the octet that has the length of the address part. */
const NEGATION = 0x80;

/** APL (RFC 3123): `1:192.168.32.0/21 !1:192.168.38.0/28`, possibly no item. */
export const addressPrefixes: PresentationForm = {
  toText(reader) {
    const items: string[] = [];
    while (reader.remaining > 0) {
      const number = reader.u16();
      const prefix = reader.u8();
      const flags = reader.u8();
      const part = reader.take(flags & ~NEGATION);
      const family = addressFamilies[number];
      if (family === undefined) return undefined;
      const address = new Uint8Array(family.size);
      address.set(part);
      items.push(`${flags < NEGATION ? '' : '!'}${number}:${family.toText(address)}/${prefix}`);
    }
    return items.join(' ');
  },
  fromWords(words) {
    return concatOctets(words.rest().map(itemFrom));
  },
};

/** RFC 3123 §5: `[!]afi:address/prefix`. */
function itemFrom(token: Token): readonly number[] {
  const [, negation, number = '', text = '', prefix] =
    /^(!?)(\d{1,5}):([^/]+)\/(\d{1,3})$/.exec(token.raw) ?? [];
  const address = addressFamilies[Number(number)]?.fromText(text);
  if (address === undefined || Number(prefix) > address.length * 8) {
    throw unexpected(
      token,
      `is not an address prefix; write one such as 1:192.0.2.0/24, !1:192.0.2.128/25 or 2:2001:db8::/32.`,
    );
  }
  // RFC 3123 §4: "trailing zero octets ... MUST NOT be included".
  const length = address.findLastIndex((octet) => octet !== 0) + 1;
  const flags = (negation === '!' ? NEGATION : 0) | length;
  return [0, Number(number), Number(prefix), flags, ...address.subarray(0, length)];
}
