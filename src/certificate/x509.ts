import { createHash, type KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  type Extension,
  Extensions,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

/** What stands in an X.509 certificate (RFC 5280 §4.1). */
export interface CertificateContent {
  /** Common names of 1 to 64 characters (RFC 5280 appendix A.1: `ub-common-name`). */
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  /** Octets that differ for each certificate of an issuer, at least 16; the first 16 count. */
  readonly serial: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
}

/** Signs for the issuer. */
export interface Signer {
  /** One of `signatureAlgorithms`. */
  readonly algorithm: string;
  sign(octets: Uint8Array): Uint8Array;
}

/** Object identifiers; the parameters of both are absent (RFC 5758 §3.2, RFC 8410 §3). */
export const signatureAlgorithms = { ecdsaSha256: '1.2.840.10045.4.3.2', ed25519: '1.3.101.112' } as const;

/** RFC 5280 appendix A.1: `id-at-commonName`. */
const COMMON_NAME = '2.5.4.3';
/** RFC 5280 §4.1.2.2: "CAs MUST NOT use serialNumber values longer than 20 octets." */
const SERIAL_LENGTH = 16;

/** A signed certificate of version 3, as PEM (RFC 7468 §5). */
export function signCertificate(content: CertificateContent, { algorithm, sign }: Signer): string {
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: arrayBuffer(serialNumber(content.serial)),
    signature: signatureAlgorithm,
    issuer: commonName(content.issuer),
    validity: new Validity({
      notBefore: content.notBefore,
      notAfter: content.notAfter,
    }),
    subject: commonName(content.subject),
    subjectPublicKeyInfo: publicKeyInfo(content.publicKey),
    extensions: new Extensions([...content.extensions]),
  });
  const signature = sign(new Uint8Array(AsnConvert.serialize(tbsCertificate)));
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm,
    signatureValue: arrayBuffer(signature),
  });
  const base64 = Buffer.from(AsnConvert.serialize(certificate)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

/**
 * The identifier of a public key, 20 octets. RFC 7093 §2 (1): "composed of the leftmost 160-bits of the SHA-256 hash of
 * the value of the BIT STRING subjectPublicKey (excluding the tag, length, and number of unused bits)."
 */
export function keyIdentifier(publicKey: KeyObject): Uint8Array {
  const { subjectPublicKey } = publicKeyInfo(publicKey);
  return createHash('sha256').update(new Uint8Array(subjectPublicKey)).digest().subarray(0, 20);
}

/** The octets alone: the library takes the whole buffer behind an array. */
function arrayBuffer(octets: Uint8Array): ArrayBuffer {
  return Uint8Array.from(octets).buffer;
}

function publicKeyInfo(publicKey: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(publicKey.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo);
}

/** RFC 5280 §4.1.2.2: "The serial number MUST be a positive integer". Its first octet is 0x40 to 0x7f, so it is in DER. */
function serialNumber(octets: Uint8Array): Uint8Array {
  const serial = Uint8Array.from(octets.subarray(0, SERIAL_LENGTH));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function commonName(text: string): Name {
  const value = new AttributeValue({ utf8String: text });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}
