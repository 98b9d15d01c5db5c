import { withTimeout } from '../async/with-timeout.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import type { HeldPacket } from './packet-cache.ts';
import type { PacketStore } from './packet-store.ts';

/** Packets of earlier runs, with times on the clock of this one: the level below the packets in memory. */
export interface PacketArchive {
  /** Whether `recall` might find something; needs no wait. */
  mayHold(key: PublicKey): boolean;
  /** The newest packet of `key` from the archive. Its `lastSeen` is -Infinity if its age is not known. */
  recall(key: PublicKey): Promise<HeldPacket | undefined>;
  /** A packet of `key` with an older timestamp must not be served. */
  floor(key: PublicKey): Timestamp | undefined;
  /**
   * Records that somebody had a packet. Resolves when it survives the end of this process, or when the disk is too slow to
   * wait for: a packet is served after that, so that after a crash no older one can be served.
   */
  note(held: HeldPacket): Promise<void>;
  /** Resolves when all packets of a key that are being recorded are; undefined if none is. */
  whenNoted(key: PublicKey): Promise<void> | undefined;
}

/** Milliseconds by which a clock may be set back and is still trusted: what time servers correct. */
const CLOCK_SLACK = 60_000;
/** Milliseconds that an answer waits for the disk: less than a client waits, and more than a busy disk takes. */
const PATIENCE = 1_000;

/** No archive. */
export const noArchive: PacketArchive = {
  mayHold: () => false,
  recall: async () => undefined,
  floor: () => undefined,
  note: async () => {},
  whenNoted: () => undefined,
};

/**
 * The archive over a store. Concurrent reads of one packet share the work: it is verified once.
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
 * Milliseconds since a packet was last seen, as far as a clock that may be wrong can tell; Infinity if it cannot.
 *
 * - The clock is behind something that the store has seen: it was set back, or the machine has no battery for it and starts
 *   with the same date each time. The age is unknown, and the packet counts as expired: it is looked for, and served as
 *   stale if nobody answers. It does not become fresh for ever, and does not vanish.
 * - The clock was set forward: the packet looks older than it is, with the same result.
 * - A packet that is fresh by its age remains so for its time to live at most, which the finder measures with a monotonic
 *   clock.
 */
export function ageOf(
  lastSeenWall: number,
  clock: { readonly nowWall: number; readonly latestSeenWall: number },
): number {
  if (clock.nowWall + CLOCK_SLACK < clock.latestSeenWall) return Number.POSITIVE_INFINITY;
  return Math.max(0, clock.nowWall - lastSeenWall);
}
