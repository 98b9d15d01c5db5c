import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from '../../ip/text.ts';
import { base64Of } from '../../octets/text.ts';
import type { WireReader } from '../wire-reader.ts';
import { type PresentationForm, restOf } from './presentation-form.ts';
import { notA, parseBase64, parseInteger } from './values.ts';
import type { Words } from './words.ts';

/** RFC 4025 §2.3 and RFC 8777 §4.2.3: nothing, an IPv4 address, an IPv6 address, or an uncompressed name. */
const GatewayType = { NONE: 0, IPV4: 1, IPV6: 2, NAME: 3 } as const;

/** What follows the precedence of IPSECKEY (RFC 4025 §3.1): gateway type, algorithm, gateway, and the public key, if any. */
export const ipsecGateway: PresentationForm = {
  toText(reader) {
    const type = reader.u8('gateway type');
    const algorithm = reader.u8('algorithm type');
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
    const flagAndType = reader.u8('D-bit and type');
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
  switch (type) {
    case GatewayType.NONE:
      return '.';
    case GatewayType.IPV4:
      return ipv4ToText(reader.take(4, 'gateway'));
    case GatewayType.IPV6:
      return ipv6ToText(reader.take(16, 'gateway'));
    case GatewayType.NAME:
      return reader.name('gateway').toString();
    default:
      return undefined;
  }
}

function gatewayFrom(words: Words, label: string, type: number): ArrayLike<number> & Iterable<number> {
  if (type === GatewayType.NAME) return words.name(label);
  const token = words.next(label);
  const [expected, octets] =
    type === GatewayType.NONE
      ? ['a dot', token.raw === '.' ? [] : undefined]
      : type === GatewayType.IPV4
        ? ['an IPv4 address', ipv4FromText(token.raw)]
        : ['an IPv6 address', ipv6FromText(token.raw)];
  if (octets === undefined) throw notA(token, `${label} of type ${type}`, expected);
  return octets;
}
