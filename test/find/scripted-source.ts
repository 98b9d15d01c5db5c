import type { LookupObserver } from '../../src/find/lookup-step.ts';
import type { PacketSource, SourceEvent } from '../../src/find/packet-source.ts';

/** One lookup that somebody started at a scripted source: what it was asked, and the handles to answer it. */
export interface ScriptedLookup {
  readonly key: string;
  readonly newerThan: bigint | undefined;
  readonly observe: LookupObserver | undefined;
  readonly signal: AbortSignal;
  /** Reports an event. */
  emit(event: SourceEvent): void;
  /** Ends the lookup, with an error when one is given. */
  end(error?: Error): void;
}

/** A source whose every answer is given by the test, so that the order of arrival is the test's to choose. */
export class ScriptedSource implements PacketSource {
  readonly label = 'scripted';
  readonly lookups: ScriptedLookup[] = [];

  async *lookup(
    ...[key, { newerThan, observe, signal }]: Parameters<PacketSource['lookup']>
  ): AsyncGenerator<SourceEvent> {
    const events: SourceEvent[] = [];
    let wake: () => void = () => {};
    let ended: { readonly error: Error | undefined } | undefined;
    signal.addEventListener('abort', () => {
      ended = { error: signal.reason };
      wake();
    });
    this.lookups.push({
      key: key.text,
      newerThan,
      observe,
      signal,
      emit: (event) => {
        events.push(event);
        wake();
      },
      end: (error) => {
        ended = { error };
        wake();
      },
    });
    for (;;) {
      const event = events.shift();
      if (event !== undefined) yield event;
      else if (ended?.error !== undefined) throw ended.error;
      else if (ended !== undefined) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  /** The lookup that was started last. Throws when there was none: a test's mistake. */
  get last(): ScriptedLookup {
    const lookup = this.lookups.at(-1);
    if (lookup === undefined) throw new Error('Nothing was looked up.');
    return lookup;
  }
}
