import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';

/** What a zone file says now. */
export interface ZoneNow {
  /** The DNS message of its records. */
  readonly message: Uint8Array;
  /** Differs when the content of the file does. */
  readonly fingerprint: string;
  /** When the file was changed, in µs since 1970 by this machine's clock; undefined when nobody knows, as of a zone from a pipe. */
  readonly changedAt: Timestamp | undefined;
  /** Records were left out, because an address is not known now. */
  readonly isIncomplete: boolean;
}

/** What we know of earlier publications of a key. */
export interface Remembered {
  /** The packet that we put last. */
  readonly packet: SignedPacket;
  /** The `fingerprint` of the zone file then; undefined for a key whose records come from no zone file of ours. */
  readonly fingerprint: string | undefined;
  /** The packet was published elsewhere, and takes precedence until the file changes. */
  readonly isAdopted: boolean;
}

/** What is to be put into the network. */
export type Plan =
  /** The zone, in a new packet. */
  | { readonly kind: 'sign' }
  /** An existing packet, unchanged. `isAdopted`: it was published elsewhere and differs from the zone file. */
  | { readonly kind: 'repeat'; readonly packet: SignedPacket; readonly isAdopted: boolean };

/**
 * Whether the zone file or an existing packet of the key takes precedence. A packet that was published elsewhere does if
 * it is newer than the last change of the file, or if nobody knows when that was; on the same machine only the content of the file counts, so that an older
 * file may follow a newer one. Pure.
 */
export function planPublication(
  zone: ZoneNow,
  remembered: Remembered | undefined,
  network: SignedPacket | undefined,
): Plan {
  const isFromElsewhere =
    remembered === undefined || (network?.timestamp ?? -1n) > remembered.packet.timestamp;
  const held = isFromElsewhere ? network : remembered.packet;
  if (held === undefined) return { kind: 'sign' };
  if (Buffer.compare(held.message, zone.message) === 0)
    return { kind: 'repeat', packet: held, isAdopted: false };
  const isSameFile = remembered?.fingerprint === zone.fingerprint;
  const adopt: Plan = { kind: 'repeat', packet: held, isAdopted: true };
  // A file that we published before the packet appeared is older than it, whatever its date says.
  if (isFromElsewhere) {
    const isOlder = zone.changedAt === undefined || held.timestamp > zone.changedAt;
    return isSameFile || isOlder ? adopt : { kind: 'sign' };
  }
  if (!isSameFile) return { kind: 'sign' };
  if (remembered?.isAdopted) return adopt;
  // The file is the same, so an address in it changed. While the address is not known, the last one stays published.
  return zone.isIncomplete ? { kind: 'repeat', packet: held, isAdopted: false } : { kind: 'sign' };
}
