import { addressOctets } from '../ip/address.ts';
import { ipClass } from '../ip/address-class.ts';
import { ipv4FromText, ipv6FromText } from '../ip/text.ts';

/** The addresses of each interface by its name, as `os.networkInterfaces()` gives them. */
export type MachineAddresses = Readonly<Record<string, readonly { readonly address: string }[] | undefined>>;

/** Whether a host is the unspecified address of its family: `0.0.0.0` or `::`. */
export function isWildcard(host: string): boolean {
  return (ipv4FromText(host) ?? ipv6FromText(host))?.every((octet) => octet === 0) ?? false;
}

/**
 * The machine's addresses of a wildcard's family, as hosts to listen on. A link-local address has its interface as a zone
 * (RFC 4007 §11).
 */
export function ownHosts(wildcard: string, machine: MachineAddresses): readonly string[] {
  const hosts = Object.entries(machine).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ address }) => address.includes(':') === wildcard.includes(':'))
      .map(({ address }) => (needsInterface(address) ? `${address}%${name}` : address)),
  );
  return [...new Set(hosts)];
}

function needsInterface(address: string): boolean {
  const octets = addressOctets(address);
  return octets?.length === 16 && ipClass(octets) === 'link-local' && !address.includes('%');
}
