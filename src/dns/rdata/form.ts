import { Type } from '../codes.ts';

/**
 * One piece of RDATA:
 *
 * - `u8`, `u16`, `u32`: a number of that many bits. `seconds`: a `u32`, which a zone file may also write with units, `1h30m`.
 * - `algorithm`, `certificate-type`, `scheme`, `type`: a number that has mnemonics.
 * - `compressible-name`, `name`, `whole-name`: a domain name. The first is written with compression, the second may be read
 *   with it, the third may not.
 * - `ipv4`, `ipv6`: an address. `eui48`, `eui64`: one of hardware (RFC 7043). `locator`: RFC 6742 §2.1.2.
 * - `string`: a character-string (RFC 1035 §3.3). `tag`: one of ASCII letters and digits that is not empty (RFC 8659 §4.1: "The
 *   tag length MUST be at least 1").
 * - `location`: RFC 1876 §2.
 *
 * The others take what is left:
 *
 * - `strings`: one or more character-strings.
 * - `text`: one string without a length octet. `uri`: the same, of at least one octet (RFC 7553 §4.4: the target "MUST NOT be an
 *   empty URI").
 * - `hex`, `base64`: octets that are written so, at least one then. `octets`: the same as `base64`, and never empty.
 *   `zone-digest`: the same as `hex`, of at least 12 octets (RFC 8976 §2.2.4).
 * - `address-prefixes` (RFC 3123 §4), `service-parameters` (RFC 9460 §2.2), `types` (a bitmap, RFC 4034 §4.1.2): possibly none.
 * - `ipsec-gateway`, `multicast-relay`: a type and an address or name of that type, among others (RFC 4025 §2.1, RFC 8777 §4.1).
 * - `host-identity`: RFC 8005 §5.
 */
export type FieldKind = keyof typeof sizes | keyof typeof restKinds | CheckedKind;

/** The kinds whose octets must have a form. */
type CheckedKind =
  | 'compressible-name'
  | 'name'
  | 'whole-name'
  | 'string'
  | 'tag'
  | 'location'
  | 'strings'
  | 'uri'
  | 'octets'
  | 'zone-digest'
  | 'address-prefixes'
  | 'service-parameters'
  | 'types'
  | 'ipsec-gateway'
  | 'multicast-relay'
  | 'host-identity';

/** What a piece is to a reader: a number of octets, any octets up to the end (`rest`), or what the kind says. */
export type WireField = number | 'rest' | CheckedKind;

/** The form of RDATA of a type; undefined for a type that is opaque, as RFC 3597 §3 wants of unknown types. */
export function rdataForm(type: number): readonly WireField[] | undefined {
  return forms.get(type);
}

/** The same for the types whose RDATA has names that must be expanded when it is read; undefined for all others. */
export function namedForm(type: number): readonly WireField[] | undefined {
  return named.get(type);
}

/** One piece of RDATA as people write it: its kind, and what its RFC calls it, in plain words. */
export interface PresentationField {
  readonly kind: FieldKind;
  readonly label: string;
}

/** The pieces of a type's RDATA in order, or undefined for a type that is written as RFC 3597 §5 says, `\# 3 abcdef`. */
export function presentationFields(type: number): readonly PresentationField[] | undefined {
  return presentations.get(type);
}

/** Whether RDATA of a type may have no octets: any of a type that is written as octets, and a list that may be empty (RFC 3123 §4). */
export function mayBeEmpty(type: number): boolean {
  return type === Type.APL || !presentations.has(type);
}

/** Octets of the kinds that always have the same number of them. */
const sizes = {
  u8: 1,
  u16: 2,
  u32: 4,
  seconds: 4,
  algorithm: 1,
  'certificate-type': 2,
  scheme: 1,
  type: 2,
  ipv4: 4,
  ipv6: 16,
  eui48: 6,
  eui64: 8,
  locator: 8,
} as const;

const restKinds = { text: 'rest', hex: 'rest', base64: 'rest' } as const;

/** A kind, and a label if people write it. */
type Field = FieldKind | `${FieldKind} ${string}`;

const host: readonly Field[] = ['compressible-name host name'];
const preferenceAndHost: readonly Field[] = ['u16 preference', 'name host name'];
const service: readonly Field[] = ['u16 priority', 'name target name', 'service-parameters parameters'];
const publicKey: readonly Field[] = ['u16 flags', 'u8 protocol', 'algorithm algorithm', 'base64 public key'];
const digest: readonly Field[] = ['u16 key tag', 'algorithm algorithm', 'u8 digest type', 'hex digest'];
const certificate: readonly Field[] = [
  'u8 certificate usage',
  'u8 selector',
  'u8 matching type',
  'hex certificate data',
];
const locator: readonly Field[] = ['u16 preference', 'locator locator'];
const signature: readonly Field[] = ['u16', 'u8', 'u8', 'u32', 'u32', 'u32', 'u16', 'name', 'base64'];

/**
 * Every type with RDATA that is known. What has no label is read, and written as octets.
 *
 * `compressible-name` only for the types of RFC 1035: RFC 3597 §4, "Receiving servers MUST decompress domain names in RRs
 * of well-known type, and SHOULD also decompress RRs of type RP, AFSDB, RT, SIG, PX, NXT, NAPTR, and SRV", and senders
 * "MUST NOT" compress any but the well-known. Of the newer types `name` stands where others decompress too, and
 * `whole-name` where the RFC forbids compression or the name is not always there.
 *
 * RFC 1035 §3.3 and, in order of their lines, RFC 1183, 2535, 2163, 3596, 1876, 2782, 3403, 2230, 4398, 6672, 3123, 4034, 4255,
 * 4025, 4701, 5155, 6698, 8162, 8005, 7344, 7929, 7477, 8976, 9460, 9859, 9886, 7208, 6742, 7043, 7553, 8659, 8777, 9606, and
 * the IANA template of WALLET.
 */
