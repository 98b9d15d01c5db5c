/** Numbers that may be written as words. */
export interface Mnemonics {
  /** How the number is printed. */
  toText(code: number): string;
  /** The number that a word, in any case, or a decimal number means; undefined for another word. */
  fromText(text: string): number | undefined;
}

/**
 * DNSSEC algorithms (IANA "DNS Security Algorithm Numbers"). RFC 4034 §2.2: "The Algorithm field MUST be represented either as
 * an unsigned decimal integer or as an algorithm mnemonic"; what is printed is the number, which every program reads.
 */
export const algorithms: Mnemonics = mnemonics({
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  NSEC3DSA: 6,
  'RSASHA1-NSEC3-SHA1': 7,
  NSEC3RSASHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  SM2SM3: 17,
  'ECC-GOST12': 23,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
});

/** RFC 4398 §2.1: types of certificates, "represented as an unsigned decimal integer or as a mnemonic symbol". */
export const certificateTypes: Mnemonics = mnemonics({
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
});

/** RFC 9859 §5.2: schemes of DSYNC. */
export const schemes: Mnemonics = mnemonics({ NOTIFY: 1 });

/** Of several words for a number the first is printed. */
function mnemonics(codes: Readonly<Record<string, number>>): Mnemonics {
  const words = new Map(Object.entries(codes));
  return {
    toText: (code) => [...words].find(([, own]) => own === code)?.[0] ?? String(code),
    fromText: (text) => (/^\d{1,5}$/.test(text) ? Number(text) : words.get(text.toUpperCase())),
  };
}
