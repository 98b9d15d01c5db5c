import { base64Of } from '../../octets/text.ts';
import type { WireReader } from '../wire-reader.ts';
import { addressFamilies } from './fixed-text.ts';
import { type PresentationForm, restOf } from './presentation-form.ts';
import { notA, parseBase64, parseInteger } from './values.ts';
import type { Words } from './words.ts';

/** RFC 4025 §2.3 and RFC 8777 §4.2.3: nothing, or an uncompressed name. Between these are `addressFamilies`. */
const GatewayType = { NONE: 0, NAME: 3 } as const;

/** What follows the precedence of IPSECKEY (RFC 4025 §3.1): gateway type, algorithm, gateway, and the public key, if any. */
export const ipsecGateway: PresentationForm = {
  toText(reader) {
    const type = reader.u8();
    const algorithm = reader.u8();
    const gateway = gatewayToText(reader, type);
    return gateway && `${type} ${algorithm} ${gateway} ${base64Of(restOf(reader))}`.trimEnd();
  },
  fromWords(words) {
    const type = parseInteger(words.next('gateway type'), 'gateway type', GatewayType.NAME);
    const algorithm = parseInteger(words.next('algorithm'), 'algorithm', 0xff);
    const gateway = gatewayFrom(words, 'gateway', type);
    // RFC 4025 §2.4: "A value of 0 indicates that no key is present."
    const key = algorithm === 0 ? [] : parseBase64([words.next('public key'), ...words.rest()], 'public key');
    return [type, algorithm, ...gateway, ...key];
  },
};

/** What follows the precedence of AMTRELAY (RFC 8777 §4.3.1): discovery-optional flag, relay type and relay. */
export const multicastRelay: PresentationForm = {
  toText(reader) {
    const flagAndType = reader.u8();
    const [flag, type] = [flagAndType >>> 7, flagAndType & 0x7f];
    const relay = gatewayToText(reader, type);
    return relay && `${flag} ${type} ${relay}`;
  },
  fromWords(words) {
    const flag = parseInteger(words.next('discovery-optional flag'), 'discovery-optional flag', 1);
    const type = parseInteger(words.next('relay type'), 'relay type', GatewayType.NAME);
    return [(flag << 7) | type, ...gatewayFrom(words, 'relay', type)];
  },
};

/** Undefined for a type that is not known. */
function gatewayToText(reader: WireReader, type: number): string | undefined {
  if (type === GatewayType.NONE) return '.';
  if (type === GatewayType.NAME) return reader.name().toString();
  const address = addressFamilies[type];
  return address?.toText(reader.take(address.size));
}

function gatewayFrom(words: Words, label: string, type: number): Iterable<number> {
  if (type === GatewayType.NAME) return words.name(label);
  const token = words.next(label);
  const address = addressFamilies[type];
  const octets = address === undefined ? (token.raw === '.' ? [] : undefined) : address.fromText(token.raw);
  if (octets !== undefined) return octets;
  throw notA(token, `${label} of type ${type}`, address?.expected ?? 'a dot');
}
