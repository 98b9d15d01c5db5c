import { applyEvent, initialState, type LookupState } from '../../find/lookup-state.ts';
import type { SourceObserver } from '../../find/lookup-step.ts';
import { SourceError } from '../../find/packet-source.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import { CommandError } from '../command.ts';
import { LookupSeen } from '../lookup-line.ts';
import type { NetworkAccess } from '../network.ts';

/** Milliseconds after the first packet in which a newer one is waited for. */
const SETTLE = 400;

/** What to look up, and how to wait. */
export interface LookupRequest {
  readonly key: PublicKey;
  /** Wait for all sources; otherwise it ends shortly after the first packet. */
  readonly isNewest: boolean;
  /** Ends the lookup. If there is a packet by then, it is the result. */
  readonly signal: AbortSignal;
  /** Writes a line about what was seen, with its end. */
  readonly tell?: (line: string) => void;
  /** Is told what goes on. */
  readonly observe?: SourceObserver;
}

/** A packet, and the lookup that found it. */
export interface FoundPacket {
  readonly packet: SignedPacket;
  readonly state: LookupState;
}

/** Looks up a packet in the network. @throws CommandError if there is none. */
export async function lookUpPacket(request: LookupRequest, network: NetworkAccess): Promise<FoundPacket> {
  const state = await lookUp(request, network);
  if (state.best === undefined) throw new CommandError(whyNone(request.key, state, network));
  return { packet: state.best, state };
}

/** The same with all that was seen, also when there is no packet. @throws CommandError when the lookup failed. */
export async function lookUp(
  { key, isNewest, signal: patience, tell, observe }: LookupRequest,
  network: NetworkAccess,
): Promise<LookupState> {
  const startedAt = performance.now();
  const since = () => `${Math.round(performance.now() - startedAt)} ms`;
  const settled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let state = initialState();
  const seen = new LookupSeen();
  const take: SourceObserver = (step) => {
    seen.take(step);
    observe?.(step);
  };
  try {
    const signal = AbortSignal.any([patience, settled.signal]);
    for await (const event of network.source.lookup(key, { signal, observe: take })) {
      const before = state.best;
      state = applyEvent(state, event);
      if (event.kind !== 'packet') continue;
      if (state.best !== before) {
        const what = before === undefined ? 'First packet' : 'A newer packet';
        tell?.(
          `${what} after ${since()}, from ${event.from}, of ${timestampToText(event.packet.timestamp)}.\n`,
        );
      }
      if (!isNewest) timer ??= setTimeout(() => settled.abort(new Settled()), SETTLE);
    }
    const { asked, answered } = state.observed;
    tell?.(`${answered} of ${asked} ${sourcesOf(network)} answered within ${since()}.\n`);
  } catch (error) {
    if (error instanceof SourceError) {
      const flag = network.node === undefined ? '--relay' : '--bootstrap';
      const hint = `Check the network and ${flag}.`;
      throw new CommandError(`The lookup failed: ${error.message}. ${hint}`, { cause: error });
    }
    if (!(patience.aborted || settled.signal.aborted) || state.best === undefined) throw error;
    // The source counts only a lookup that came to its end.
    state = { ...state, observed: seen.observed };
    const { asked, answered } = state.observed;
    if (settled.signal.aborted)
      tell?.(
        `${answered} of ${asked} ${sourcesOf(network)} answered within ${since()}; use --newest to wait for all.\n`,
      );
    else tell?.(`${patience.reason.message} This is the result so far.\n`);
  } finally {
    clearTimeout(timer);
  }
  return state;
}

/** Ends a lookup whose result is good enough. Not an error. */
class Settled extends Error {
  override readonly name = 'Settled';
}

/** Why there is no packet: what was observed decides what can be done about it. */
export function whyNone(
  key: PublicKey,
  { observed, unusableSeq }: LookupState,
  network: NetworkAccess,
): string {
  const { asked, answered, empty } = observed;
  const who = sourcesOf(network);
  if (unusableSeq !== undefined)
    return `The item that is published under ${key} (seq ${unusableSeq}) is not a packet of DNS records.`;
  if (asked === 0) {
    const flag = network.node === undefined ? '--relay' : '--bootstrap';
    return `There are no ${who} to query; check the network and ${flag}.`;
  }
  if (answered === 0) return `None of ${asked} ${who} answered; check the network.`;
  return `No packet is published under ${key}: ${answered} ${who} answered, and ${empty} of them have no packet for it.`;
}

function sourcesOf({ node }: NetworkAccess): string {
  return node === undefined ? 'relays' : 'nodes';
}
