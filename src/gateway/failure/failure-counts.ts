import { type FailureKind, failureKinds } from './failure.ts';

/** Counts failures by their kind. */
export class FailureCounts {
  readonly #counts = new Map<FailureKind, number>(failureKinds.map((kind) => [kind, 0]));

  /** Counts one. */
  count(kind: FailureKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** The counts so far, of every kind. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
