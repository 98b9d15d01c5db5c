import type { PublicKey } from '../pkarr/public-key.ts';
import type { PacketLibrary, ReadOutcome } from '../store/packet-library.ts';

/** What became of a request: a read, or `busy` when too many keys were looked up just now. */
export type PacketReadOutcome = ReadOutcome | { readonly kind: 'busy' };

/** Where answers get their packets: a reader that knows who asks, and how much one may have looked up. */
export interface PacketReader {
  /**
   * The packet of `key`, fresh enough by its time to live. `client` is the address of who asked; undefined for this
   * program itself. An aborted `signal` ends the wait by throwing its reason.
   */
  read(
    key: PublicKey,
    options: { readonly client: string | undefined; readonly signal: AbortSignal },
  ): Promise<PacketReadOutcome>;
}

/**
 * Reads from `library`, within a limit for each client.
 *
 * @param mayLookUp whether one more key may be looked up for a client: a lookup costs others a hundred datagrams.
 */
export function limitedPacketReader(
  library: PacketLibrary,
  mayLookUp: (client: string | undefined) => boolean,
): PacketReader {
  return {
    async read(key, { client, signal }) {
      if (!library.isAtHand(key) && !mayLookUp(client)) return { kind: 'busy' };
      return await library.read(key, { freshness: 'fresh', signal });
    },
  };
}
