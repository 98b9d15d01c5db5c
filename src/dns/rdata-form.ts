import { Type } from './codes.ts';

/**
 * One piece of RDATA. A number is that many octets.
 *
 * - `compressible-name`, `name`, `whole-name`: a domain name. The first is written with compression, the second may be read
 *   with it, the third may not.
 * - `character-string`: RFC 1035 §3.3. `tag`: one that is not empty (RFC 8659 §4.1: "The tag length MUST be at least 1").
 * - `location`: RFC 1876 §2.
 * - `gateway`, `relay`: a type and an address or name of that type (RFC 4025 §2.1, RFC 8777 §4.1).
 *
 * The others take what is left:
 *
 * - `character-strings`: one or more.
 * - `address-prefixes` (RFC 3123 §4), `service-parameters` (RFC 9460 §2.2), `type-bitmap` (RFC 4034 §4.1.2): possibly none.
 * - `host-identity`: RFC 8005 §5.
 * - `zone-digest`: RFC 8976 §2.2.4.
 * - `octets`: at least one. `rest`: any.
 */
export type Field =
  | number
  | 'compressible-name'
  | 'name'
  | 'whole-name'
  | 'character-string'
  | 'tag'
  | 'location'
  | 'gateway'
  | 'relay'
  | 'character-strings'
  | 'address-prefixes'
  | 'service-parameters'
  | 'type-bitmap'
  | 'host-identity'
  | 'zone-digest'
  | 'octets'
  | 'rest';

/** The form of RDATA of a type; undefined for a type that is opaque, as RFC 3597 §3 wants of unknown types. */
export function rdataForm(type: number): readonly Field[] | undefined {
  return forms.get(type);
}

/** The same for the types whose RDATA has names that must be expanded when it is read; undefined for all others. */
export function namedForm(type: number): readonly Field[] | undefined {
  return named.get(type);
}

/**
 * `compressible-name` only for the types of RFC 1035: RFC 3597 §4, "Receiving servers MUST decompress domain names in RRs
 * of well-known type, and SHOULD also decompress RRs of type RP, AFSDB, RT, SIG, PX, NXT, NAPTR, and SRV", and senders
 * "MUST NOT" compress any but the well-known. Of the newer types `name` stands where others decompress too, and
 * `whole-name` where the RFC forbids compression or the name is not always there.
 */
const forms = new Map<number, readonly Field[]>([
  [Type.A, [4]],
  [Type.NS, ['compressible-name']],
  [Type.MD, ['compressible-name']],
  [Type.MF, ['compressible-name']],
  [Type.CNAME, ['compressible-name']],
  [Type.SOA, ['compressible-name', 'compressible-name', 20]],
  [Type.MB, ['compressible-name']],
  [Type.MG, ['compressible-name']],
  [Type.MR, ['compressible-name']],
  [Type.WKS, [5, 'rest']],
  [Type.PTR, ['compressible-name']],
  [Type.HINFO, ['character-string', 'character-string']],
  [Type.MINFO, ['compressible-name', 'compressible-name']],
  [Type.MX, [2, 'compressible-name']],
  [Type.TXT, ['character-strings']],
  [Type.RP, ['name', 'name']],
  [Type.AFSDB, [2, 'name']],
  [Type.RT, [2, 'name']],
  [Type.SIG, [18, 'name', 'rest']],
  [Type.KEY, [4, 'rest']],
  [Type.PX, [2, 'name', 'name']],
  [Type.AAAA, [16]],
  [Type.LOC, ['location']],
  [Type.NXT, ['name', 'rest']],
  [Type.SRV, [6, 'name']],
  [Type.NAPTR, [4, 'character-string', 'character-string', 'character-string', 'name']],
  [Type.KX, [2, 'name']],
  [Type.CERT, [5, 'rest']],
  [Type.DNAME, ['name']],
  [Type.APL, ['address-prefixes']],
  [Type.DS, [4, 'rest']],
  [Type.SSHFP, [2, 'rest']],
  [Type.IPSECKEY, [1, 'gateway', 'rest']],
  [Type.RRSIG, [18, 'name', 'rest']],
  [Type.NSEC, ['name', 'type-bitmap']],
  [Type.DNSKEY, [4, 'rest']],
  // RFC 4701 §3.1: identifier type, digest type, digest.
  [Type.DHCID, [3, 'rest']],
  [Type.NSEC3, [4, 'character-string', 'character-string', 'type-bitmap']],
  [Type.NSEC3PARAM, [4, 'character-string']],
  [Type.TLSA, [3, 'rest']],
  [Type.SMIMEA, [3, 'rest']],
  [Type.HIP, ['host-identity']],
  [Type.CDS, [4, 'rest']],
  [Type.CDNSKEY, [4, 'rest']],
  [Type.OPENPGPKEY, ['octets']],
  [Type.CSYNC, [6, 'type-bitmap']],
  [Type.ZONEMD, [6, 'zone-digest']],
  [Type.SVCB, [2, 'name', 'service-parameters']],
  [Type.HTTPS, [2, 'name', 'service-parameters']],
  // RFC 9859 §2.1: RRtype, scheme, port; Target is "a fully qualified, uncompressed domain name".
  [Type.DSYNC, [5, 'whole-name']],
  [Type.HHIT, ['octets']],
  [Type.BRID, ['octets']],
  [Type.SPF, ['character-strings']],
  // RFC 6742 §2: a preference, and a locator of 64 bits, an IPv4 address, or a name.
  [Type.NID, [10]],
  [Type.L32, [6]],
  [Type.L64, [10]],
  [Type.LP, [2, 'name']],
  [Type.EUI48, [6]],
  [Type.EUI64, [8]],
  // RFC 7553 §4.4: the target "MUST NOT be an empty URI".
  [Type.URI, [4, 'octets']],
  [Type.CAA, [1, 'tag', 'rest']],
  [Type.AMTRELAY, [1, 'relay']],
  // RFC 9606 §5: "uses the same format as DNS TXT records".
  [Type.RESINFO, ['character-strings']],
  [Type.WALLET, ['character-strings']],
]);

const named = new Map(
  [...forms].filter(([, form]) => form.some((field) => field === 'name' || field === 'compressible-name')),
);
