import { LRUCache } from 'lru-cache';
import { latin1 } from '../wire/bytes.ts';

/** Maximum number of torrents; the least recently used one is dropped. */
const MAX_TORRENTS = 200;
/** Maximum number of peers of one torrent; the one announced longest ago is dropped. */
const MAX_PEERS = 32;
/** Milliseconds after which a peer expires; clients announce again after 15 to 30 minutes. */
const KEPT_MS = 45 * 60 * 1000;

/** A few of the BitTorrent peers that were announced to us (BEP 5), as every DHT node is expected to store some. */
export class PeerStore {
  /** By torrent: the compact addresses as text, with the time of each announcement, the oldest first. */
  readonly #torrents = new LRUCache<string, Map<string, number>>({ max: MAX_TORRENTS });

  /** Stores a peer by its compact address, 6 bytes. */
  add(infoHash: Uint8Array, peer: Uint8Array, now: number): void {
    const torrent = latin1(infoHash);
    const peers = this.#torrents.get(torrent) ?? new Map<string, number>();
    const name = latin1(peer);
    peers.delete(name);
    peers.set(name, now);
    for (const [oldest, announcedAt] of peers) {
      if (peers.size <= MAX_PEERS && now - announcedAt < KEPT_MS) break;
      peers.delete(oldest);
    }
    this.#torrents.set(torrent, peers);
  }

  /** The compact addresses of at most `count` peers, those announced last. */
  get(infoHash: Uint8Array, count: number, now: number): readonly Buffer[] {
    const peers = [...(this.#torrents.get(latin1(infoHash)) ?? [])];
    return peers
      .filter(([, announcedAt]) => now - announcedAt < KEPT_MS)
      .slice(-count)
      .map(([peer]) => Buffer.from(peer, 'latin1'));
  }
}
