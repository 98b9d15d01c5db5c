import { LRUCache } from 'lru-cache';
import type { PublicKey } from '../pkarr/public-key.ts';
import { compareRecency, type SignedPacket } from '../pkarr/signed-packet.ts';

/** A packet that we hold, and when somebody last had it. */
export interface HeldPacket {
  readonly packet: SignedPacket;
  /** Milliseconds of the finder's clock. */
  readonly lastSeen: number;
}

/** The newest packet of each key, bounded by memory. A packet never replaces a newer one. */
export class PacketCache {
  readonly #held: LRUCache<string, HeldPacket>;

  /** @param maxBytes at least 1. */
  constructor(maxBytes: number) {
    this.#held = new LRUCache({ maxSize: maxBytes });
  }

  /** The newest packet of `key` that is held. */
  get(key: PublicKey): HeldPacket | undefined {
    return this.#held.get(key.text);
  }

  /**
   * Records that somebody had `packet` at `now`. A newer one replaces what is held, the same one renews it, an older
   * one changes nothing.
   * @returns what is held afterwards.
   */
  see(packet: SignedPacket, now: number): HeldPacket {
    const held = this.#held.get(packet.key.text);
    if (held !== undefined && compareRecency(packet, held.packet) < 0) return held;
    const seen = { packet, lastSeen: now };
    this.#held.set(packet.key.text, seen, { size: packet.memorySize });
    return seen;
  }

  /**
   * Marks a packet, or every packet, as expired: the next read asks the network. It is not dropped, so that no older one
   * can replace it. @returns how many were marked
   */
  expire(key?: PublicKey): number {
    const keys = key === undefined ? [...this.#held.keys()] : [key.text];
    let count = 0;
    for (const text of keys) {
      const held = this.#held.peek(text);
      if (held === undefined) continue;
      this.#held.set(text, { ...held, lastSeen: Number.NEGATIVE_INFINITY }, { size: held.packet.memorySize });
      count++;
    }
    return count;
  }

  /** How many keys are held. */
  get size(): number {
    return this.#held.size;
  }
}
