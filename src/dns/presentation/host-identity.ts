import { base64Of, hexOf, octetsFromHex } from '../../octets/text.ts';
import { WireReader } from '../wire-reader.ts';
import { WireWriter } from '../wire-writer.ts';
import { base64From, integerAt, type PresentationCodec, PresentationError, quoted, wordAt } from './codec.ts';

/**
 * HIP (RFC 8005 §5, §6): public-key algorithm, HIT in hexadecimal, public key in base64 without white space, and the names
 * of rendezvous servers, if any.
 */
export const hostIdentity: PresentationCodec = {
  toText(octets) {
    const reader = new WireReader(octets);
    const tagLength = reader.u8('HIT length');
    const algorithm = reader.u8('PK algorithm');
    const keyLength = reader.u16('PK length');
    const tag = hexOf(reader.take(tagLength, 'HIT'));
    const key = base64Of(reader.take(keyLength, 'Public Key'));
    const servers: string[] = [];
    while (reader.remaining > 0) servers.push(reader.name('Rendezvous Servers').toString());
    return [algorithm, tag, key, ...servers].join(' ');
  },
  fromWords(words, nameAt) {
    const algorithm = integerAt(words, 0, 'public key algorithm', 0xff);
    const tag = wordAt(words, 1, 'host identity tag');
    if (!/^(?:[0-9a-f]{2}){1,255}$/i.test(tag))
      throw new PresentationError(1, `The host identity tag must be hexadecimal digits, not ${quoted(tag)}.`);
    const key = base64From([wordAt(words, 2, 'public key')], 0, 'public key');
    const writer = new WireWriter();
    writer.u8(tag.length / 2);
    writer.u8(algorithm);
    writer.u16(key.length);
    writer.octets(octetsFromHex(tag));
    writer.octets(key);
    for (let index = 3; index < words.length; index++) writer.octets(nameAt(index));
    return Uint8Array.from(writer.written);
  },
};
