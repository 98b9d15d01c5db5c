import { Type } from '../codes.ts';
import { addressPrefixes } from './address-prefixes.ts';
import type { PresentationCodec } from './codec.ts';
import { ipsecGateway, multicastRelay } from './gateway.ts';
import { hexGroups } from './hex-groups.ts';
import { hostIdentity } from './host-identity.ts';
import { location } from './location.ts';
import type { mnemonicFields } from './mnemonics.ts';
import { typeBitmap } from './type-bitmap.ts';

/**
 * How one piece of RDATA is written for people:
 *
 * - `u8`, `u16`, `u32`: a decimal number of that many bits.
 * - `seconds`: a `u32`, which a zone file may also write with units, `1h30m`.
 * - `name`: a domain name. `ipv4`, `ipv6`: an address.
 * - `string`: a character-string (RFC 1035 §3.3), at most 255 octets.
 * - `tag`: a character-string of ASCII letters and digits (RFC 8659 §4.1.1), at least one.
 * - `algorithm`, `certificate-type`, `scheme`, `type`: a number that has a mnemonic, see `mnemonicFields`.
 * - `eui48`, `eui64`: pairs of hexadecimal digits (RFC 7043 §3.2, §4.2). `locator`: four groups of them (RFC 6742 §2.1.2).
 * - the rest of the RDATA: `strings`, one or more character-strings; `text`, one string without a length octet; `uri`, the same with at least one octet (RFC 7553 §4.4);
 *   `hex` and `base64`, at least one octet; `service-parameters` (RFC 9460 §2.1), possibly none; and what has a codec.
 */
export type PresentationKind =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'seconds'
  | 'name'
  | 'ipv4'
  | 'ipv6'
  | 'string'
  | 'tag'
  | keyof typeof mnemonicFields
  | keyof typeof fixedFields
  | 'strings'
  | 'text'
  | 'uri'
  | 'hex'
  | 'base64'
  | 'service-parameters'
  | CodecKind;

/** The kinds of fields that take the rest of the RDATA and have a codec. */
export type CodecKind = keyof typeof codecs;

/** How the rest of the RDATA is written and read for these kinds. */
export const codecs = {
  types: typeBitmap,
  location,
  'address-prefixes': addressPrefixes,
  'host-identity': hostIdentity,
  'ipsec-gateway': ipsecGateway,
  'multicast-relay': multicastRelay,
} as const satisfies Readonly<Record<string, PresentationCodec>>;

/** Fields of a fixed number of octets in hexadecimal groups. */
export const fixedFields = {
  eui48: hexGroups({ groups: 6, digits: 2, separator: '-', example: '00-00-5e-00-53-2a' }),
  eui64: hexGroups({ groups: 8, digits: 2, separator: '-', example: '00-00-5e-ef-10-00-00-2a' }),
  locator: hexGroups({ groups: 4, digits: 4, separator: ':', example: '0014:4fff:ff20:ee64' }),
} as const;

/** One piece of RDATA: what its RFC calls it, in plain words, and how it is written. */
export type PresentationField = readonly [label: string, kind: PresentationKind];

/** The pieces of a type's RDATA in order, or undefined for a type that is written as RFC 3597 §5 says, `\# 3 abcdef`. */
export function presentationFields(type: number): readonly PresentationField[] | undefined {
  return fields.get(type);
}

/** Whether RDATA of a type may have no octets: any of a type without a form, and a list that may be empty (RFC 3123 §4). */
export function mayBeEmpty(type: number): boolean {
  return type === Type.APL || !fields.has(type);
}

const host: readonly PresentationField[] = [['host name', 'name']];
const preferenceAndHost: readonly PresentationField[] = [
  ['preference', 'u16'],
  ['host name', 'name'],
];
const certificate: readonly PresentationField[] = [
  ['certificate usage', 'u8'],
  ['selector', 'u8'],
  ['matching type', 'u8'],
  ['certificate data', 'hex'],
];
const digest: readonly PresentationField[] = [
  ['key tag', 'u16'],
  ['algorithm', 'algorithm'],
  ['digest type', 'u8'],
  ['digest', 'hex'],
];
const publicKey: readonly PresentationField[] = [
  ['flags', 'u16'],
  ['protocol', 'u8'],
  ['algorithm', 'algorithm'],
  ['public key', 'base64'],
];
const service: readonly PresentationField[] = [
  ['priority', 'u16'],
  ['target name', 'name'],
  ['parameters', 'service-parameters'],
];

const locator: readonly PresentationField[] = [
  ['preference', 'u16'],
  ['locator', 'locator'],
];

