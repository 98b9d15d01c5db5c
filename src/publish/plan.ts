import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';

/** A zone as its file says it now. */
export interface ZoneNow {
  /** The DNS message of its records. */
  readonly message: Uint8Array;
  /** What tells one content of the file from another. */
  readonly fingerprint: string;
  /** When the file was changed, in µs since 1970 by this machine's clock. */
  readonly changedAt: Timestamp;
  /** Records had to be left out, because an address is not known now. */
  readonly isIncomplete: boolean;
}

/** What we know of earlier publications of a key. */
export interface Remembered {
  /** The packet that we put last. */
  readonly packet: SignedPacket;
  /** The `fingerprint` of the zone that was considered then; undefined for a key without a zone of ours. */
  readonly fingerprint: string | undefined;
  /** The packet was published elsewhere, and counts until the file changes. */
  readonly isAdopted: boolean;
}

/** What is to be put into the network. */
export type Plan =
  /** The zone, in a new packet. */
  | { readonly kind: 'sign' }
  /** A packet that is there or was there, as it is. `isAdopted`: it says something else than the zone file. */
  | { readonly kind: 'repeat'; readonly packet: SignedPacket; readonly isAdopted: boolean };

/**
 * Which counts, the zone file or a packet with the same key. A packet that somebody published elsewhere after us counts
 * until the file changes; when nothing is remembered, the later of file and packet does. Pure.
 */
export function planPublication(
  zone: ZoneNow,
  remembered: Remembered | undefined,
  network: SignedPacket | undefined,
): Plan {
  const isNewer = remembered === undefined || (network?.timestamp ?? -1n) > remembered.packet.timestamp;
  const held = isNewer ? network : remembered.packet;
  if (held === undefined) return { kind: 'sign' };
  if (Buffer.compare(held.message, zone.message) === 0)
    return { kind: 'repeat', packet: held, isAdopted: false };
  const adopt: Plan = { kind: 'repeat', packet: held, isAdopted: true };
  if (remembered === undefined) return held.timestamp > zone.changedAt ? adopt : { kind: 'sign' };
  if (remembered.fingerprint !== zone.fingerprint) return { kind: 'sign' };
  if (isNewer || remembered.isAdopted) return adopt;
  // Ours, from this very file: an address in it is another now. While it is not known, the last one stays.
  return zone.isIncomplete ? { kind: 'repeat', packet: held, isAdopted: false } : { kind: 'sign' };
}
