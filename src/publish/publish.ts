import type { ResourceRecord } from '../dns/record.ts';
import { type Choice, consider, startChoice } from '../find/choice.ts';
import { type PacketSource, SourceError } from '../find/packet-source.ts';
import type { KeyPair } from '../pkarr/key-pair.ts';
import { SignedPacket } from '../pkarr/signed-packet.ts';
import { nextTimestamp, type Timestamp } from '../pkarr/timestamp.ts';
import type { PacketSink, PublishOutcome } from './packet-sink.ts';

/** How far ahead of our clock a packet in the network may be, in µs: a day covers time zones set wrong. */
export const MAX_AHEAD: Timestamp = 86_400_000_000n;

/**
 * Why a packet was not published. A closed list.
 *
 * - `clock-behind`: the network holds a packet that is dated over a day ahead of our clock.
 * - `unreachable`: the network could not be asked for the packet that it holds, or nobody to store one was found.
 * - `not-stored`: nodes were asked to store it and none did.
 * - `conflict`: most nodes hold something newer by now, published by somebody else with this key.
 */
export type PublishFailure = 'clock-behind' | 'unreachable' | 'not-stored' | 'conflict';

/** The packet is not in the network, or not where people would find it. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly kind: PublishFailure;
  /** What nodes answered, when any was asked. */
  readonly outcome: PublishOutcome | undefined;

  constructor(kind: PublishFailure, message: string, outcome?: PublishOutcome) {
    super(message);
    this.kind = kind;
    this.outcome = outcome;
  }
}

/** What to publish, and with what. */
export interface PublishRequest {
  readonly keyPair: KeyPair;
  readonly records: readonly ResourceRecord[];
  /** Where the packet that is there now is looked for. */
  readonly source: PacketSource;
  readonly sink: PacketSink;
  /** The clock. */
  readonly now: Timestamp;
  /** Go one microsecond past the packet in the network however far ahead of the clock it is. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** A packet that the network holds. */
export interface Published {
  readonly packet: SignedPacket;
  readonly outcome: PublishOutcome;
  /** The packet that it takes the place of, as far as one was found. */
  readonly previous: SignedPacket | undefined;
}

/**
 * Signs records and puts them into the network, dated after everything that the network holds under the key.
 * @throws PublishError; PacketTooLargeError and WireError for records that make no packet; the reason of the signal.
 */
export async function publishRecords(request: PublishRequest): Promise<Published> {
  const { keyPair, records, source, sink, now, force, signal } = request;
  // Signed once before anybody is asked: what is too large is told at once.
  SignedPacket.sign(keyPair, records, now);
  const { best: previous, unusableSeq } = await newestHeld(keyPair, source, signal);
  const newest = larger(previous?.timestamp, unusableSeq);
  if (newest !== undefined && newest > now + MAX_AHEAD && !force) {
    throw new PublishError('clock-behind', behind(newest, now));
  }
  const packet = SignedPacket.sign(keyPair, records, nextTimestamp(now, newest));
  const outcome = await sink.publish(packet, { signal });
  const problem = problemOf(outcome);
  if (problem !== undefined) throw problem;
  return { packet, outcome, previous };
}

async function newestHeld(keyPair: KeyPair, source: PacketSource, signal: AbortSignal): Promise<Choice> {
  let choice = startChoice(undefined);
  try {
    for await (const event of source.lookup(keyPair.publicKey, { signal })) choice = consider(choice, event);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new PublishError('unreachable', `The network could not be asked: ${error.message}.`);
  }
  const { asked, answered } = choice.observed;
  if (answered > 0) return choice;
  const seen = asked === 0 ? 'no node of it is known' : `none of ${asked} nodes answered`;
  throw new PublishError('unreachable', `The network could not be reached: ${seen}.`);
}

function problemOf(outcome: PublishOutcome): PublishError | undefined {
  const { asked, stored, alreadyHeld, newestSeq } = outcome;
  if (asked === 0) {
    return new PublishError('unreachable', 'No node that could store the packet was found.', outcome);
  }
  if (outcome.conflict) {
    const newest = newestSeq === undefined ? '' : ` (${newestSeq})`;
    const message = `Somebody published a newer packet${newest} with this key in the meantime; look at it and publish again.`;
    return new PublishError('conflict', message, outcome);
  }
  if (stored + alreadyHeld > 0) return undefined;
  const message = `None of ${asked} nodes stored the packet: ${answersToText(outcome)}.`;
  return new PublishError('not-stored', message, outcome);
}

/** What the nodes that did not store a packet said: `2 refused (error 205), 1 did not answer`; empty when all did. */
export function answersToText({ refused, silent, failed }: PublishOutcome): string {
  const parts = Object.entries(refused).map(([code, count]) => `${count} refused (error ${code})`);
  if (silent > 0) parts.push(`${silent} did not answer`);
  if (failed > 0) parts.push(`${failed} could not be asked`);
  return parts.join(', ');
}

function behind(newest: Timestamp, now: Timestamp): string {
  const days = (newest - now) / MAX_AHEAD;
  return (
    `The network holds a packet of this key that is dated ${days} ${days === 1n ? 'day' : 'days'} ahead of this ` +
    "machine's clock. Set the clock, or force the publication."
  );
}

function larger(a: Timestamp | undefined, b: Timestamp | undefined): Timestamp | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}
