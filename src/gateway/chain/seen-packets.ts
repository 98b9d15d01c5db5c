import { LRUCache } from 'lru-cache';
import { compareRecency, type SignedPacket } from '../../pkarr/signed-packet.ts';
import { MAX_SEEN_PACKETS } from '../limits.ts';

/**
 * The newest packets in which HTTPS records were seen, or aliases that led to them.
 *
 * Addresses and HTTPS records are in one signed packet, so nobody on the way can take the one without the other. What is left is
 * an older packet of the key, from before its owner spoke TLS: the clear is refused while a packet is older than the one
 * remembered here. The program's store has the same rule for its own packets and survives a restart; this one is for what
 * the store forgot, and is as young as the gateway.
 */
export class SeenPackets {
  readonly #newest = new LRUCache<string, SignedPacket>({ max: MAX_SEEN_PACKETS });

  /** These packets led to a signed HTTPS record. */
  note(packets: readonly SignedPacket[]): void {
    for (const packet of packets) {
      const known = this.#newest.get(packet.key.text);
      if (known === undefined || compareRecency(packet, known) > 0) this.#newest.set(packet.key.text, packet);
    }
  }

  /** Whether one of these packets is older than the one of its key that led to a signed HTTPS record. */
  isOlder(packets: readonly SignedPacket[]): boolean {
    return packets.some((packet) => {
      const known = this.#newest.get(packet.key.text);
      return known !== undefined && compareRecency(packet, known) < 0;
    });
  }
}
