import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from '../../ip/text.ts';
import { concatOctets } from '../../octets/octets.ts';
import { WireReader } from '../wire-reader.ts';
import { type PresentationCodec, PresentationError, quoted } from './codec.ts';

/** An address family of RFC 3123 §4, with the number that IANA gave it. */
interface Family {
  readonly length: number;
  toText(octets: Uint8Array): string;
  fromText(text: string): Uint8Array | undefined;
}

const families: ReadonlyMap<number, Family> = new Map([
  [1, { length: 4, toText: ipv4ToText, fromText: ipv4FromText }],
  [2, { length: 16, toText: ipv6ToText, fromText: ipv6FromText }],
]);

/** RFC 3123 §4: the negation flag is the high bit of the octet that has the length of the address part. */
const NEGATION = 0x80;

/** APL (RFC 3123): `1:192.168.32.0/21 !1:192.168.38.0/28`, possibly no item. */
export const addressPrefixes: PresentationCodec = {
  toText(octets) {
    const reader = new WireReader(octets);
    const items: string[] = [];
    while (reader.remaining > 0) {
      const number = reader.u16('ADDRESSFAMILY');
      const prefix = reader.u8('PREFIX');
      const flags = reader.u8('AFDLENGTH');
      const part = reader.take(flags & ~NEGATION, 'AFDPART');
      const family = families.get(number);
      if (family === undefined || part.length > family.length) return undefined;
      const address = new Uint8Array(family.length);
      address.set(part);
      const negation = (flags & NEGATION) === 0 ? '' : '!';
      items.push(`${negation}${number}:${family.toText(address)}/${prefix}`);
    }
    return items.join(' ');
  },
  fromWords(words) {
    return concatOctets(words.map(itemFrom));
  },
};

/** RFC 3123 §5: `[!]afi:address/prefix`. */
function itemFrom(word: string, index: number): Uint8Array {
  const [, negation = '', number = '', text = '', digits = ''] =
    /^(!?)(\d{1,5}):([^/]+)\/(\d{1,3})$/.exec(word) ?? [];
  const family = families.get(Number(number));
  const address = family?.fromText(text);
  const prefix = Number(digits);
  if (family === undefined || address === undefined || prefix > family.length * 8) {
    throw new PresentationError(
      index,
      `${quoted(word)} is not an address prefix; write one such as 1:192.0.2.0/24, !1:192.0.2.128/25 or 2:2001:db8::/32.`,
    );
  }
  // RFC 3123 §4: "trailing zero octets ... MUST NOT be included".
  const length = address.findLastIndex((octet) => octet !== 0) + 1;
  const flags = (negation === '!' ? NEGATION : 0) | length;
  return Uint8Array.of(0, Number(number), prefix, flags, ...address.subarray(0, length));
}
