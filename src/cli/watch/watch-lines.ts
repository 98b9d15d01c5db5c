import type { SourceObserver } from '../../find/lookup-step.ts';
import { plural } from '../../observe/count-text.ts';
import { countdown, type LivingLine } from '../living-line.ts';
import { LookupSeen, lookupText } from '../lookup-line.ts';

/** The living line of several keys, which are looked up side by side. */
export class WatchLines {
  readonly #line: LivingLine;
  readonly #every: number;
  readonly #keys: number;
  #running = 0;
  #seen = new LookupSeen();

  /** @param every seconds between two lookups of a key */
  constructor(line: LivingLine, { every, keys }: { readonly every: number; readonly keys: number }) {
    this.#line = line;
    this.#every = every;
    this.#keys = keys;
  }

  /** A lookup begins. @returns what is to be told of it */
  begin(): SourceObserver {
    if (this.#running++ === 0) {
      this.#seen = new LookupSeen();
      this.#line.show(lookupText(this.#keys === 1 ? 'Looking it up' : 'Looking them up', this.#seen));
    }
    return this.#seen.take;
  }

  /** A lookup is over. When all are, the next ones are waited for. */
  end(): void {
    if (--this.#running > 0) return;
    const what = this.#keys === 1 ? 'Next lookup' : `Next lookup of ${plural(this.#keys, 'key')}`;
    this.#line.show(countdown(what, this.#every));
  }
}
