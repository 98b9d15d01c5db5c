import { LRUCache } from 'lru-cache';
import { latin1 } from '../wire/bytes.ts';

/** Torrents whose peers are kept; the one that nobody asked for or announced the longest gives way. */
const MAX_TORRENTS = 200;
/** Peers kept of one torrent; the one announced the longest ago gives way. */
const MAX_PEERS = 32;
/** Milliseconds for which a peer is kept; programs announce it again after 15 to 30 minutes. */
const KEPT_MS = 45 * 60 * 1000;

/** The peers of BitTorrent that were announced to us (BEP 5), few of them: a node that keeps none is no good neighbour. */
export class PeerStore {
  /** Of each torrent the compact addresses, as text, and when each was announced; the oldest first. */
  readonly #torrents = new LRUCache<string, Map<string, number>>({ max: MAX_TORRENTS });

  /** Keeps a peer: its compact address, 6 bytes. */
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
