import { EventQueue } from '../async/event-queue.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { type Observed, SourceError, type SourceEvent } from './packet-source.ts';

/** How one source ended. */
export interface SourceEnd {
  /** Number of packets that were news. */
  readonly packets: number;
  /** Undefined if it did not report it. */
  readonly observed: Observed | undefined;
  /** Why it did not answer. */
  readonly failure: string | undefined;
}

/** The events of several sources in order of arrival, with one `done` at the end. */
export class MergedEvents {
  readonly #queue = new EventQueue<SourceEvent>();

  /** Adds all events of a source except its `done`. Never rejects: a bug is thrown to the reader of `events`. */
  async take(
    events: AsyncIterable<SourceEvent>,
    isNews: (packet: SignedPacket) => boolean,
    onNews: () => void = () => {},
  ): Promise<SourceEnd> {
    let packets = 0;
    let observed: Observed | undefined;
    let failure: string | undefined;
    try {
      for await (const event of events) {
        if (event.kind === 'done') {
          observed = event.observed;
          continue;
        }
        if (event.kind === 'packet' && isNews(event.packet)) {
          packets++;
          onNews();
        }
        this.#queue.push(event);
      }
    } catch (error) {
      if (error instanceof SourceError) failure = error.message;
      else this.#queue.fail(error);
    }
    return { packets, observed, failure };
  }

  /** All events until `work` resolves to the observation; if it rejects, the error is thrown. May be called once. */
  async *events(work: Promise<Observed>): AsyncGenerator<SourceEvent> {
    work.then(
      (observed) => {
        this.#queue.push({ kind: 'done', observed });
        this.#queue.end();
      },
      (error: unknown) => this.#queue.fail(error),
    );
    yield* this.#queue.values();
  }
}
