import type { LookupState } from '../find/lookup-state.ts';
import type { SourceObserver } from '../find/lookup-step.ts';
import type { PutEvent } from '../mainline/dht-node.ts';
import type { KeyPair } from '../pkarr/key-pair.ts';
import { SignedPacket } from '../pkarr/signed-packet.ts';
import { MAX_TIMESTAMP, nextTimestamp, type Timestamp } from '../pkarr/timestamp.ts';
import { type Plan, planPublication, type Remembered, type ZoneNow } from './plan.ts';
import type { PublicationMemory } from './publication-memory.ts';
import { PublishError } from './publish-error.ts';
import { type PublishNetwork, putPacket } from './put-packet.ts';
import type { PutReport } from './put-report.ts';
import { querySources } from './query-sources.ts';
import type { RelayObserver } from './relay-sink.ts';

/** How far ahead of our clock a packet in the network may be, in µs: a day covers time zones set wrong. */
export const MAX_AHEAD: Timestamp = 86_400_000_000n;

/** Puts of a forced publication, each dated after what appeared meanwhile. */
const FORCED_ATTEMPTS = 3;
/** Bytes of a DNS message without any record. */
const EMPTY_MESSAGE_LENGTH = 12;

/**
 * What is put into the network.
 *
 * - `keep`: the existing packet, unchanged, where it says the same as the zone or was published elsewhere after the zone
 *   was changed; otherwise the zone in a new packet.
 * - `new`: the zone in a new packet, unless another was published elsewhere after the zone was changed: that is an error,
 *   if the other has records that would be lost. A zone of which nobody knows when it was changed counts as the older one.
 * - `force`: the zone in a new packet, whatever the network holds.
 */
export type PublishMode = 'keep' | 'new' | 'force';

/** What to publish, and where. */
export interface PublishRequest {
  readonly keyPair: KeyPair;
  readonly zone: ZoneNow;
  readonly network: PublishNetwork;
  readonly memory: Pick<PublicationMemory, 'get' | 'set'>;
  readonly mode: PublishMode;
  /** The clock. */
  readonly now: Timestamp;
  /** Is told what goes on, for somebody who waits. */
  readonly observe?: PublishObserver | undefined;
  readonly signal: AbortSignal;
}

/** What goes on while a zone is put into the network: first what is there is looked up, then the packet is put. */
export interface PublishObserver {
  readonly lookup: SourceObserver;
  readonly node: (event: PutEvent) => void;
  readonly relay: RelayObserver;
}

/** A packet that the network holds. */
export interface Published {
  readonly packet: SignedPacket;
  readonly report: PutReport;
  /** The newest packet that the network held before. */
  readonly previous: SignedPacket | undefined;
  /** It was published elsewhere and differs from the zone: it is newer, and was put again. */
  readonly isAdopted: boolean;
}

/**
 * Puts a zone into the network, in a packet that is dated after everything that the network holds under the key, or puts
 * again what is there; and remembers it.
 * @throws PublishError; PacketTooLargeError and WireError for a zone that makes no packet; the reason of the signal.
 */
export async function publishZone(request: PublishRequest): Promise<Published> {
  const { keyPair, zone, network, memory, mode, now, observe, signal } = request;
  // Signed once before anybody is asked: a zone that is too large is refused at once.
  SignedPacket.sign(keyPair, zone.message, now);
  for (let attempt = 1; ; attempt++) {
    const found = await querySources(keyPair.publicKey, network.sources, {
      observe: observe?.lookup,
      signal,
    });
    const { packet, isAdopted } = choosePacket(request, memory.get(keyPair.publicKey), found);
    try {
      const report = await putPacket(packet, network, {
        observeNode: observe?.node,
        observeRelay: observe?.relay,
        signal,
      });
      await memory.set(keyPair.publicKey, { packet, fingerprint: zone.fingerprint, isAdopted });
      return { packet, report, previous: found.best, isAdopted };
    } catch (error) {
      const isConflict = error instanceof PublishError && error.kind === 'conflict';
      if (!isConflict || mode !== 'force' || attempt === FORCED_ATTEMPTS) throw error;
    }
  }
}

/** Nothing is remembered, for a publication of its own: a demonstration. */
export const noMemory: PublishRequest['memory'] = { get: () => undefined, set: async () => {} };

