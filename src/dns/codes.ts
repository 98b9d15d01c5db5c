/** DNS numbers that the program uses by name. Source: IANA "Domain Name System (DNS) Parameters". */

/** RR TYPEs (RFC 1035 §3.2.2 and later) that the program handles, or whose mnemonic people write. */
export const Type = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  RT: 21,
  SIG: 24,
  KEY: 25,
  PX: 26,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  DSYNC: 66,
  HHIT: 67,
  BRID: 68,
  SPF: 99,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AMTRELAY: 260,
  RESINFO: 261,
  WALLET: 262,
} as const;

/** CLASSes (RFC 1035 §3.2.4). */
export const Class = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

/** OPCODEs (RFC 1035 §4.1.1, RFC 1996, RFC 2136). */
export const Opcode = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const;

/** RCODEs (RFC 1035 §4.1.1, RFC 2136, RFC 6891 §9); above 15 they need an OPT record. */
export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  BADVERS: 16,
} as const;

const typeNames = new Map<number, string>(Object.entries(Type).map(([text, code]) => [code, text]));

/** The mnemonic of a TYPE, or `TYPE65400` (RFC 3597 §5) when it has none. */
export function typeToText(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** The TYPE that a mnemonic or `TYPEnnn` means, in any case; undefined when there is none. */
export function typeFromText(text: string): number | undefined {
  const upper = text.toUpperCase();
  if (Object.hasOwn(Type, upper)) return Type[upper as keyof typeof Type];
  const generic = /^TYPE(\d{1,5})$/.exec(upper);
  if (generic === null) return undefined;
  const type = Number(generic[1]);
  return type <= 0xffff ? type : undefined;
}

/** The mnemonic of an RCODE, or `RCODE23` when it has none. */
export function rcodeToText(rcode: number): string {
  return Object.entries(Rcode).find(([, code]) => code === rcode)?.[0] ?? `RCODE${rcode}`;
}

/**
 * True for the QTYPEs and pseudo types that are never in a zone: OPT, and 128 to 255 (RFC 6895 §3.1,
 * "Q and Meta-TYPEs").
 */
export function isMetaType(type: number): boolean {
  return type === Type.OPT || (type >= 128 && type <= 255) || type === 0;
}
