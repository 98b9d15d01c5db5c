import { addressToText } from '../../ip/address.ts';
import { type IpClass, ipClass } from '../../ip/address-class.ts';

/** Which name servers the owner of a key may send us to. */
export interface ServerAddressPolicy {
  /** Addresses of private networks. */
  readonly allowPrivate: boolean;
  /** Addresses of this machine. */
  readonly allowLoopback: boolean;
  /** Why `address` and `port` are our own, as a clause; undefined when they are not. */
  readonly whyOurs: (address: string, port: number) => string | undefined;
}

/**
 * Why the server at an address of 4 or 16 octets is not asked, as a clause; undefined when it is. Anybody can publish a
 * packet and ask us for its names, so a delegation must not become a way to send datagrams to services that listen for
 * this machine or this link alone, or to everybody at once, or to ourselves.
 */
export function whyNotAsked(
  octets: Uint8Array,
  port: number,
  { allowPrivate, allowLoopback, whyOurs }: ServerAddressPolicy,
): string | undefined {
  const allowed: Readonly<Record<IpClass, boolean>> = {
    loopback: allowLoopback,
    // An IPv6 one means nothing without its interface, which no record names.
    'link-local': false,
    private: allowPrivate,
    multicast: false,
    // Nobody is there to be harmed, but in a laboratory the server that is meant.
    reserved: true,
    public: true,
  };
  const addressClass = ipClass(octets);
  if (!allowed[addressClass]) return `is not asked because its address is ${addressClass}`;
  const reason = whyOurs(addressToText(octets), port);
  return reason === undefined ? undefined : `is not asked because it ${reason}`;
}
