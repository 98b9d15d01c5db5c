import { addressOctets, addressToText } from '../../ip/address.ts';
import { embedsIpv4, ipClass } from '../../ip/address-class.ts';
import { isGloballyReachable } from '../../ip/globally-reachable.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';

/** What the guard needs to know of this machine and of the settings. */
export interface AddressGuardParts {
  /** The addresses of every interface of this machine, now. */
  readonly ownAddresses: () => readonly string[];
  /** Whether the setting `gateway-private` has this key. */
  readonly isPrivateAllowed: (key: PublicKey) => boolean;
}

/**
 * Decides to which addresses the gateway connects. Anybody can publish any address under a key, and the gateway can reach
 * what a page of the Internet cannot: services of this machine and of its network.
 */
export class AddressGuard {
  readonly #parts: AddressGuardParts;

  constructor(parts: AddressGuardParts) {
    this.#parts = parts;
  }

  /**
   * The octets of an address to which a connection may be made; undefined for any other.
   *
   * @param keys every key on the way to the address. All must be exempt for an address that is not globally reachable: the
   * first, because its pages get what the server says, and whoever owns it could lead it to another's home; the last, because it
   * names the address.
   */
  allowed(address: string, keys: readonly PublicKey[]): Uint8Array | undefined {
    const octets = address.includes('%') ? undefined : addressOctets(address);
    if (octets === undefined) return undefined;
    if (this.isExempt(keys)) return isHost(octets) ? octets : undefined;
    return isGloballyReachable(octets) && !this.#isOwn(octets) ? octets : undefined;
  }

  /** Whether no machine has the address, so that no setting helps. */
  isOfNobody(address: string): boolean {
    const octets = addressOctets(address);
    return octets === undefined || !isHost(octets);
  }

  /** Whether all these keys may lead to addresses that are not globally reachable. */
  isExempt(keys: readonly PublicKey[]): boolean {
    return keys.length > 0 && keys.every(this.#parts.isPrivateAllowed);
  }

  /** Whether this machine has the address, also one that a translator would make of it. */
  #isOwn(octets: Uint8Array): boolean {
    const wanted = new Set([addressToText(octets)]);
    // The well-known prefix of NAT64 (RFC 6052 §2.1) is the only one of these that is globally reachable.
    if (octets.length === 16 && embedsIpv4(octets)) wanted.add(addressToText(octets.subarray(12)));
    return this.#parts.ownAddresses().some((own) => {
      const ownOctets = addressOctets(own);
      return ownOctets !== undefined && wanted.has(addressToText(ownOctets));
    });
  }
}

/** Whether an address is of one host, wherever that is. */
function isHost(octets: Uint8Array): boolean {
  const is = ipClass(octets);
  return is !== 'multicast' && is !== 'reserved';
}
