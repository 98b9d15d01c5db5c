import { LRUCache } from 'lru-cache';
import { orAborted } from '../async/or-aborted.ts';
import { InvariantError } from '../pkarr/invariant-error.ts';
import { PublicKey } from '../pkarr/public-key.ts';
import { SignedPacket } from '../pkarr/signed-packet.ts';
import type { PacketReader, PacketReadOutcome, ReadOptions } from '../resolve/packet-reader.ts';
import type { PacketOrigin, ReadOutcome, ReadTracing, ReadWay } from '../store/packet-library.ts';

/** A read outcome as it crosses between processes: a packet as its octets. */
export type PacketCrossing =
  | Exclude<PacketReadOutcome, { readonly kind: 'found' }>
  | {
      readonly kind: 'found';
      /** Signature ‖ timestamp ‖ message. */
      readonly payload: Uint8Array;
      readonly stale: boolean;
      readonly timeToLive: number;
      readonly from?: PacketOrigin;
      readonly way?: ReadWay;
    };

/** What a worker asks the primary for: the packet of a key, as text. */
export interface PacketRequest {
  readonly key: string;
  readonly client: string | undefined;
  readonly trace?: ReadTracing | undefined;
}

/** Bytes of memory for packets that a worker keeps: some 800 packets. */
const MAX_BYTES = 2e6;

/**
 * The part of a packet's remaining time to live for which a worker answers by itself. After that it asks again, so that the
 * one finder sees which packets are in use and refreshes them before they expire.
 */
const OWN_PART = 0.5;

/** How often a packet is asked for if each time a newer packet, of any key, is announced meanwhile. */
const MAX_TRIES = 3;

type FoundPacket = Extract<ReadOutcome, { readonly kind: 'found' }>;

/** A packet that was verified in this process, with times in milliseconds. */
interface Copy {
  readonly packet: SignedPacket;
  /** Until then it answers without asking the primary. */
  readonly ownUntil: number;
  readonly expiresAt: number;
}

/** The packet reader of a worker: packets come from the primary, and those in use are kept here too. */
export class PacketProxy implements PacketReader {
  readonly #ask: (request: PacketRequest, signal: AbortSignal) => Promise<PacketCrossing>;
  readonly #now: () => number;
  readonly #copies = new LRUCache<string, Copy>({ maxSize: MAX_BYTES });
  /** How often something was forgotten: an answer to an earlier question may be out of date. */
  #forgotten = 0;

  /** @param ask asks the primary, whose answers and announcements arrive in the order in which they were made. */
  constructor(
    ask: (request: PacketRequest, signal: AbortSignal) => Promise<PacketCrossing>,
    now: () => number,
  ) {
    this.#ask = ask;
    this.#now = now;
  }

  /** See `PacketReader`. */
  async read(key: PublicKey, { client, signal, trace: given }: ReadOptions): Promise<PacketReadOutcome> {
    // A trace has methods, which do not cross.
    const trace = given && { wantsNodes: given.wantsNodes };
    signal.throwIfAborted();
    const copy = this.#copies.get(key.text);
    if (copy !== undefined && this.#now() < copy.ownUntil)
      return { ...this.#found(copy), ...(trace && { way: { place: 'memory' } }) };
    for (let tries = 1; ; tries++) {
      const forgottenBefore = this.#forgotten;
      const crossing = await this.#ask({ key: key.text, client, ...(trace && { trace }) }, signal);
      if (crossing.kind !== 'found') return crossing;
      if (this.#forgotten === forgottenBefore) return this.#keep(key, crossing);
      // A newer packet was announced while this one was on its way.
      if (tries === MAX_TRIES) return { ...crossing, packet: verified(key, crossing.payload) };
    }
  }

  /** Forgets the packet of `key`, or all: there is a newer one, or somebody flushed them. */
  forget(key?: PublicKey): void {
    this.#forgotten++;
    if (key === undefined) this.#copies.clear();
    else this.#copies.delete(key.text);
  }

  #keep(key: PublicKey, crossing: Extract<PacketCrossing, { readonly kind: 'found' }>): FoundPacket {
    const { payload, stale, timeToLive, from, way } = crossing;
    const held = this.#copies.get(key.text);
    const isSame = held !== undefined && Buffer.compare(held.packet.toRelayPayload(), payload) === 0;
    const packet = isSame ? held.packet : verified(key, payload);
    const now = this.#now();
    const left = timeToLive * 1000;
    const copy = { packet, ownUntil: now + left * OWN_PART, expiresAt: now + left };
    this.#copies.set(key.text, copy, { size: packet.memorySize });
    return { kind: 'found', packet, stale, timeToLive, ...(from && { from }), ...(way && { way }) };
  }

  #found({ packet, expiresAt }: Copy): FoundPacket {
    const timeToLive = Math.max(0, Math.floor((expiresAt - this.#now()) / 1000));
    return { kind: 'found', packet, stale: false, timeToLive };
  }
}

/** In the primary: the outcome of its packet reader in a form that can be sent to a worker. */
export async function readForWorker(
  packetReader: PacketReader,
  { key, client, trace }: PacketRequest,
  signal: AbortSignal,
): Promise<PacketCrossing> {
  const outcome = await orAborted(
    packetReader.read(PublicKey.fromLabel(key), { client, signal, trace }),
    signal,
  );
  if (outcome.kind !== 'found') return outcome;
  const { packet, ...rest } = outcome;
  return { ...rest, payload: packet.toRelayPayload() };
}

/** A `SignedPacket` is always verified, also in each process: 0.2 ms, once for each packet. */
function verified(key: PublicKey, payload: Uint8Array): SignedPacket {
  const verdict = SignedPacket.fromRelayPayload(key, payload);
  if (!verdict.ok)
    throw new InvariantError(`a packet that the primary verified does not verify: ${verdict.reason}`);
  return verdict.packet;
}
