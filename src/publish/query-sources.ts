import { applyEvent, initialState, type LookupState } from '../find/lookup-state.ts';
import type { SourceObserver } from '../find/lookup-step.ts';
import { type PacketSource, SourceError } from '../find/packet-source.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { PublishError } from './publish-error.ts';

/** Milliseconds that one source has to say what it holds: a DHT node that just starts has to find others first. */
const PATIENCE = 15_000;

/**
 * What all sources together hold of a key, before anything is put there. All are asked at once and to their end: who
 * publishes needs the newest packet and not the first.
 * @throws PublishError of kind `unreachable` when nobody answered, and the reason of the signal.
 */
export async function querySources(
  key: PublicKey,
  sources: readonly PacketSource[],
  {
    observe,
    signal,
    patience = PATIENCE,
  }: {
    readonly observe?: SourceObserver | undefined;
    readonly signal: AbortSignal;
    readonly patience?: number;
  },
): Promise<LookupState> {
  let state = initialState();
  let heard = 0;
  const failures = await Promise.all(
    sources.map(async (source): Promise<readonly string[]> => {
      const late = AbortSignal.timeout(patience);
      try {
        const events = source.lookup(key, { observe, signal: AbortSignal.any([signal, late]) });
        for await (const event of events) {
          state = applyEvent(state, event);
          if (event.kind !== 'done') heard++;
        }
        return [];
      } catch (error) {
        signal.throwIfAborted();
        if (late.aborted) return [`${source.label}: no answer within ${patience / 1000} s`];
        if (error instanceof SourceError) return [error.message];
        throw error;
      }
    }),
  );
  // A source that was late may have said something before.
  if (state.observed.answered > 0 || heard > 0) return state;
  const { asked } = state.observed;
  const seen = asked === 0 ? [] : [`none of ${asked} nodes answered`];
  const reasons = [...failures.flat(), ...seen].join('; ') || 'no node of it is known';
  throw new PublishError('unreachable', `The network could not be reached: ${reasons}.`);
}
