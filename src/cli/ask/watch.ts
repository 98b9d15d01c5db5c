import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config/settings.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { compareRecency, type SignedPacket } from '../../pkarr/signed-packet.ts';
import { CommandError, Exit, type ExitCode, type Terminal } from '../command.ts';
import { countdown } from '../living-line.ts';
import { LookupSeen, lookupText } from '../lookup-line.ts';
import { type NetworkAccess, withNetwork } from '../network.ts';
import { onStopSignal } from '../stop-signal.ts';
import { type FoundPacket, lookUpPacket } from './lookup.ts';

/** The timeout of one lookup, in milliseconds. */
const TIMEOUT = 30_000;

/** What to watch. */
export interface WatchRequest {
  readonly key: PublicKey;
  /** Seconds between two lookups. */
  readonly every: number;
  /** Shows a packet that is newer than the last. */
  readonly show: (found: FoundPacket) => unknown;
}

/**
 * Looks up the packet of a key again and again, and shows each one that is newer than the last, until a signal stops it.
 * @throws CommandError if there was none.
 */
export async function watchPacket(
  { key, every, show }: WatchRequest,
  settings: Settings,
  terminal: Terminal,
): Promise<ExitCode> {
  const ending = new AbortController();
  onStopSignal(() => ending.abort(new CommandError('Stopped.')));
  const { line } = terminal;
  let shown: SignedPacket | undefined;
  let lastProblem: string | undefined;
  const lookOnce = async (network: NetworkAccess) => {
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(TIMEOUT)]);
    try {
      const seen = new LookupSeen();
      line.show(lookupText('Looking it up', seen));
      const found = await lookUpPacket({ key, isNewest: true, signal, observe: seen.take }, network);
      if (shown === undefined || compareRecency(found.packet, shown) > 0) {
        shown = found.packet;
        show(found);
      }
      lastProblem = undefined;
    } catch (error) {
      if (ending.signal.aborted) return;
      if (!(error instanceof CommandError || signal.aborted)) throw error;
      const problem =
        error instanceof CommandError
          ? error.message
          : `The network did not answer within ${TIMEOUT / 1000} s.`;
      if (problem !== lastProblem) terminal.err(`${problem}\n`);
      lastProblem = problem;
    }
    line.show(countdown('Next lookup', every));
  };
  const lookUntilStopped = async (network: NetworkAccess) => {
    while (!ending.signal.aborted) {
      await lookOnce(network);
      // Rejects when a signal stops it, and that ends the loop.
      await sleep(every * 1000, undefined, { signal: ending.signal }).catch(() => {});
    }
  };
  await withNetwork(settings, terminal, lookUntilStopped, ending.signal);
  if (shown === undefined) throw new CommandError('No packet was found until it was stopped.');
  return Exit.OK;
}
