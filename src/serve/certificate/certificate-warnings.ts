import { X509Certificate } from 'node:crypto';
import type { ListenAddress } from '../../config/listen-address.ts';
import { addressOctets, canonicalAddress } from '../../ip/address.ts';
import { ipClass } from '../../ip/address-class.ts';
import type { Certificate } from './certificate.ts';

const DAY = 86_400_000;

/** Days before its end from which a certificate is warned of. */
const WARN_DAYS = 60;

/**
 * One for a few months is renewed by a program when a third of its time is left (certbot, acme.sh): it is warned of only when
 * that should have happened.
 */
const WARN_PART = 1 / 4;

/** Something about a certificate that clients mind, and what to do about it: sentences for people. */
export type CertificateWarning = { readonly text: string; readonly remedy: string };

/** What is wrong with a certificate that can be used. `addresses` are where it is shown. */
export function certificateWarnings(
  { chain, names, notBefore, notAfter }: Pick<Certificate, 'chain' | 'names' | 'notBefore' | 'notAfter'>,
  addresses: readonly ListenAddress[],
  now: number,
): readonly CertificateWarning[] {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const renew = 'Renew it, or make another one: pkarrd certificate --out DIR --force';
  const warnings: CertificateWarning[] = [];
  const left = notAfter - now;
  if (left <= 0) {
    warnings.push({
      text: `The certificate ended on ${day(notAfter)}: clients refuse it.`,
      remedy: renew,
    });
  } else if (left < Math.min(WARN_DAYS * DAY, (notAfter - notBefore) * WARN_PART)) {
    const days = Math.floor(left / DAY);
    warnings.push({
      text: `The certificate ends on ${day(notAfter)}, in ${days} ${days === 1 ? 'day' : 'days'}.`,
      remedy: renew,
    });
  }
  if (notBefore > now)
    warnings.push({
      text: `The certificate is not valid before ${day(notBefore)}: clients refuse it.`,
      remedy: 'Is the clock of this machine right? Otherwise use another one.',
    });
  warnings.push(...unsuitable(new X509Certificate(chain)));
  const unfit = [...new Set(addresses.map(({ host }) => host))].filter((host) => !fits(host, names));
  if (unfit.length > 0)
    warnings.push({
      text: `The certificate is for ${names.join(', ') || 'no name'}, so clients refuse it at ${unfit.join(', ')}.`,
      remedy:
        'It needs these addresses, or a name that leads to them: pkarrd certificate --out DIR --name NAME',
    });
  return warnings;
}

/** RFC 5280 §4.2.1.12: `id-kp-serverAuth` and `anyExtendedKeyUsage`. */
const SERVER_PURPOSES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** What clients refuse whatever name they use. */
function unsuitable({ keyUsage, publicKey }: X509Certificate): readonly CertificateWarning[] {
  const warnings: CertificateWarning[] = [];
  const remedy = 'Make another one: pkarrd certificate --out DIR';
  const type = publicKey.asymmetricKeyType;
  if (type === 'ed25519' || type === 'ed448')
    warnings.push({
      text: `The certificate has a key for ${type === 'ed25519' ? 'Ed25519' : 'Ed448'}, which browsers do not take.`,
      remedy,
    });
  // Node's types do not know that a certificate without this extension, which serves for everything, has none.
  const purposes: readonly string[] | undefined = keyUsage;
  if (purposes !== undefined && !purposes.some((purpose) => SERVER_PURPOSES.includes(purpose)))
    warnings.push({
      text: 'The certificate is not for servers (its extended key usage), so clients refuse it.',
      remedy,
    });
  return warnings;
}

/** Whether some name or address that clients may use to reach `host` is in the certificate (RFC 9525 §6.3). */
function fits(host: string, names: readonly string[]): boolean {
  const octets = addressOctets(host);
  // Of a wildcard it is not known which addresses clients use.
  if (octets === undefined || octets.every((octet) => octet === 0)) return names.length > 0;
  const own = canonicalAddress(host);
  return names.some((name) => {
    const address = canonicalAddress(name);
    if (address !== undefined) return address === own;
    // Any other name may lead here.
    return name !== 'localhost' || ipClass(octets) === 'loopback';
  });
}
