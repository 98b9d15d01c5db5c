import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from '../../ip/text.ts';
import { base64Of } from '../../octets/text.ts';
import { WireReader } from '../wire-reader.ts';
import {
  base64From,
  integerAt,
  type PresentationCodec,
  PresentationError,
  quoted,
  requireEnd,
  wordAt,
} from './codec.ts';

/** RFC 4025 §2.3 and RFC 8777 §4.2.3: nothing, an IPv4 address, an IPv6 address, or an uncompressed name. */
const GatewayType = { NONE: 0, IPV4: 1, IPV6: 2, NAME: 3 } as const;

/** What follows the precedence of IPSECKEY (RFC 4025 §3.1): gateway type, algorithm, gateway, and the public key, if any. */
export const ipsecGateway: PresentationCodec = {
  toText(octets) {
    const reader = new WireReader(octets);
    const type = reader.u8('gateway type');
    const algorithm = reader.u8('algorithm type');
    const gateway = gatewayToText(reader, type);
    if (gateway === undefined) return undefined;
    const key = base64Of(reader.take(reader.remaining, 'public key'));
    return [type, algorithm, gateway, ...(key === '' ? [] : [key])].join(' ');
  },
  fromWords(words, nameAt) {
    const type = integerAt(words, 0, 'gateway type', GatewayType.NAME);
    const algorithm = integerAt(words, 1, 'algorithm', 0xff);
    const gateway = gatewayAt(words, 2, 'gateway', type, nameAt);
    // RFC 4025 §2.4: "A value of 0 indicates that no key is present."
    if (algorithm === 0) requireEnd(words, 3, 'gateway of algorithm 0');
    const key = algorithm === 0 ? [] : base64From(words, 3, 'public key');
    return Uint8Array.of(type, algorithm, ...gateway, ...key);
  },
};

/** What follows the precedence of AMTRELAY (RFC 8777 §4.3.1): discovery-optional flag, relay type and relay. */
export const multicastRelay: PresentationCodec = {
  toText(octets) {
    const reader = new WireReader(octets);
    const flagAndType = reader.u8('D-bit and type');
    const [flag, type] = [flagAndType >>> 7, flagAndType & 0x7f];
    const relay = gatewayToText(reader, type);
    return relay === undefined || reader.remaining > 0 ? undefined : `${flag} ${type} ${relay}`;
  },
  fromWords(words, nameAt) {
    const flag = integerAt(words, 0, 'discovery-optional flag', 1);
    const type = integerAt(words, 1, 'relay type', GatewayType.NAME);
    const relay = gatewayAt(words, 2, 'relay', type, nameAt);
    requireEnd(words, 3, 'relay');
    return Uint8Array.of((flag << 7) | type, ...relay);
  },
};

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

function gatewayAt(
  words: readonly string[],
  index: number,
  label: string,
  type: number,
  nameAt: (index: number) => Uint8Array,
): Uint8Array {
  const word = wordAt(words, index, label);
  const refuse = (expected: string) =>
    new PresentationError(index, `The ${label} of type ${type} must be ${expected}, not ${quoted(word)}.`);
  if (type === GatewayType.NAME) return nameAt(index);
  if (type === GatewayType.NONE) {
    if (word === '.') return new Uint8Array(0);
    throw refuse('a dot');
  }
  const address = type === GatewayType.IPV4 ? ipv4FromText(word) : ipv6FromText(word);
  if (address === undefined) throw refuse(type === GatewayType.IPV4 ? 'an IPv4 address' : 'an IPv6 address');
  return address;
}
