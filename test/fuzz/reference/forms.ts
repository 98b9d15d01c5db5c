import { Type } from '../../../src/dns/codes.ts';

/**
 * The form of RDATA by type, written from the RFCs and not from the program: a number is that many octets, `n` a name, `w`
 * one without pointers, `s` a character-string, `t` one that is not empty. The others take the rest: `S` one or more strings, `p`
 * SvcParams, `b` a type bitmap, `L` a location, `G` and `R` a gateway and a relay, `P` address prefixes, `H` a host identity,
 * `Z` 12 octets or more, `+` one or more, `*` any.
 */
export const forms: ReadonlyMap<number, readonly string[]> = new Map(
  Object.entries({
    A: '4',
    NS: 'n',
    MD: 'n',
    MF: 'n',
    CNAME: 'n',
    SOA: 'n n 20',
    MB: 'n',
    MG: 'n',
    MR: 'n',
    WKS: '5 *',
    PTR: 'n',
    HINFO: 's s',
    MINFO: 'n n',
    MX: '2 n',
    TXT: 'S',
    RP: 'n n',
    AFSDB: '2 n',
    RT: '2 n',
    SIG: '18 n *',
    KEY: '4 *',
    PX: '2 n n',
    AAAA: '16',
    NXT: 'n *',
    LOC: 'L',
    SRV: '6 n',
    NAPTR: '4 s s s n',
    KX: '2 n',
    CERT: '5 *',
    DNAME: 'n',
    APL: 'P',
    DS: '4 *',
    SSHFP: '2 *',
    IPSECKEY: '1 G',
    RRSIG: '18 n *',
    NSEC: 'n b',
    DNSKEY: '4 *',
    DHCID: '3 *',
    NSEC3: '4 s s b',
    NSEC3PARAM: '4 s',
    TLSA: '3 *',
    SMIMEA: '3 *',
    HIP: 'H',
    CDS: '4 *',
    CDNSKEY: '4 *',
    OPENPGPKEY: '+',
    CSYNC: '6 b',
    ZONEMD: '6 Z',
    SVCB: '2 n p',
    HTTPS: '2 n p',
    DSYNC: '5 w',
    HHIT: '+',
    BRID: '+',
    SPF: 'S',
    NID: '10',
    L32: '6',
    L64: '10',
    LP: '2 n',
    EUI48: '6',
    EUI64: '8',
    URI: '4 +',
    CAA: '1 t *',
    AMTRELAY: '1 R',
    RESINFO: 'S',
    WALLET: 'S',
  }).map(([name, form]) => [Type[name as keyof typeof Type], form.split(' ')]),
);

/** The types whose names a sender may compress: those of RFC 1035 (RFC 3597 §4). */
export const compressibleTypes: ReadonlySet<number> = new Set([
  Type.NS,
  Type.MD,
  Type.MF,
  Type.CNAME,
  Type.SOA,
  Type.MB,
  Type.MG,
  Type.MR,
  Type.PTR,
  Type.MINFO,
  Type.MX,
]);

/** Types that never stand in a zone (RFC 6895 §3.1). */
export function isMeta(type: number): boolean {
  return type === 0 || type === 41 || (type > 127 && type < 256);
}
