import { type ListenAddress, listenAddressToText } from '../../config/listen-address.ts';
import type { ListenError } from '../../serve/listen-error.ts';
import { findPortHolders, type PortHolder } from '../../system/port-holder.ts';

/** Why an address cannot be listened on and what to do, for people. */
export function listenProblem(
  { protocol, address, code, message }: Pick<ListenError, 'protocol' | 'address' | 'code' | 'message'>,
  holdersOf: (protocol: 'udp' | 'tcp', address: ListenAddress) => readonly PortHolder[] = findPortHolders,
): string {
  const where = `${listenAddressToText(address)} (${protocol})`;
  switch (code) {
    case 'EADDRINUSE': {
      const holders = holdersOf(protocol, address);
      const names = holders.map(({ name, pid }) => `${name} (process ${pid})`).join(' and ');
      const by = names === '' ? 'another program, which only root can name' : names;
      return `${where} is taken by ${by}. ${remedy(holders)}`;
    }
    case 'EACCES':
      return (
        `This user may not listen on ${where}. Take a port from 1024 with --listen, or run it as the service, ` +
        'which has the right to.'
      );
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${address.host}, so ${where} cannot be listened on. Choose one of its own with --listen.`;
    default:
      return `It is not possible to listen on ${message}.`;
  }
}

/** What helps depends on who it is. */
function remedy(holders: readonly PortHolder[]): string {
  const names = holders.map(({ name }) => name);
  // Its stub holds 127.0.0.53 and 127.0.0.54 and no other address, unless it was told to.
  if (names.some((name) => name.startsWith('systemd-resolve'))) {
    return 'Remove its DNSStubListenerExtra= of this address, or listen elsewhere with --listen.';
  }
  if (names.some((name) => name === 'node' || name.startsWith('pkarrd'))) {
    return 'If that is pkarrd already running, end it first; or listen elsewhere with --listen.';
  }
  return 'Stop it, or listen elsewhere with --listen, for example --listen 127.0.0.1:5300.';
}
