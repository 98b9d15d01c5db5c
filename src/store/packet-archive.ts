import { withTimeout } from '../async/with-timeout.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import type { HeldPacket } from './packet-cache.ts';
import type { PacketStore } from './packet-store.ts';

/** What is known from earlier runs, on the clock of this one: the level below the packets in memory. */
export interface PacketArchive {
  /** Whether `recall` might find something, without waiting. */
  mayHold(key: PublicKey): boolean;
  /** The newest packet of `key` from the archive. Its `lastSeen` is -Infinity when nobody can say how old it is. */
  recall(key: PublicKey): Promise<HeldPacket | undefined>;
  /** A packet of `key` with an older timestamp must not be served. */
  floor(key: PublicKey): Timestamp | undefined;
  /**
   * Notes that somebody had a packet. Resolves when the end of this process cannot take that back, or when the disk is
   * too slow to be waited for: what was not served after that cannot be served again as something new.
   */
  note(held: HeldPacket): Promise<void>;
  /** Resolves when all that is being noted of a key is; undefined when nothing is. */
  whenNoted(key: PublicKey): Promise<void> | undefined;
}

/** Milliseconds by which a clock may be set back without a doubt: what time servers correct. */
const CLOCK_SLACK = 60_000;
/** Milliseconds that an answer waits for the disk: below what a client waits, and above what a busy disk takes. */
const PATIENCE = 1_000;

/** No archive at all. */
export const noArchive: PacketArchive = {
  mayHold: () => false,
  recall: async () => undefined,
  floor: () => undefined,
  note: async () => {},
  whenNoted: () => undefined,
};

/**
 * The archive over a store. Whoever waits for a packet that others ask for too gets the same one: it is verified once.
 *
 * @param clocks `now`: milliseconds of the finder's clock, which never goes back. `nowWall`: milliseconds since 1970.
 */
export function storeArchive(
  store: PacketStore,
  clocks: { readonly now: () => number; readonly nowWall: () => number },
): PacketArchive {
  const recalling = new Map<string, Promise<HeldPacket | undefined>>();
  const noted = new WeakMap<SignedPacket, number>();
  const noting = new Map<string, Promise<void>>();

  async function recall(key: PublicKey): Promise<HeldPacket | undefined> {
    try {
      const stored = await store.get(key);
      if (stored === undefined) return undefined;
      const age = ageOf(stored.lastSeenWall, {
        nowWall: clocks.nowWall(),
        latestSeenWall: store.latestSeenWall,
      });
      return { packet: stored.packet, lastSeen: clocks.now() - age };
    } finally {
      recalling.delete(key.text);
    }
  }

  async function note({ packet, lastSeen }: HeldPacket): Promise<void> {
    const seenAtWall = clocks.nowWall() - (clocks.now() - lastSeen);
    await withTimeout(store.put(packet, seenAtWall, 'written'), PATIENCE, () => undefined);
  }

  return {
    mayHold: (key) => store.mayHold(key),
    floor: (key) => store.floor(key),
    recall(key) {
      const work = recalling.get(key.text) ?? recall(key);
      recalling.set(key.text, work);
      return work;
    },
    whenNoted: (key) => noting.get(key.text),
    async note(held) {
      const { packet, lastSeen } = held;
      const { text } = packet.key;
      if (lastSeen - (noted.get(packet) ?? Number.NEGATIVE_INFINITY) < CLOCK_SLACK) return noting.get(text);
      if (!Number.isFinite(lastSeen)) return;
      noted.set(packet, lastSeen);
      const all = Promise.all([noting.get(text), note(held)]).then(() => {
        if (noting.get(text) === all) noting.delete(text);
      });
      noting.set(text, all);
      await all;
    },
  };
}

/**
 * Milliseconds since a packet was last seen, as far as a clock that may be wrong can tell; Infinity when it cannot.
 *
 * - The clock stands before something that the store has seen: it was set back, or the machine has none of its own and
 *   begins each time anew. No age is known, and the packet counts as expired: it is asked for, and served as stale
 *   when nobody answers. It does not become fresh for ever, and does not vanish.
 * - The clock was set forward: the packet looks older than it is, with the same outcome.
 * - A packet that is fresh by its age is so at most for its time to live, which the finder counts with the clock that
 *   does not go back.
 */
export function ageOf(
  lastSeenWall: number,
  clock: { readonly nowWall: number; readonly latestSeenWall: number },
): number {
  if (clock.nowWall + CLOCK_SLACK < clock.latestSeenWall) return Number.POSITIVE_INFINITY;
  return Math.max(0, clock.nowWall - lastSeenWall);
}
