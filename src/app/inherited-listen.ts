import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import type { Settings } from '../config/settings.ts';
import { defaultListen } from '../config/table/answering.ts';
import { canonicalAddress } from '../ip/address.ts';
import { isWildcard } from '../serve/own-hosts.ts';

/** Where to listen with inherited sockets. */
export interface InheritedListen<L extends Settings['listen']> {
  readonly listen: L;
  /** Addresses of inherited sockets that no setting names. */
  readonly unnamed: readonly ListenAddress[];
}

/**
 * The addresses to listen on when `inherited` were handed over: all of them, and those that the setting names besides. The
 * default names no others: then the socket unit says where.
 */
export function listenWithInherited<L extends Settings['listen']>(
  listen: L,
  inherited: readonly ListenAddress[],
): InheritedListen<L | readonly ListenAddress[]> {
  const given = unique(inherited);
  if (given.length === 0) return { listen, unnamed: [] };
  if (listen === 'default') return { listen: given, unnamed: given.filter((address) => !isDefault(address)) };
  // Beside a socket for all addresses, none of them can be bound again.
  const others = listen.filter((address) => !given.some((socket) => covers(socket, address)));
  return {
    listen: [...others, ...given],
    unnamed: given.filter((socket) => !listen.some((address) => covers(address, socket))),
  };
}

function isDefault({ host, port }: ListenAddress): boolean {
  const { hosts, ports }: { readonly hosts: readonly string[]; readonly ports: readonly number[] } =
    defaultListen;
  return hosts.includes(host) && ports.includes(port);
}

/** Whether `address` is `other`, or a wildcard of its family at its port. */
function covers(address: ListenAddress, other: ListenAddress): boolean {
  if (address.port !== other.port) return false;
  if (isWildcard(address.host)) return address.host.includes(':') === other.host.includes(':');
  return plainHost(address) === plainHost(other);
}

/** In the usual spelling, and without a zone, which is not known of inherited sockets. */
function plainHost({ host }: ListenAddress): string {
  return (canonicalAddress(host) ?? host).replace(/%.*$/, '');
}

function unique(addresses: readonly ListenAddress[]): readonly ListenAddress[] {
  return [
    ...new Map(
      addresses.map(({ host, port }) => [listenAddressToText({ host, port }), { host, port }]),
    ).values(),
  ];
}
