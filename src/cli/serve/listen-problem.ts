import { installCommand, listenFlag } from '../../app/tell-listening.ts';
import type { ListenAddress } from '../../config/listen-address.ts';
import type { ListenError } from '../../serve/listen-error.ts';
import { type ServedAddress, type Service, servedAddressToText } from '../../serve/served-address.ts';
import { findPortHolders, type PortHolder } from '../../system/activation/port-holder.ts';
import { moreDescriptors } from '../../system/out-of-descriptors.ts';

/** Why pkarrd cannot listen on an address, and what to do. */
export function listenProblem(
  { protocol, address, code, message }: Pick<ListenError, 'protocol' | 'address' | 'code' | 'message'>,
  holdersOf: (protocol: 'udp' | 'tcp', address: ListenAddress) => readonly PortHolder[] = findPortHolders,
): string {
  const where = `${servedAddressToText(address)} (${protocol})`;
  switch (code) {
    case 'EADDRINUSE': {
      const holders = holdersOf(protocol, address);
      const names = holders.map(({ name, pid }) => `${name} (process ${pid})`).join(' and ');
      const by = names === '' ? 'another program (run as root to see which)' : names;
      return `${where} is in use by ${by}. ${remedy(holders, address)}`;
    }
    case 'EACCES':
      if (address.service === 'https-plain')
        return `Permission denied to listen on ${where}. Use a port from 1024 up with ${listenFlag(address)}.`;
      return (
        `Permission denied to listen on ${where}. Use a port from 1024 up with ${listenFlag(address)}, or make a service of ` +
        `pkarrd, for which systemd opens lower ports: sudo ${installCommand(address)}`
      );
    case 'EMFILE':
    case 'ENFILE':
      return `No file descriptor is left to listen on ${where}: ${moreDescriptors()}`;
    default:
      return `Cannot listen on ${message}.`;
  }
}

/** What to do about the programs that hold the port. */
function remedy(holders: readonly PortHolder[], address: ServedAddress): string {
  const flag = listenFlag(address);
  const names = holders.map(({ name }) => name);
  // The stub of systemd-resolved listens on 127.0.0.53 and 127.0.0.54 only, unless configured otherwise.
  if (address.service === undefined && names.some((name) => name.startsWith('systemd-resolve'))) {
    return 'Remove this address from DNSStubListenerExtra= in resolved.conf, or use another address with --listen.';
  }
  // It has it beside the service that it hands it to.
  if (names.includes('systemd')) {
    return (
      'systemd holds it for a service; "systemctl list-sockets" shows for which. If that is pkarrd, it runs already, and ' +
      'ends with: systemctl stop pkarrd.socket pkarrd'
    );
  }
  if (names.some((name) => name === 'node' || name.startsWith('pkarrd'))) {
    return `If that is another pkarrd, stop it first, or use another address with ${flag}.`;
  }
  return `Stop it, or use another address with ${flag}, such as ${flag} ${exampleOf(address)}.`;
}

/** An address that any user may listen on, and another one than that which is taken. */
function exampleOf({ service, port }: ServedAddress): string {
  const example = examples[service ?? 'dns'];
  return example.endsWith(`:${port}`) ? example.replace(/\d+$/, String(port + 100)) : example;
}

/** Addresses that any user may listen on. */
const examples: Readonly<Record<Service | 'dns', string>> = {
  dns: '127.0.0.1:5300',
  tls: '127.0.0.1:8853',
  https: '127.0.0.1:8443',
  'https-plain': '127.0.0.1:8080',
};
