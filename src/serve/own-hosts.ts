import { addressOctets } from '../ip/address.ts';
import { ipClass } from '../ip/address-class.ts';
import { ipv4FromText, ipv6FromText } from '../ip/text.ts';

/** `os.networkInterfaces()`, or something like it: the addresses of each interface by its name. */
export type MachineAddresses = Readonly<Record<string, readonly { readonly address: string }[] | undefined>>;

/** Whether a host stands for every address of its family: `0.0.0.0` or `::`. */
export function isWildcard(host: string): boolean {
  return (ipv4FromText(host) ?? ipv6FromText(host))?.every((octet) => octet === 0) ?? false;
}

/**
 * The addresses of the machine that a wildcard stands for, each as a host to listen on. A link-local one has its interface
 * with it (RFC 4007 §11), without which it means nothing.
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
