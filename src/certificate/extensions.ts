import type { KeyObject } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  NameConstraints,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import type { CertificateName } from './certificate-name.ts';
import { keyIdentifier } from './x509.ts';

/** The extensions of an authority that can issue for `names` alone, and only certificates of TLS servers. */
export function authorityExtensions(
  publicKey: KeyObject,
  names: readonly CertificateName[],
): readonly Extension[] {
  return [
    // "A pathLenConstraint of zero indicates that no non-self-issued intermediate CA certificates may follow".
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), isCritical),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign), isCritical),
    // What the constraints of names say nothing about, such as electronic mail, is left out by this.
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_nameConstraints, permitOnly(names), isCritical),
    subjectKeyIdentifier(publicKey),
  ];
}

/** The extensions of a certificate of a TLS server with these names. @param issuer the key that signs it. */
export function serverExtensions(
  publicKey: KeyObject,
  names: readonly CertificateName[],
  issuer: KeyObject,
): readonly Extension[] {
  const authority = new AuthorityKeyIdentifier({
    keyIdentifier: new KeyIdentifier(keyIdentifier(issuer)),
  });
  return [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), isCritical),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), isCritical),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(names.map(subjectName))),
    extension(id_ce_authorityKeyIdentifier, authority),
    subjectKeyIdentifier(publicKey),
  ];
}

const isCritical = true;

function extension(id: string, value: unknown, critical = false): Extension {
  return new Extension({
    extnID: id,
    critical,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });
}

function subjectKeyIdentifier(publicKey: KeyObject): Extension {
  const identifier = new SubjectKeyIdentifier(keyIdentifier(publicKey));
  return extension(id_ce_subjectKeyIdentifier, identifier);
}

function subjectName({ kind, text }: CertificateName): GeneralName {
  return new GeneralName(kind === 'dns' ? { dNSName: text } : { iPAddress: text });
}

/**
 * RFC 5280 §4.2.1.10. Where no address is permitted by a constraint, all are, so both kinds must be there; every authority
 * is for a name and an address of this machine at least. OpenSSL, GnuTLS, Chromium and Firefox know both; BoringSSL knows no
 * constraint of addresses and refuses it, so that TLS clients that run on Bun have to pin the key instead.
 */
function permitOnly(names: readonly CertificateName[]): NameConstraints {
  const subtrees = names.map(({ kind, text }) => {
    // "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side of the name".
    if (kind === 'dns') return new GeneralName({ dNSName: text.replace(/^\*\./, '') });
    // An address "is encoded in the style of RFC 4632 (CIDR)", here with all bits.
    return new GeneralName({ iPAddress: `${text}/${text.includes(':') ? 128 : 32}` });
  });
  return new NameConstraints({
    permittedSubtrees: new GeneralSubtrees(subtrees.map((base) => new GeneralSubtree({ base }))),
  });
}
