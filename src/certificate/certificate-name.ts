import { tryParseTypedName } from '../dns/typed-name.ts';
import { addressOctets, canonicalAddress } from '../ip/address.ts';
import { ipClass } from '../ip/address-class.ts';

/** A name that a certificate is for: a host name in lower case, perhaps with `*` as its first label, or an address. */
export interface CertificateName {
  readonly kind: 'dns' | 'ip';
  /** Without a final dot; an address as RFC 5952 has it. */
  readonly text: string;
}

/** Text is no name that a certificate can have. The message is a clause about why: `a prefix is not an address`. */
export class CertificateNameError extends Error {
  override readonly name = 'CertificateNameError';
}

/** RFC 1123 §2.1: letters, digits and hyphens, which are not at the ends of a label. */
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** Reads the name of a host or an address in any spelling that people use. @throws CertificateNameError */
export function parseCertificateName(text: string): CertificateName {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  const address = canonicalAddress(bare);
  if (address !== undefined) return { kind: 'ip', text: checkedAddress(address) };
  return { kind: 'dns', text: checkedHostName(bare) };
}

function checkedAddress(address: string): string {
  if (address.includes('%'))
    throw new CertificateNameError('a certificate cannot have the zone of an address');
  const octets = addressOctets(address);
  if (octets?.every((octet) => octet === 0) || (octets && ipClass(octets) === 'multicast'))
    throw new CertificateNameError('no server has this address');
  return address;
}

function checkedHostName(text: string): string {
  if (/[/:@\s]/.test(text)) {
    const what = text.includes('://') ? 'a URL' : 'this';
    throw new CertificateNameError(`${what} is neither the name of a host nor an address`);
  }
  // "bücher.example" is "xn--bcher-kva.example" in certificates (RFC 5280 §7.2).
  const labels = tryParseTypedName(text)?.labels.map((label) => label.toLowerCase()) ?? [];
  const name = labels.join('.');
  const isWildcard = labels[0] === '*';
  const rest = isWildcard ? labels.slice(1) : labels;
  if (rest.length === 0 || !rest.every((label) => LABEL.test(label)))
    throw new CertificateNameError('this is not the name of a host: letters, digits, hyphens and dots');
  if (/^\d+$/.test(rest.at(-1) ?? '')) throw new CertificateNameError('this is not a whole address');
  if (isWildcard && rest.length < 2)
    throw new CertificateNameError('browsers take no wildcard before a single label');
  return name;
}