/**
 * RFC 1035 §3.3 and, in order of their lines, RFC 1183, 3596, 1876, 2782, 3403, 2230, 4398, 6672, 3123, 4034, 4255, 4025,
 * 6698, 8162, 8005, 7344, 7929, 7477, 8976, 9460, 9859, 9886, 7208, 6742, 7043, 7553, 8659, 8777, 9606, and the IANA template
 * of WALLET.
 */
const fields = new Map<number, readonly PresentationField[]>([
  [Type.A, [['address', 'ipv4']]],
  [Type.NS, host],
  [Type.CNAME, host],
  [
    Type.SOA,
    [
      ['primary server', 'name'],
      ['mailbox', 'name'],
      ['serial', 'u32'],
      ['refresh', 'seconds'],
      ['retry', 'seconds'],
      ['expire', 'seconds'],
      ['minimum', 'seconds'],
    ],
  ],
  [Type.PTR, host],
  [
    Type.HINFO,
    [
      ['CPU', 'string'],
      ['operating system', 'string'],
    ],
  ],
  [Type.MX, preferenceAndHost],
  [Type.TXT, [['text', 'strings']]],
  [
    Type.RP,
    [
      ['mailbox', 'name'],
      ['text name', 'name'],
    ],
  ],
  [Type.AFSDB, preferenceAndHost],
  [Type.AAAA, [['address', 'ipv6']]],
  [Type.LOC, [['latitude, longitude and altitude', 'location']]],
  [
    Type.SRV,
    [
      ['priority', 'u16'],
      ['weight', 'u16'],
      ['port', 'u16'],
      ['target name', 'name'],
    ],
  ],
  [
    Type.NAPTR,
    [
      ['order', 'u16'],
      ['preference', 'u16'],
      ['flags', 'string'],
      ['services', 'string'],
      ['regular expression', 'string'],
      ['replacement', 'name'],
    ],
  ],
  [Type.KX, preferenceAndHost],
  [
    Type.CERT,
    [
      ['certificate type', 'certificate-type'],
      ['key tag', 'u16'],
      ['algorithm', 'algorithm'],
      ['certificate', 'base64'],
    ],
  ],
  [Type.DNAME, host],
  [Type.APL, [['address prefixes', 'address-prefixes']]],
  [Type.DS, digest],
  [Type.DNSKEY, publicKey],
  [
    Type.SSHFP,
    [
      ['algorithm', 'u8'],
      ['fingerprint type', 'u8'],
      ['fingerprint', 'hex'],
    ],
  ],
  [
    Type.IPSECKEY,
    [
      ['precedence', 'u8'],
      ['gateway type, algorithm, gateway and public key', 'ipsec-gateway'],
    ],
  ],
  [Type.TLSA, certificate],
  [Type.SMIMEA, certificate],
  [
    Type.HIP,
    [['public key algorithm, host identity tag, public key and rendezvous servers', 'host-identity']],
  ],
  [Type.CDS, digest],
  [Type.CDNSKEY, publicKey],
  [Type.OPENPGPKEY, [['public key', 'base64']]],
  [
    Type.CSYNC,
    [
      ['SOA serial', 'u32'],
      ['flags', 'u16'],
      ['types', 'types'],
    ],
  ],
  [
    Type.ZONEMD,
    [
      ['serial', 'u32'],
      ['scheme', 'u8'],
      ['hash algorithm', 'u8'],
      ['digest', 'hex'],
    ],
  ],
  [Type.SVCB, service],
  [Type.HTTPS, service],
  [
    Type.DSYNC,
    [
      ['record type', 'type'],
      ['scheme', 'scheme'],
      ['port', 'u16'],
      ['target name', 'name'],
    ],
  ],
  [Type.HHIT, [['host identity', 'base64']]],
  [Type.BRID, [['broadcast identifier', 'base64']]],
  [Type.SPF, [['text', 'strings']]],
  [Type.NID, locator],
  [
    Type.L32,
    [
      ['preference', 'u16'],
      ['locator', 'ipv4'],
    ],
  ],
  [Type.L64, locator],
  [Type.LP, preferenceAndHost],
  [Type.EUI48, [['address', 'eui48']]],
  [Type.EUI64, [['address', 'eui64']]],
  [
    Type.URI,
    [
      ['priority', 'u16'],
      ['weight', 'u16'],
      ['target', 'uri'],
    ],
  ],
  [
    Type.CAA,
    [
      ['flags', 'u8'],
      ['tag', 'tag'],
      ['value', 'text'],
    ],
  ],
  [
    Type.AMTRELAY,
    [
      ['precedence', 'u8'],
      ['discovery-optional flag, relay type and relay', 'multicast-relay'],
    ],
  ],
  [Type.RESINFO, [['resolver information', 'strings']]],
  [Type.WALLET, [['wallet', 'strings']]],
]);
