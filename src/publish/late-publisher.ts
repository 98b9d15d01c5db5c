import type { PublicationStatus } from './publication-status.ts';
import type { Publisher, PublisherEntries } from './publisher.ts';
import type { PublisherParts } from './publisher-parts.ts';

/**
 * A publisher that is loaded when there is something to keep in the network: most programs publish nothing, and what signs and puts
 * zones takes memory. See `Publisher` for what it does.
 */
export class LatePublisher {
  readonly #parts: PublisherParts;
  #publisher: Publisher | undefined;
  #isStarted = false;

  private constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** A publisher of these entries, which does nothing before `start`. */
  static async open(entries: PublisherEntries, parts: PublisherParts): Promise<LatePublisher> {
    const publisher = new LatePublisher(parts);
    await publisher.reload(entries);
    return publisher;
  }

  /** See `Publisher`. Must not be called while it is running. */
  async reload(entries: PublisherEntries): Promise<ReturnType<Publisher['reload']>> {
    if (this.#publisher !== undefined) return this.#publisher.reload(entries);
    if (entries.publish.length + entries.keep.length === 0) return { added: [], removed: [] };
    const { Publisher } = await import('./publisher.ts');
    this.#publisher = new Publisher({ publish: [], keep: [] }, this.#parts);
    if (this.#isStarted) this.#publisher.start();
    return this.#publisher.reload(entries);
  }

  /** See `Publisher`. */
  start(): void {
    this.#isStarted = true;
    this.#publisher?.start();
  }

  /** See `Publisher`. */
  networkChanged(): void {
    this.#publisher?.networkChanged();
  }

  /** See `Publisher`. */
  status(): readonly PublicationStatus[] {
    return this.#publisher?.status() ?? [];
  }

  /** See `Publisher`. */
  isOf(key: string): boolean {
    return this.#publisher?.isOf(key) ?? false;
  }

  /** See `Publisher`. */
  async close(): Promise<void> {
    await this.#publisher?.close();
  }
}
