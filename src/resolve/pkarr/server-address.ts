import { addressToText, canonicalAddress } from '../../ip/address.ts';
import { type IpClass, ipClass } from '../../ip/address-class.ts';

/** Which name server addresses a delegation may lead to. */
export interface ServerAddressPolicy {
  /** Addresses of private networks. */
  readonly allowPrivate: boolean;
  /** Addresses of this machine: loopback, and those of its interfaces. */
  readonly allowLoopback: boolean;
  /** Whether an interface of this machine has the address. */
  readonly isOwnAddress: (address: string) => boolean;
  /** Why `address` and `port` are our own, as a clause; undefined when they are not. */
  readonly whyOurs: (address: string, port: number) => string | undefined;
}

/**
 * Why the server at an address of 4 or 16 octets is not queried, as a clause; undefined when it may be. Anybody can
 * publish a packet and ask us for its names, so a delegation must not become a way to send datagrams to services that
 * listen only for this machine or this link, to multicast groups, or to ourselves.
 */
export function whyNotQueried(
  octets: Uint8Array,
  port: number,
  { allowPrivate, allowLoopback, isOwnAddress, whyOurs }: ServerAddressPolicy,
): string | undefined {
  const allowed: Readonly<Record<IpClass, boolean>> = {
    loopback: allowLoopback,
    // An IPv6 link-local address needs an interface, which no record names.
    'link-local': false,
    private: allowPrivate,
    multicast: false,
    // On the Internet nobody has such an address; in a lab it can be the intended server.
    reserved: true,
    public: true,
  };
  const addressClass = ipClass(octets);
  if (!allowed[addressClass]) return `is not queried because its address is ${addressClass}`;
  const address = canonicalAddress(addressToText(octets)) ?? addressToText(octets);
  if (!allowLoopback && isOwnAddress(address)) return 'is not queried because it is this machine';
  const reason = whyOurs(address, port);
  return reason === undefined ? undefined : `is not queried because it ${reason}`;
}
