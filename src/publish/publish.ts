import type { ResourceRecord } from '../dns/record.ts';
import type { Choice } from '../find/choice.ts';
import type { PacketSource } from '../find/packet-source.ts';
import { relaySource } from '../find/relay-source.ts';
import type { KeyPair } from '../pkarr/key-pair.ts';
import { SignedPacket } from '../pkarr/signed-packet.ts';
import { nextTimestamp, type Timestamp } from '../pkarr/timestamp.ts';
import type { RelayClient } from '../relay/client.ts';
import type { PacketSink, PublishOutcome } from './packet-sink.ts';
import { PublishError } from './publish-error.ts';
import { putPacket } from './put-packet.ts';
import type { PutReport } from './put-report.ts';
import { querySources } from './query-sources.ts';

/** How far ahead of our clock a packet in the network may be, in µs: a day covers time zones set wrong. */
export const MAX_AHEAD: Timestamp = 86_400_000_000n;

/** Times that a forced publication goes past what appeared meanwhile. */
const FORCED_ATTEMPTS = 3;

/** What to publish, and with what. */
export interface PublishRequest {
  readonly keyPair: KeyPair;
  readonly records: readonly ResourceRecord[];
  /** Where the packet that is there now is looked for, and where the new one is put; undefined when the DHT is off. */
  readonly source?: PacketSource | undefined;
  readonly sink?: PacketSink | undefined;
  /** Asked and told too. Default none. */
  readonly relays?: readonly RelayClient[];
  /** The clock. */
  readonly now: Timestamp;
  /** Go one microsecond past the packet in the network, whoever published it and however far ahead of the clock it is. */
  readonly force: boolean;
  /** Whether the packet in the network may be replaced by one that says something else; default yes, as with `force`. */
  readonly mayReplace?: (held: SignedPacket) => boolean;
  /**
   * A packet in the network that says the same already, or that may not be replaced, is put again as it is, in place of a
   * new one and of an error.
   */
  readonly repeat?: boolean;
  readonly signal: AbortSignal;
}

/** A packet that the network holds. */
export interface Published {
  readonly packet: SignedPacket;
  /** What the nodes of the DHT said. */
  readonly outcome: PublishOutcome;
  readonly delivery: PutReport;
  /** The packet that it takes the place of, as far as one was found. */
  readonly previous: SignedPacket | undefined;
  /** What is published says something else than the records: it is newer, and was put again. */
  readonly isKept: boolean;
}

/**
 * Signs records and puts them into the network, dated after everything that the network holds under the key.
 * @throws PublishError; PacketTooLargeError and WireError for records that make no packet; the reason of the signal.
 */
export async function publishRecords(request: PublishRequest): Promise<Published> {
  const { keyPair, records, source, sink, relays = [], now, force, mayReplace, signal } = request;
  // Signed once before anybody is asked: what is too large is told at once.
  const { message } = SignedPacket.sign(keyPair, records, now);
  const sources = [...(source === undefined ? [] : [source]), ...relays.map(relaySource)];
  for (let attempt = 1; ; attempt++) {
    const held = await querySources(keyPair.publicKey, sources, { signal });
    const previous = held.best;
    const isSame = previous !== undefined && Buffer.compare(previous.message, message) === 0;
    const isKept = previous !== undefined && !isSame && !force && mayReplace?.(previous) === false;
    if (isKept && request.repeat !== true)
      throw new PublishError('newer-elsewhere', newerElsewhere(previous.timestamp));
    const isToRepeat = request.repeat === true && (isSame || isKept) && newestOf(held) === previous.timestamp;
    const packet = isToRepeat
      ? previous
      : signAfter(keyPair, isKept ? previous.message : message, { newest: newestOf(held), now, force });
    try {
      const delivery = await putPacket(packet, { sink, relays }, { signal });
      return { packet, outcome: delivery.nodes, delivery, previous, isKept };
    } catch (error) {
      const isConflict = error instanceof PublishError && error.kind === 'conflict';
      if (!isConflict || !force || attempt === FORCED_ATTEMPTS) throw error;
    }
  }
}

/** The largest sequence number that anything of the key has in the network, a packet or not. */
export function newestOf({ best, unusableSeq }: Pick<Choice, 'best' | 'unusableSeq'>): Timestamp | undefined {
  if (best === undefined || unusableSeq === undefined) return best?.timestamp ?? unusableSeq;
  return best.timestamp > unusableSeq ? best.timestamp : unusableSeq;
}

/**
 * A packet that is newer than `newest` and not older than `now`.
 * @throws PublishError of kind `clock-behind` when `newest` is over a day ahead of `now`, unless `force`.
 */
export function signAfter(
  keyPair: KeyPair,
  message: Uint8Array,
  {
    newest,
    now,
    force,
  }: { readonly newest: Timestamp | undefined; readonly now: Timestamp; readonly force: boolean },
): SignedPacket {
  if (newest !== undefined && newest > now + MAX_AHEAD && !force) {
    throw new PublishError('clock-behind', behind(newest, now));
  }
  return SignedPacket.sign(keyPair, message, nextTimestamp(now, newest));
}

function newerElsewhere(timestamp: Timestamp): string {
  // What may not be replaced is not ahead of a clock, so it is within the range of a Date.
  const date = new Date(Number(timestamp / 1000n)).toISOString();
  return (
    `The network holds a packet of this key of ${date}, published elsewhere after the zone file was changed. ` +
    'Look at it, and force the publication if the zone file is to take its place.'
  );
}

function behind(newest: Timestamp, now: Timestamp): string {
  const days = (newest - now) / MAX_AHEAD;
  return (
    `The network holds a packet of this key that is dated ${days} ${days === 1n ? 'day' : 'days'} ahead of this ` +
    "machine's clock. Set the clock, or force the publication."
  );
}
