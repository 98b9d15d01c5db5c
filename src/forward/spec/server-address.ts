import { addressOctets } from '../../ip/address.ts';
import { ipClass } from '../../ip/address-class.ts';

/**
 * Why no resolver can have this address, as a clause; undefined if one can. The address is in canonical form, with its zone if
 * it has one.
 */
export function whyUnusable(address: string): string | undefined {
  const octets = addressOctets(address);
  if (octets === undefined) return undefined;
  if (octets.every((octet) => octet === 0)) return 'is the unspecified address';
  const addressClass = ipClass(octets);
  if (addressClass === 'multicast' || octets.every((octet) => octet === 255)) {
    return 'is a multicast or broadcast address';
  }
  const [first = 0] = octets;
  if (octets.length === 4 && (first === 0 || first >= 240)) {
    return 'is not the address of a machine (RFC 6890)';
  }
  // RFC 4007 §6: such an address is ambiguous without its link.
  if (octets.length === 16 && addressClass === 'link-local' && !address.includes('%')) {
    return `is a link-local address without its interface (write ${address}%eth0, for example)`;
  }
  return undefined;
}
