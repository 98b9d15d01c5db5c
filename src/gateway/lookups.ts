import type { Name } from '../dns/name.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';

/**
 * What the gateway asks the rest of the program. It has no resolver of its own: packets and the addresses of ordinary names come
 * from where DNS gets them.
 */
export interface Lookups {
  /**
   * The newest known packet of `key`; undefined when nothing is published for it.
   * @throws LookupError, and the reason of an aborted `signal`.
   */
  packet(key: PublicKey, signal: AbortSignal): Promise<SignedPacket | undefined>;
  /**
   * The IPv4 and IPv6 addresses of a name that no packet answers for: an ordinary name, or one below a delegation of a packet. In
   * the order in which to try them; empty when the name does not exist or has none.
   * @throws LookupError, and the reason of an aborted `signal`.
   */
  addresses(name: Name, signal: AbortSignal): Promise<readonly string[]>;
}

/**
 * Why a lookup has no outcome. A closed list.
 *
 * - `offline`: neither the DHT, nor relays, nor upstream resolvers could be reached.
 * - `failed`: the resolvers answered that they failed (SERVFAIL, for example), or nothing that can be read.
 * - `unusable`: what is published for the key is not a valid signed packet.
 * - `busy`: too many lookups are in flight, or were started in a short time.
 * - `timeout`: it took too long.
 * - `internal`: an internal error, which is logged where it happened.
 */
export type LookupFailure = 'offline' | 'failed' | 'unusable' | 'busy' | 'timeout' | 'internal';

/** A lookup failed: the kind of failure, and a sentence for people. */
export class LookupError extends Error {
  override readonly name = 'LookupError';
  readonly kind: LookupFailure;

  constructor(kind: LookupFailure, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}