/** The packet to put. @throws PublishError */
function choosePacket(
  request: PublishRequest,
  remembered: Remembered | undefined,
  found: LookupState,
): { readonly packet: SignedPacket; readonly isAdopted: boolean } {
  const { keyPair, zone, mode, now } = request;
  const newest = later(newestOf(found), remembered?.packet.timestamp);
  const held = found.best;
  const sign = (message: Uint8Array) =>
    signAfter(keyPair, message, { newest, now, force: mode === 'force', held });
  const plan = applyMode(planPublication(zone, remembered, found.best), request);
  if (plan.kind === 'sign') {
    if (isEmpty(zone.message) && mode !== 'force')
      throw new PublishError('empty', 'No record is left to publish: an address in the zone is not known.');
    return { packet: sign(zone.message), isAdopted: false };
  }
  const { packet, isAdopted } = plan;
  if (newest === undefined || newest <= packet.timestamp) return { packet, isAdopted };
  // The key signed something newer that is no packet: nodes that hold it refuse an older one.
  return { packet: sign(packet.message), isAdopted };
}

/** @throws PublishError of kind `newer-elsewhere`. */
function applyMode(plan: Plan, { mode, zone, now }: PublishRequest): Plan {
  if (mode === 'keep' || plan.kind === 'sign') return plan;
  // What was published from the same file stays while an address in it is not known.
  if (mode === 'new' && zone.isIncomplete && !plan.isAdopted) return plan;
  // Without a date of the zone no clock matters, except where one is wrong by more than time zones.
  const latest = zone.changedAt === undefined ? now + MAX_AHEAD : now;
  const { packet } = plan;
  if (mode === 'new' && plan.isAdopted && packet.timestamp <= latest && !isEmpty(packet.message))
    throw new PublishError('newer-elsewhere', newerElsewhere(packet.timestamp, zone), { held: packet });
  // A packet ahead of our clock was dated by another clock, and comparing it with the date of the file says nothing.
  return { kind: 'sign' };
}

/** The largest sequence number that anything of the key has in the network, whether it is a packet or not. */
function newestOf({ best, unusableSeq }: Pick<LookupState, 'best' | 'unusableSeq'>): Timestamp | undefined {
  return later(best?.timestamp, unusableSeq);
}

/**
 * A packet that is newer than `newest` and not older than `now`.
 * @throws PublishError of kind `clock-behind` when `newest` is over a day ahead of `now`, unless `force`.
 */
function signAfter(
  keyPair: KeyPair,
  message: Uint8Array,
  {
    newest,
    now,
    force,
    held,
  }: {
    readonly newest: Timestamp | undefined;
    readonly now: Timestamp;
    readonly force: boolean;
    readonly held: SignedPacket | undefined;
  },
): SignedPacket {
  if (newest !== undefined && newest > now + MAX_AHEAD && !force)
    throw new PublishError('clock-behind', behind(newest, now), { held });
  if (newest === MAX_TIMESTAMP)
    throw new PublishError(
      'last-timestamp',
      'The network holds a packet of this key with the last possible date.',
      { held },
    );
  return SignedPacket.sign(keyPair, message, nextTimestamp(now, newest));
}

/** Whether a DNS message has no record. */
function isEmpty(message: Uint8Array): boolean {
  return message.length === EMPTY_MESSAGE_LENGTH;
}

function later(a: Timestamp | undefined, b: Timestamp | undefined): Timestamp | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}

function newerElsewhere(timestamp: Timestamp, { changedAt }: ZoneNow): string {
  // It is at most a day ahead of the clock, so it is within the range of a Date.
  const date = new Date(Number(timestamp / 1000n)).toISOString();
  if (changedAt === undefined)
    return `The network holds a packet of this key of ${date}, published elsewhere, and a zone without a date may be older.`;
  return `The network holds a packet of this key of ${date}, published elsewhere after the zone file was changed.`;
}

function behind(newest: Timestamp, now: Timestamp): string {
  // Rounded: 47 hours are 2 days.
  const days = (newest - now + MAX_AHEAD / 2n) / MAX_AHEAD;
  return (
    `The network holds a packet of this key that is dated ${days} ${days === 1n ? 'day' : 'days'} ahead of this ` +
    "machine's clock. Set the clock, or publish with a later date by force."
  );
}
