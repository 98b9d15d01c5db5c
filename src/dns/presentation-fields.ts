import { Type } from './codes.ts';

/**
 * How one piece of RDATA is written for people:
 *
 * - `u8`, `u16`, `u32`: a decimal number of that many bits.
 * - `seconds`: a `u32`, which a zone file may also write with units, `1h30m`.
 * - `name`: a domain name. `ipv4`, `ipv6`: an address.
 * - `string`: a character-string (RFC 1035 §3.3), at most 255 octets.
 * - `tag`: a character-string of ASCII letters and digits (RFC 8659 §4.1.1), at least one.
 * - the rest of the RDATA: `strings`, one or more character-strings; `text`, one string without a length octet;
 *   `hex` and `base64`, at least one octet; `service-parameters` (RFC 9460 §2.1), possibly none.
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
  | 'strings'
  | 'text'
  | 'hex'
  | 'base64'
  | 'service-parameters';

/** One piece of RDATA: what its RFC calls it, in plain words, and how it is written. */
export type PresentationField = readonly [label: string, kind: PresentationKind];

/** The pieces of a type's RDATA in order, or undefined for a type that is written as RFC 3597 §5 says, `\# 3 abcdef`. */
export function presentationFields(type: number): readonly PresentationField[] | undefined {
  return fields.get(type);
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
  ['algorithm', 'u8'],
  ['digest type', 'u8'],
  ['digest', 'hex'],
];
const publicKey: readonly PresentationField[] = [
  ['flags', 'u16'],
  ['protocol', 'u8'],
  ['algorithm', 'u8'],
  ['public key', 'base64'],
];
const service: readonly PresentationField[] = [
  ['priority', 'u16'],
  ['target name', 'name'],
  ['parameters', 'service-parameters'],
];

/** RFC 1035 §3.3 and, in order of their lines, RFC 1183, 3596, 2782, 3403, 2230, 6672, 4034, 4255, 6698, 8162, 7344, 7929, 9460, 7208, 7553, 8659. */
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
  [Type.DNAME, host],
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
  [Type.TLSA, certificate],
  [Type.SMIMEA, certificate],
  [Type.CDS, digest],
  [Type.CDNSKEY, publicKey],
  [Type.OPENPGPKEY, [['public key', 'base64']]],
  [Type.SVCB, service],
  [Type.HTTPS, service],
  [Type.SPF, [['text', 'strings']]],
  [
    Type.URI,
    [
      ['priority', 'u16'],
      ['weight', 'u16'],
      ['target', 'text'],
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
]);
