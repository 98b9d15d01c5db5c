import { concatOctets } from '../../octets/octets.ts';
import { base64Of, hexOf } from '../../octets/text.ts';
import type { PresentationForm } from './presentation-form.ts';
import { integerOctets, notA, parseBase64, parseHex, parseInteger } from './values.ts';

/**
 * HIP (RFC 8005 §5, §6): public-key algorithm, HIT in hexadecimal, public key in base64 without white space, and the names
 * of rendezvous servers, if any.
 */
export const hostIdentity: PresentationForm = {
  toText(reader) {
    const tagLength = reader.u8();
    const algorithm = reader.u8();
    const keyLength = reader.u16();
    const tag = hexOf(reader.take(tagLength));
    const key = base64Of(reader.take(keyLength));
    const servers: string[] = [];
    while (reader.remaining > 0) servers.push(reader.name().toString());
    return [algorithm, tag, key, ...servers].join(' ');
  },
  fromWords(words) {
    const algorithm = parseInteger(words.next('public key algorithm'), 'public key algorithm', 0xff);
    const token = words.next('host identity tag');
    const tag = parseHex([token], 'host identity tag');
    if (tag.length > 0xff) throw notA(token, 'host identity tag', 'at most 255 octets');
    const key = parseBase64([words.next('public key')], 'public key');
    const parts: ArrayLike<number>[] = [[tag.length, algorithm], integerOctets(key.length, 2), tag, key];
    while (words.left > 0) parts.push(words.name('rendezvous server'));
    return concatOctets(parts);
  },
};