const fields: Readonly<Partial<Record<keyof typeof Type, readonly Field[]>>> = {
  A: ['ipv4 address'],
  NS: host,
  MD: ['compressible-name'],
  MF: ['compressible-name'],
  CNAME: host,
  SOA: [
    'compressible-name primary server',
    'compressible-name mailbox',
    'u32 serial',
    'seconds refresh',
    'seconds retry',
    'seconds expire',
    'seconds minimum',
  ],
  MB: ['compressible-name'],
  MG: ['compressible-name'],
  MR: ['compressible-name'],
  WKS: ['ipv4', 'u8', 'hex'],
  PTR: host,
  HINFO: ['string CPU', 'string operating system'],
  MINFO: ['compressible-name', 'compressible-name'],
  MX: ['u16 preference', 'compressible-name host name'],
  TXT: ['strings text'],
  RP: ['name mailbox', 'name text name'],
  AFSDB: preferenceAndHost,
  RT: ['u16', 'name'],
  SIG: signature,
  KEY: ['u16', 'u8', 'u8', 'base64'],
  PX: ['u16', 'name', 'name'],
  AAAA: ['ipv6 address'],
  LOC: ['location latitude, longitude, altitude, size and precisions'],
  NXT: ['name', 'hex'],
  SRV: ['u16 priority', 'u16 weight', 'u16 port', 'name target name'],
  NAPTR: [
    'u16 order',
    'u16 preference',
    'string flags',
    'string services',
    'string regular expression',
    'name replacement',
  ],
  KX: preferenceAndHost,
  CERT: ['certificate-type certificate type', 'u16 key tag', 'algorithm algorithm', 'base64 certificate'],
  DNAME: ['name host name'],
  APL: ['address-prefixes address prefixes'],
  DS: digest,
  SSHFP: ['u8 algorithm', 'u8 fingerprint type', 'hex fingerprint'],
  IPSECKEY: ['u8 precedence', 'ipsec-gateway gateway type, algorithm, gateway and public key'],
  RRSIG: signature,
  NSEC: ['name', 'types'],
  DNSKEY: publicKey,
  // RFC 4701 §3.1: identifier type, digest type, digest.
  DHCID: ['u16', 'u8', 'base64'],
  NSEC3: ['u8', 'u8', 'u16', 'string', 'string', 'types'],
  NSEC3PARAM: ['u8', 'u8', 'u16', 'string'],
  TLSA: certificate,
  SMIMEA: certificate,
  HIP: ['host-identity public key algorithm, host identity tag, public key and rendezvous servers'],
  CDS: digest,
  CDNSKEY: publicKey,
  OPENPGPKEY: ['octets public key'],
  CSYNC: ['u32 SOA serial', 'u16 flags', 'types types'],
  ZONEMD: ['u32 serial', 'u8 scheme', 'u8 hash algorithm', 'zone-digest digest'],
  SVCB: service,
  HTTPS: service,
  // RFC 9859 §2.1: Target is "a fully qualified, uncompressed domain name".
  DSYNC: ['type record type', 'scheme scheme', 'u16 port', 'whole-name target name'],
  HHIT: ['octets host identity'],
  BRID: ['octets broadcast identifier'],
  SPF: ['strings text'],
  NID: locator,
  L32: ['u16 preference', 'ipv4 locator'],
  L64: locator,
  LP: preferenceAndHost,
  EUI48: ['eui48 address'],
  EUI64: ['eui64 address'],
  URI: ['u16 priority', 'u16 weight', 'uri target'],
  CAA: ['u8 flags', 'tag tag', 'text value'],
  AMTRELAY: ['u8 precedence', 'multicast-relay discovery-optional flag, relay type and relay'],
  // RFC 9606 §5: "uses the same format as DNS TXT records".
  RESINFO: ['strings resolver information'],
  WALLET: ['strings wallet'],
};

const forms = new Map<number, readonly WireField[]>();
const named = new Map<number, readonly WireField[]>();
const presentations = new Map<number, readonly PresentationField[]>();
for (const [mnemonic, texts] of Object.entries(fields)) {
  const type = Type[mnemonic as keyof typeof Type];
  const written = texts.map((text) => {
    const [kind, ...label] = text.split(' ');
    return { kind: kind as FieldKind, label: label.join(' ') };
  });
  if (written[0]?.label !== '') presentations.set(type, written);
  const form = wireForm(written);
  forms.set(type, form);
  if (form.includes('name') || form.includes('compressible-name')) named.set(type, form);
}

/** Numbers beside each other are one, because every record of every reply is checked by this. */
function wireForm(written: readonly PresentationField[]): readonly WireField[] {
  const form: WireField[] = [];
  const wire: Partial<Record<FieldKind, number | 'rest'>> = { ...sizes, ...restKinds };
  for (const { kind } of written) {
    const field = wire[kind] ?? (kind as CheckedKind);
    const last = form.at(-1);
    if (typeof field === 'number' && typeof last === 'number') form[form.length - 1] = last + field;
    else form.push(field);
  }
  return form;
}
