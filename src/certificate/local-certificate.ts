import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { CertificateName } from './certificate-name.ts';
import { authorityExtensions, serverExtensions } from './extensions.ts';
import { keyIdentifier, type Signer, signatureAlgorithms, signCertificate } from './x509.ts';

/** The certificate of a server, and the certificate of the authority that issued it and nothing else. All PEM. */
export interface LocalCertificate {
  readonly authority: string;
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
  /** Those of both: the certificate has them, and the authority permits no others. */
  readonly names: readonly CertificateName[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Names of this machine that are its own everywhere; they are in each certificate. */
const ownNames: readonly CertificateName[] = [
  { kind: 'dns', text: 'localhost' },
  { kind: 'ip', text: '127.0.0.1' },
  { kind: 'ip', text: '::1' },
];

const DAY = 86_400_000;

/**
 * Makes an authority, has it issue one certificate, and forgets its secret: no other certificate of this authority can ever
 * exist, so whoever trusts it trusts this one server. Browsers take no Ed25519; ECDSA with P-256 is taken by all.
 *
 * @param names in addition to `ownNames`, which come first.
 * @param days of validity, of both.
 * @param now milliseconds since 1970. It is valid from the day before, for clients whose clock is behind.
 */
export function makeLocalCertificate(
  names: readonly CertificateName[],
  { days, now }: { readonly days: number; readonly now: number },
): LocalCertificate {
  const all = withoutRepetition([...ownNames, ...names]);
  const notBefore = new Date(now - DAY);
  const notAfter = new Date(now + days * DAY);
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = authorityName(authority.publicKey);
  const signer = ecdsaSigner(authority.privateKey);
  const both = { issuer, notBefore, notAfter };
  return {
    authority: signCertificate(
      {
        ...both,
        subject: issuer,
        publicKey: authority.publicKey,
        serial: randomBytes(16),
        extensions: authorityExtensions(authority.publicKey, all),
      },
      signer,
    ),
    certificate: signCertificate(
      {
        ...both,
        subject: 'localhost',
        publicKey: server.publicKey,
        serial: randomBytes(16),
        extensions: serverExtensions(server.publicKey, all, authority.publicKey),
      },
      signer,
    ),
    key: server.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    names: all,
    notBefore,
    notAfter,
  };
}

/** Another name for each authority: some stores of certificates tell authorities apart by their names alone. */
function authorityName(publicKey: KeyObject): string {
  return `pkarrd CA ${Buffer.from(keyIdentifier(publicKey)).toString('hex', 0, 4)}`;
}

function ecdsaSigner(privateKey: KeyObject): Signer {
  return {
    algorithm: signatureAlgorithms.ecdsaSha256,
    sign: (octets) => sign('sha256', octets, privateKey),
  };
}

function withoutRepetition(names: readonly CertificateName[]): readonly CertificateName[] {
  return [...new Map(names.map((name) => [name.text, name])).values()];
}
