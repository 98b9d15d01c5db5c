import type { PacketLibrary, ReadOutcome } from '../find/packet-library.ts';
import type { PublicKey } from '../pkarr/public-key.ts';

/** What became of a request: a read, or `busy` when too many keys were looked up just now. */
export type DeskOutcome = ReadOutcome | { readonly kind: 'busy' };

/** Where answers get their packets: a reader that knows who asks, and how much one may have looked up. */
export interface PacketDesk {
  /**
   * The packet of `key`, fresh enough by its time to live. `client` is the address of who asked; undefined for this
   * program itself. An aborted `signal` ends the wait by throwing its reason.
   */
  read(
    key: PublicKey,
    options: { readonly client: string | undefined; readonly signal: AbortSignal },
  ): Promise<DeskOutcome>;
}

/**
 * A desk before a library.
 *
 * @param mayLookUp whether one more key may be looked up for a client: a lookup costs others a hundred datagrams.
 */
export function packetDesk(
  library: PacketLibrary,
  mayLookUp: (client: string | undefined) => boolean,
): PacketDesk {
  return {
    async read(key, { client, signal }) {
      if (!library.isAtHand(key) && !mayLookUp(client)) return { kind: 'busy' };
      return await library.read(key, { freshness: 'fresh', signal });
    },
  };
}
