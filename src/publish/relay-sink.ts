import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { RelayClient, RelayPutOutcome } from '../relay/client.ts';

/** What became of a packet at one relay. */
export interface RelayReport {
  /** The host and port of the relay. */
  readonly label: string;
  readonly outcome: RelayPutOutcome;
}

/** Is told when a relay is asked to store a packet, and what came of it. */
export type RelayObserver = (step: {
  readonly label: string;
  readonly outcome: 'asked' | RelayPutOutcome['kind'];
}) => void;

/** Milliseconds to wait for a relay that may not be asked now; a longer pause is left to the next hourly publication. */
const PATIENCE = 15_000;

/**
 * Puts `packet` to every relay at once, and says what became of it at each, in their order. A rate limit, or the pause after
 * a failure, is waited for if it is short. Rejects only with the reason of the signal.
 */
export async function publishToRelays(
  relays: readonly RelayClient[],
  packet: SignedPacket,
  { observe, signal }: { readonly observe?: RelayObserver | undefined; readonly signal: AbortSignal },
): Promise<readonly RelayReport[]> {
  return await Promise.all(
    relays.map(async (relay) => {
      const { label } = relay;
      observe?.({ label, outcome: 'asked' });
      const outcome = await relay.put(packet, { patience: PATIENCE, signal });
      observe?.({ label, outcome: outcome.kind });
      return { label, outcome };
    }),
  );
}
