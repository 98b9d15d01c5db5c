import type { PublicKey } from '../pkarr/public-key.ts';
import type { PacketLibrary, ReadOutcome, ReadTracing } from '../store/packet-library.ts';

/** The outcome of a read; `busy` when the client exceeded its rate of key lookups. */
export type PacketReadOutcome = ReadOutcome | { readonly kind: 'busy' };

/** For whom a packet is read. */
export interface ReadOptions {
  /** The address of the client; undefined for the program's own questions. */
  readonly client: string | undefined;
  readonly signal: AbortSignal;
  /** Tell how it went. */
  readonly trace?: ReadTracing | undefined;
}

/** Reads packets on behalf of clients, each of which may have only so many keys looked up. */
export interface PacketReader {
  /**
   * The packet of `key`, fresh by its time to live. An aborted `signal` ends the wait by throwing its reason.
   */
  read(key: PublicKey, options: ReadOptions): Promise<PacketReadOutcome>;
}

/**
 * Reads from `library`, within a limit for each client.
 *
 * @param mayLookUp whether one more key may be looked up for a client: a lookup sends about a hundred datagrams.
 */
export function limitedPacketReader(
  library: PacketLibrary,
  mayLookUp: (client: string | undefined) => boolean,
): PacketReader {
  return {
    async read(key, { client, signal, trace }) {
      if (!library.isAtHand(key) && !mayLookUp(client)) return { kind: 'busy' };
      return await library.read(key, { freshness: 'fresh', signal, trace });
    },
  };
}
