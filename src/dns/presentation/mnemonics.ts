import { typeFromText, typeToText } from '../codes.ts';

/** Numbers of a field that may be written as words. */
export interface Mnemonics {
  /** Octets of the field. */
  readonly size: 1 | 2;
  /** What is expected, for messages. */
  readonly expected: string;
  /** How the number is printed. */
  toText(code: number): string;
  /** The number that a word, in any case, or a decimal number means. */
  fromText(text: string): number | undefined;
}

/**
 * DNSSEC algorithms (IANA "DNS Security Algorithm Numbers"). RFC 4034 §2.2: "The Algorithm field MUST be represented either as
 * an unsigned decimal integer or as an algorithm mnemonic"; what is printed is the number, which every program reads.
 */
const algorithms = mnemonics(1, 'DNSSEC algorithm, such as 13 or ECDSAP256SHA256', {
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
const certificates = mnemonics(2, 'certificate type, such as 1 or PKIX', {
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
const schemes = mnemonics(1, 'scheme, such as 1 or NOTIFY', { NOTIFY: 1 });

/** The kinds of fields with mnemonics. */
export const mnemonicFields = {
  algorithm: { ...algorithms, toText: String },
  'certificate-type': certificates,
  scheme: schemes,
  type: {
    size: 2,
    expected: 'record type, such as A or TYPE65400',
    toText: typeToText,
    fromText: typeFromText,
  },
} as const satisfies Readonly<Record<string, Mnemonics>>;

/** Of several words for a number the first is printed. */
function mnemonics(size: 1 | 2, expected: string, codes: Readonly<Record<string, number>>): Mnemonics {
  const words = new Map(Object.entries(codes));
  const printed = new Map(
    Object.entries(codes)
      .reverse()
      .map(([word, code]) => [code, word]),
  );
  const maximum = size === 1 ? 0xff : 0xffff;
  return {
    size,
    expected,
    toText: (code) => printed.get(code) ?? String(code),
    fromText: (text) => {
      if (/^\d{1,5}$/.test(text)) return Number(text) <= maximum ? Number(text) : undefined;
      return words.get(text.toUpperCase());
    },
  };
}
