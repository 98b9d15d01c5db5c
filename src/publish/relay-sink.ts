import { setTimeout as sleep } from 'node:timers/promises';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import type { RelayClient, RelayPutOutcome } from '../relay/client.ts';

/** What one relay said to a packet. */
export interface RelayReport {
  /** The host and port of the relay. */
  readonly label: string;
  readonly outcome: RelayPutOutcome;
}

/** Milliseconds of a relay's wish to be left alone that are waited for; who publishes by the hour need not wait. */
const PATIENCE = 15_000;
/** Puts of one packet to one relay. */
const ATTEMPTS = 3;

/**
 * Puts `packet` to every relay at once, and says what became of it at each, in their order. A relay that says 429, or
 * that failed just before, is asked again when it may be, where that is soon. Rejects with nothing but the reason of the
 * signal.
 *
 * @param options `replaces`: the timestamp of the packet that it takes the place of; a relay that knows a newer one says
 * so in place of storing. `patience`: milliseconds that a relay is waited for, default 15,000.
 */
export async function publishToRelays(
  relays: readonly RelayClient[],
  packet: SignedPacket,
  options: { readonly replaces?: Timestamp; readonly patience?: number; readonly signal: AbortSignal },
): Promise<readonly RelayReport[]> {
  return await Promise.all(
    relays.map(async (relay) => ({
      label: relay.label,
      outcome: await putPatiently(relay, packet, options),
    })),
  );
}

async function putPatiently(
  relay: RelayClient,
  packet: SignedPacket,
  { patience = PATIENCE, ...options }: Parameters<typeof publishToRelays>[2],
): Promise<RelayPutOutcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await relay.put(packet, options);
    if (outcome.kind !== 'failed' || attempt === ATTEMPTS) return outcome;
    const { failure } = outcome;
    const isWish = failure.kind === 'limited' || failure.kind === 'left-alone';
    if (!isWish || failure.forMs > patience) return outcome;
    // With an abort sleep() rejects with an error of its own; ours says why.
    await sleep(failure.forMs + 1, undefined, { signal: options.signal }).catch(() => {});
    options.signal.throwIfAborted();
  }
}
